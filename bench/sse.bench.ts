/**
 * What it costs to find the events of a stream, to read their data, and to look at them; and what
 * the inspector of the relay makes of all three, for streams that arrive in different pieces.
 *
 * The alternatives are what one would write first: a loop over the bytes, or a decoder and a
 * parser. Every number is for one whole stream; the table at the end divides by its events.
 *
 * Run with `bun --expose-gc bench/sse.bench.ts`.
 */
import { createParser } from 'eventsource-parser'
import { bench, do_not_optimize, group, run } from 'mitata'
import { createBufferPool } from '../src/buffer/pool.ts'
import { bufferPoolDefaults } from '../src/buffer/settings.ts'
import { Exchange } from '../src/observe/exchange.ts'
import { openaiChat } from '../src/protocol/openai-chat.ts'
import { EventInspector } from '../src/relay/inspector.ts'
import { Tail } from '../src/relay/tail.ts'
import { BoundaryFinder } from '../src/sse/boundary.ts'
import { eventData } from '../src/sse/event.ts'
import { answerEvents } from './load/streams.ts'

const texts = answerEvents(997, (turn) => ` word${turn}`)
const events = texts.map((text) => new TextEncoder().encode(text))
const whole = new Uint8Array(Buffer.concat(events))

/** The stream in pieces of `count` events each; with `shift`, cut that far inside an event. */
function pieces(count: number, shift = 0): Uint8Array[] {
  const cuts: number[] = []
  let at = 0
  for (const [index, event] of events.entries()) {
    at += event.length
    if ((index + 1) % count === 0) cuts.push(Math.min(at + shift, whole.length))
  }
  const edges = [0, ...cuts, whole.length]
  return edges.slice(1).flatMap((end, index) => {
    const piece = whole.subarray(edges[index], end)
    return piece.length === 0 ? [] : [piece]
  })
}

const arrivals: readonly (readonly [string, readonly Uint8Array[]])[] = [
  ['1 event a chunk', pieces(1)],
  ['1 event a chunk, cut inside', pieces(1, 100)],
  ['10 events a chunk', pieces(10)],
  ['10 events a chunk, cut inside', pieces(10, 100)],
  ['all in one chunk', [whole]],
]

group('finding the ends of events', () => {
  bench('find: indexOf', () => {
    const finder = new BoundaryFinder()
    for (let at = finder.next(whole, 0); at !== -1; at = finder.next(whole, at)) {
      do_not_optimize(at)
    }
  })
  bench('find: loop over bytes', () => {
    for (let at = 1; at < whole.length; at += 1) {
      if (whole[at] === 10 && whole[at - 1] === 10) do_not_optimize(at)
    }
  })
})

group('reading the data of events', () => {
  bench('data: cut out of the bytes', () => {
    for (const event of events) do_not_optimize(eventData(event))
  })
  bench('data: decoder and parser, event by event', () => {
    const decoder = new TextDecoder()
    const parser = createParser({ onEvent: ({ data }) => do_not_optimize(data) })
    for (const event of events) parser.feed(decoder.decode(event, { stream: true }))
  })
  bench('data: decoder and parser, all at once', () => {
    const parser = createParser({ onEvent: ({ data }) => do_not_optimize(data) })
    parser.feed(new TextDecoder().decode(whole))
  })
})

group('looking at events', () => {
  const data = texts.map((text) => text.slice('data: '.length, -2))
  bench('look: JSON.parse alone', () => {
    for (const text of data.slice(0, -1)) do_not_optimize(JSON.parse(text))
  })
  bench('look: the watch', () => {
    const watch = openaiChat.watch()
    for (const text of data) do_not_optimize(watch.look(text))
  })
})

group('the inspector', () => {
  const pool = createBufferPool(bufferPoolDefaults)
  for (const [name, chunks] of arrivals) {
    bench(`inspect: ${name}`, () => {
      const tail = new Tail(pool)
      const exchange = new Exchange('chat-completions', 'POST')
      const inspector = new EventInspector(openaiChat, tail, exchange, 1 << 20)
      for (const chunk of chunks) {
        do_not_optimize(inspector.take(chunk))
        inspector.settle()
      }
      tail.release()
      if (exchange.events !== events.length) throw new Error('The inspector lost an event.')
    })
  }
})

const { benchmarks } = await run()

console.log(`\n${'a stream of 1,001 events'.padEnd(46)} ns per event`)
for (const { runs } of benchmarks) {
  for (const { name, stats } of runs) {
    if (stats === undefined) continue
    console.log(`${name.padEnd(46)} ${(stats.p50 / events.length).toFixed(0).padStart(12)}`)
  }
}
