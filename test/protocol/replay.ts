/** Replaying recorded bytes through a reader, and what every reader promises of its events. */
import { expect } from 'bun:test'
import { collect } from '../../src/protocol/hub/collect.ts'
import type { HubEvent, HubUsage } from '../../src/protocol/hub/events.ts'
import type { EventReader } from '../../src/protocol/translation.ts'
import { createDeframer } from '../../src/sse/deframe.ts'
import type { Framing } from '../../src/sse/frame.ts'

/** What reads a body: how it is cut, and a fresh reader for each. */
export interface Decoding {
  readonly framing: Framing
  reader(): EventReader
}

const FRAME_BYTES_MAX = 8 * 1024 * 1024

/** The events of a body that came in `chunks`; without its end where `ended` is false. */
export function decode(
  { framing, reader: makeReader }: Decoding,
  chunks: Iterable<Uint8Array>,
  ended = true,
): readonly HubEvent[] {
  const deframer = createDeframer(framing, FRAME_BYTES_MAX)
  const reader = makeReader()
  const events: HubEvent[] = []
  for (const chunk of chunks) {
    for (const frame of deframer.push(chunk)) events.push(...reader.read(frame))
  }
  if (!ended) return events
  for (const frame of deframer.end()) events.push(...reader.read(frame))
  return [...events, ...reader.end()]
}

/** The events of frames that are not bytes, such as those of a test's own making. */
export function decodeFrames(
  reader: EventReader,
  frames: readonly (readonly [event: string | null, data: unknown])[],
): readonly HubEvent[] {
  const events: HubEvent[] = []
  for (const [event, data] of frames) {
    const text = typeof data === 'string' ? data : JSON.stringify(data)
    events.push(...reader.read({ event, data: text }))
  }
  return [...events, ...reader.end()]
}

function* singleBytes(bytes: Uint8Array): Generator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += 1) yield bytes.slice(at, at + 1)
}

const SPLIT_OFFSET_MAX = 4096

/**
 * Expects equal events of the body whole, byte by byte, and cut at every offset of its first 4 KB.
 * Returns them. A cut changes nothing behind the frame that it is in, so that for the cuts a little
 * more than these 4 KB are read, and not the whole body each time.
 */
export function expectEqualHoweverCut(decoding: Decoding, bytes: Uint8Array): readonly HubEvent[] {
  const whole = decode(decoding, [bytes])
  expect(decode(decoding, singleBytes(bytes))).toEqual([...whole])
  const head = bytes.slice(0, SPLIT_OFFSET_MAX + 1024)
  const headEvents = JSON.stringify(decode(decoding, [head], false))
  for (let at = 1; at < Math.min(head.length, SPLIT_OFFSET_MAX + 1); at += 1) {
    const cut = decode(decoding, [head.slice(0, at), head.slice(at)], false)
    if (JSON.stringify(cut) !== headEvents) throw new Error(`another reading, cut at ${at}`)
  }
  return whole
}

/** Expects what every reader promises (see `hub/events.ts`), whatever it was given. */
export function expectWellFormed(events: readonly HubEvent[]): void {
  const begun: string[] = []
  const open = new Set<string>()
  const last = events.at(-1)?.type
  expect(last === 'end' || last === 'error').toBe(true)
  for (const [index, event] of events.entries()) {
    if (event.type === 'start') expect(index).toBe(0)
    else if (index === 0) expect(event.type).toBe('error')
    if (event.type === 'end' || event.type === 'error') expect(index).toBe(events.length - 1)
    if (event.type === 'tool-start') expect(event.id).not.toBe('')
    if (!('block' in event)) continue
    const key = `${event.choice} ${event.block}`
    if (event.type === 'block-end') {
      expect(open.delete(key)).toBe(true)
      continue
    }
    if (!begun.includes(key)) {
      expect(event.block).toBe(begun.length)
      begun.push(key)
      open.add(key)
    }
    expect(open.has(key)).toBe(true)
  }
  if (last === 'end') {
    expect(open.size).toBe(0)
    expect(events.filter(({ type }) => type === 'finish')).toHaveLength(1)
  }
}

/** What an answer comes to, in words that an SDK's reading can be put into as well. */
export interface Account {
  readonly text: string
  readonly reasoning: string
  readonly tools: readonly { readonly id: string; readonly name: string; readonly input: unknown }[]
  readonly finish: string | null
  readonly inputTokens: number | null
  readonly outputTokens: number | null
}

/** The account of an answer's events. */
export function accountOf(events: readonly HubEvent[]): Account {
  const { choices, usage } = collect(events)
  const parts = choices[0]?.parts ?? []
  const textOf = (type: 'text' | 'reasoning'): string =>
    parts.flatMap((part) => (part.type === type ? part.text : [])).join('')
  return {
    text: textOf('text'),
    reasoning: textOf('reasoning'),
    tools: parts.flatMap((part) =>
      part.type === 'tool-call'
        ? [{ id: part.id, name: part.name, input: JSON.parse(part.arguments) }]
        : [],
    ),
    finish: choices[0]?.finish?.native ?? null,
    inputTokens: usage?.inputTokens ?? null,
    outputTokens: usage?.outputTokens ?? null,
  }
}

/** The counts of the last usage, without the provider's own object. */
export function countsOf(events: readonly HubEvent[]): Omit<HubUsage, 'native'> | null {
  const usage = collect(events).usage
  if (usage === null) return null
  const { native: _, ...counts } = usage
  return counts
}

/** The error that ended the events, or null. */
export const errorOf = (events: readonly HubEvent[]) => collect(events).error

/** A real server that answers everything with `bytes` and keeps what it was asked. */
export function replayServer(bytes: Uint8Array, contentType: string, status = 200) {
  const requests: { url: URL; method: string; headers: Headers; body: string }[] = []
  const server = Bun.serve({
    port: 0,
    hostname: '127.0.0.1',
    async fetch(request) {
      const body = await request.text()
      const { method, headers } = request
      requests.push({ url: new URL(request.url), method, headers, body })
      return new Response(bytes.slice(), { status, headers: { 'content-type': contentType } })
    },
  })
  return { address: server.url.href.replace(/\/$/, ''), requests, stop: () => server.stop(true) }
}

/** A generator of numbers that are the same for the same seed. */
export function randomFrom(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }
}

/** `value` with parts of it removed, doubled, or replaced by something of another type. */
export function mutate(value: unknown, random: () => number): unknown {
  const wild = [null, '', 'x', -1, 1e9, true, [], {}, [null], { text: 1 }, Number.MAX_VALUE]
  if (random() < 0.08) return wild[Math.floor(random() * wild.length)]
  if (Array.isArray(value)) {
    const items = value.map((item) => mutate(item, random))
    return random() < 0.1 ? [...items, ...items] : items
  }
  if (typeof value !== 'object' || value === null) return value
  const kept = Object.entries(value).filter(() => random() > 0.06)
  return Object.fromEntries(kept.map(([key, part]) => [key, mutate(part, random)]))
}

/** The frames of a body, whose data can then be spoilt. */
export function framesOf(framing: Framing, bytes: Uint8Array) {
  const deframer = createDeframer(framing, FRAME_BYTES_MAX)
  return [...deframer.push(bytes), ...deframer.end()]
}

/**
 * Feeds a reader frames that were mutated, left out, doubled and reordered; it must stay sane.
 * A failure names the seed; `FUZZ_SEED` repeats a run.
 */
export function fuzzReader(
  decoding: Decoding,
  bodies: readonly Uint8Array[],
  rounds: number,
): void {
  const seed = Number(process.env.FUZZ_SEED ?? Date.now() % 1_000_000)
  const all = bodies.map((bytes) => framesOf(decoding.framing, bytes).slice(0, 60))
  for (let round = 0; round < rounds; round += 1) {
    const random = randomFrom(seed + round)
    const frames = [...(all[round % all.length] ?? [])]
    if (random() < 0.3) frames.sort(() => random() - 0.5)
    const reader = decoding.reader()
    const events: HubEvent[] = []
    try {
      for (const { event, data } of frames) {
        if (random() < 0.05) continue
        const spoilt = random() < 0.5 ? data : respoilt(data, random)
        events.push(...reader.read({ event: random() < 0.03 ? null : event, data: spoilt }))
      }
      events.push(...reader.end())
      expectWellFormed(events)
      expect(reader.end()).toEqual([])
    } catch (cause) {
      throw new Error(`FUZZ_SEED=${seed}, round ${round}: ${cause}`, { cause })
    }
  }
}

function respoilt(data: string, random: () => number): string {
  if (random() < 0.2) return data.slice(0, Math.floor(random() * data.length))
  try {
    return JSON.stringify(mutate(JSON.parse(data), random))
  } catch {
    return data
  }
}
