/** What must hold for any stream: it reads and writes the same, wherever it was cut. */
import { GatewayError } from '../../src/core/errors.ts'
import { withCustomCalls } from '../../src/protocol/hub/custom-calls.ts'
import type { HubEvent } from '../../src/protocol/hub/events.ts'
import type { Protocol } from '../../src/protocol/protocol.ts'
import { type AnswerContext, translationOf } from '../../src/protocol/translation.ts'
import { EventInspector } from '../../src/relay/inspector.ts'
import { Translator } from '../../src/relay/translator.ts'
import { createDeframer } from '../../src/sse/deframe.ts'
import type { Frame, Framing } from '../../src/sse/frame.ts'
import { JsonArrayDeframer } from '../../src/sse/json-array.ts'
import { compareEdited, compareWatched } from './check-recovery.ts'
import { clientDialects, dialectNamed, type FuzzInput } from './input.ts'
import { Random } from './mutate.ts'
import { bytesMax, exchange, inspected, passed } from './passed.ts'
import { checkOutput, checkWellFormed, ensure, ensureOurs } from './promises.ts'

/** The contexts that a stream is written in. */
export interface StreamContexts {
  readonly plain: AnswerContext
  /** The request has custom tools, for which functions of those names stand in. */
  readonly custom: AnswerContext
}

/** Reads, passes and translates a stream. Throws where a promise is broken. */
export function checkStream({ dialect: name, salt, data }: FuzzInput, contexts: StreamContexts) {
  const dialect = dialectNamed(name)
  const random = new Random(salt)
  const pieces = cut(data, random)
  for (const framing of ['sse', 'ndjson', 'aws-event-stream'] as const) {
    compareFrames(framing, data, pieces)
  }
  compareElements(data, pieces)
  const events = checkReader(dialect, framesOf(dialect.framing, [data]).frames)
  const { plain, custom } = contexts
  const hasCalls = events.some(({ type }) => type === 'tool-start')
  for (const client of clientDialects) {
    compareTranslated(dialect, client, plain, events, [data, pieces])
    compareEdited(dialect, client, plain, [data, pieces])
    if (!hasCalls || !freeTextCallers.has(client.name)) continue
    compareTranslated(dialect, client, custom, withCustomCalls(events, custom), [data, pieces])
  }
  const array = { ...plain, framing: 'json-array' } as const
  const gemini = dialectNamed('gemini')
  const elements = passed(new Translator(dialect, gemini, array, exchange(), bytesMax), pieces).text
  if (elements !== '') ensure(Array.isArray(JSON.parse(elements)), 'no array', elements)
  if (dialect.framing !== 'sse') return
  compareInspected(dialect, data, pieces)
  compareWatched(dialect, [data, pieces])
}

/** Clients whose requests can have tools of free text. */
const freeTextCallers: ReadonlySet<string> = new Set(['openai-chat', 'openai-responses'])

function compareTranslated(
  dialect: Protocol,
  client: Protocol,
  context: AnswerContext,
  events: readonly HubEvent[],
  [data, pieces]: readonly [Uint8Array, readonly Uint8Array[]],
): void {
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

function compareInspected(
  dialect: Protocol,
  data: Uint8Array,
  pieces: readonly Uint8Array[],
): void {
  const [whole, parts] = [[data], pieces].map((chunks) =>
    inspected((tail) => new EventInspector(dialect, tail, exchange(), bytesMax), chunks),
  )
  ensure(Bun.deepEquals(whole, parts), 'a stream passes otherwise when cut', [whole, parts])
}
