/** What must hold for any stream: it reads and writes the same, wherever it was cut. */
import { createBufferPool } from '../../src/buffer/pool.ts'
import { bufferPoolDefaults } from '../../src/buffer/settings.ts'
import { GatewayError } from '../../src/core/errors.ts'
import { Exchange } from '../../src/observe/exchange.ts'
import type { HubEvent } from '../../src/protocol/hub/events.ts'
import type { Protocol } from '../../src/protocol/protocol.ts'
import { type AnswerContext, translationOf } from '../../src/protocol/translation.ts'
import { EventInspector } from '../../src/relay/inspector.ts'
import type { Passage } from '../../src/relay/passage.ts'
import { Tail } from '../../src/relay/tail.ts'
import { Translator } from '../../src/relay/translator.ts'
import { createDeframer } from '../../src/sse/deframe.ts'
import type { Frame, Framing } from '../../src/sse/frame.ts'
import { JsonArrayDeframer } from '../../src/sse/json-array.ts'
import { clientDialects, dialectNamed, type FuzzInput } from './input.ts'
import { Random } from './mutate.ts'
import { checkOutput, checkWellFormed, ensure, ensureOurs } from './promises.ts'

const bytesMax = 1 << 20
const pool = createBufferPool(bufferPoolDefaults, { assertZeroed: true })

/** Reads, passes and translates a stream. Throws where a promise is broken. */
export function checkStream(
  { dialect: name, salt, data }: FuzzInput,
  context: AnswerContext,
): void {
  const dialect = dialectNamed(name)
  const random = new Random(salt)
  const pieces = cut(data, random)
  for (const framing of ['sse', 'ndjson', 'aws-event-stream'] as const) {
    compareFrames(framing, data, pieces)
  }
  compareElements(data, pieces)
  const events = checkReader(dialect, framesOf(dialect.framing, [data]).frames)
  for (const client of clientDialects) {
    const make = () => new Translator(dialect, client, context, exchange(), bytesMax)
    const whole = passed(make(), [data])
    checkOutput(client, whole.text, whole.passage, events)
    const parts = passed(make(), pieces)
    const agrees = whole.failure === parts.failure && whole.text === parts.text
    ensure(agrees, `${client.name} is written otherwise when cut`, [
      [whole.failure, whole.text],
      [parts.failure, parts.text],
    ])
  }
  const array = { ...context, framing: 'json-array' } as const
  const gemini = dialectNamed('gemini')
  const elements = passed(new Translator(dialect, gemini, array, exchange(), bytesMax), pieces).text
  if (elements !== '') ensure(Array.isArray(JSON.parse(elements)), 'no array', elements)
  if (dialect.framing === 'sse') compareInspected(dialect, data, pieces)
}

const exchange = (): Exchange => new Exchange('chat-completions', 'POST')

/** Views of copies, as chunks of a connection are: nothing may be read before or behind them. */
function cut(bytes: Uint8Array, random: Random): Uint8Array[] {
  const largest = random.pick([1, 3, 40, 400])
  const pieces: Uint8Array[] = []
  for (let at = 0; at < bytes.length; ) {
    const size = 1 + random.below(largest)
    pieces.push(bytes.slice(at, at + size))
    at += size
  }
  return pieces
}

interface Framed {
  readonly frames: readonly Frame[]
  readonly failed: boolean
}

function framesOf(framing: Framing, chunks: readonly Uint8Array[]): Framed {
  const frames: Frame[] = []
  const deframer = createDeframer(framing, bytesMax)
  try {
    for (const chunk of chunks) frames.push(...deframer.push(chunk))
    frames.push(...deframer.end())
    return { frames, failed: false }
  } catch (thrown) {
    ensureOurs(thrown)
    return { frames, failed: true }
  }
}

function compareFrames(framing: Framing, data: Uint8Array, pieces: readonly Uint8Array[]): void {
  const whole = framesOf(framing, [data])
  const parts = framesOf(framing, pieces)
  ensure(whole.failed === parts.failed, `${framing} fails when cut`, framing)
  if (whole.failed) return
  ensure(Bun.deepEquals(whole.frames, parts.frames), `${framing} is framed otherwise when cut`, [
    whole.frames,
    parts.frames,
  ])
}

function elementsOf(chunks: readonly Uint8Array[]): readonly string[] | null {
  const deframer = new JsonArrayDeframer(bytesMax)
  try {
    const elements = chunks.flatMap((chunk) => deframer.push(chunk))
    return [...elements, ...deframer.end()]
  } catch (thrown) {
    ensureOurs(thrown)
    return null
  }
}

function compareElements(data: Uint8Array, pieces: readonly Uint8Array[]): void {
  const [whole, parts] = [elementsOf([data]), elementsOf(pieces)]
  ensure(Bun.deepEquals(whole, parts), 'an array is cut otherwise', [whole, parts])
}

function checkReader(dialect: Protocol, frames: readonly Frame[]): readonly HubEvent[] {
  const reader = translationOf(dialect).reader()
  const watch = dialect.watch()
  const events: HubEvent[] = []
  for (const frame of frames) {
    events.push(...reader.read(frame))
    watch.look(frame.data, frame.event)
  }
  events.push(...reader.end())
  ensure(reader.end().length === 0, 'the end is said twice', dialect.name)
  checkWellFormed(events)
  if (watch.error !== null) ensureOurs(watch.error)
  const { missingEnd, finishReason } = watch
  ensure(missingEnd === null || watch.finished, 'an end is missing without a finish', missingEnd)
  ensure((finishReason?.length ?? 0) <= 64, 'a finish reason is too long', finishReason)
  watch.errorEvent(new GatewayError('upstream_reset'), 'req_fuzz')
  return events
}

interface Passed {
  readonly text: string
  readonly failure: string | null
  readonly passage: Passage
}

/** What becomes of a stream, with the error of its own that the client is told. */
function passed(passage: Passage, chunks: readonly Uint8Array[]): Passed {
  const decoder = new TextDecoder('utf-8', { ignoreBOM: true })
  let text = ''
  const add = (segments: readonly Uint8Array[]): void => {
    for (const segment of segments) text += decoder.decode(segment, { stream: true })
  }
  try {
    for (const chunk of chunks) {
      add(passage.take(chunk))
      passage.settle()
      // Behind its end a provider is read no more.
      if (passage.ended || passage.error !== null) break
    }
    add(passage.finish())
    return { text, failure: null, passage }
  } catch (thrown) {
    ensureOurs(thrown)
    const error = thrown instanceof GatewayError ? thrown : new GatewayError('internal_error')
    // As bytes, like all the rest: half a surrogate pair leaves as a replacement character.
    if (passage.atBoundary) text += passage.errorEvent(error, 'req_fuzz').toWellFormed()
    return { text, failure: error.code, passage }
  }
}

function compareInspected(
  dialect: Protocol,
  data: Uint8Array,
  pieces: readonly Uint8Array[],
): void {
  const [whole, parts] = [[data], pieces].map((chunks) => {
    const tail = new Tail(pool)
    const inspector = new EventInspector(dialect, tail, exchange(), bytesMax)
    const { text, failed } = inspected(inspector, chunks)
    tail.release()
    return { text, failed }
  })
  const { totalInUse, overflowInUse } = pool.getMetrics()
  ensure(totalInUse + overflowInUse === 0, 'a buffer was not given back', totalInUse)
  ensure(Bun.deepEquals(whole, parts), 'a stream passes otherwise when cut', [whole, parts])
}

/** To the very end, since behind an end marker the bytes still pass. */
function inspected(inspector: EventInspector, chunks: readonly Uint8Array[]) {
  const segments: Uint8Array[] = []
  const add = (views: readonly Uint8Array[]): void => {
    for (const view of views) segments.push(view.slice())
  }
  let failed: string | null = null
  try {
    for (const chunk of chunks) {
      add(inspector.take(chunk))
      inspector.settle()
    }
    add(inspector.finish())
  } catch (thrown) {
    ensureOurs(thrown)
    failed = thrown instanceof GatewayError ? thrown.code : null
  }
  // A CR that is cut from its LF ends a line by itself; what is left of the pair says the same.
  const text = Buffer.concat(segments).toString('latin1').replaceAll(/\r\n?/g, '\n')
  return { text, failed }
}
