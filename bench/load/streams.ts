/**
 * The streams that the benches send: chat completions with events of many sizes, the same bytes
 * for the same seed. Their own tests are in `test/bench`, because a bench whose input is not what
 * it says measures something else.
 */
import { magnitude, type Random, randomFrom } from './random.ts'

/** What a stream looks like. */
export interface StreamShape {
  readonly seed: number
  /** Bytes of the body, reached by whole events; the last may go beyond it. */
  readonly bodyBytes: number
  /** Bytes of text in one event, least and most. */
  readonly textBytes: readonly [least: number, most: number]
  /** Bytes of one piece of the body as it leaves the provider, least and most. */
  readonly pieceBytes: readonly [least: number, most: number]
}

/** A stream, whole and in the pieces in which it is sent. */
export interface StreamFixture {
  readonly body: Uint8Array
  /** Views of `body`, in order. No piece but the last ends where an event ends. */
  readonly pieces: readonly Uint8Array[]
  /** Events with a JSON value, without the end marker. */
  readonly events: number
}

const letters = 'etaoin shrdlu cmfwyp vbgkqj xz, etaoin shrdlu. '
const filler = letters.repeat(1024)

const envelope = {
  id: 'chatcmpl-bench0123456789',
  object: 'chat.completion.chunk',
  created: 1_760_000_000,
  model: 'gpt-bench',
}

const eventOf = (delta: object, finish: string | null): string => {
  const choices = [{ index: 0, delta, logprobs: null, finish_reason: finish }]
  return `data: ${JSON.stringify({ ...envelope, choices, usage: null })}\n\n`
}

/** The events of a whole answer with `count` pieces of text. */
export function answerEvents(count: number, textOf: (turn: number) => string): string[] {
  const usage = { prompt_tokens: 7, completion_tokens: count, total_tokens: 7 + count }
  return [
    eventOf({ role: 'assistant', content: '' }, null),
    ...Array.from({ length: count }, (_, turn) => eventOf({ content: textOf(turn) }, null)),
    eventOf({}, 'stop'),
    `data: ${JSON.stringify({ ...envelope, choices: [], usage })}\n\n`,
    'data: [DONE]\n\n',
  ]
}

/** Makes a stream. */
export function makeStream(shape: StreamShape): StreamFixture {
  const random = randomFrom(shape.seed)
  const texts: string[] = []
  for (let bytes = 0; bytes < shape.bodyBytes; bytes += texts.at(-1)?.length ?? 0) {
    bytes += eventOverheadBytes
    texts.push(textOfMagnitude(random, shape.textBytes))
  }
  const events = answerEvents(texts.length, (turn) => texts[turn] ?? '')
  const body = new TextEncoder().encode(events.join(''))
  return { body, pieces: cutInside(body, random, shape.pieceBytes), events: events.length - 1 }
}

/** What an event costs beside its text. */
const eventOverheadBytes = eventOf({ content: '' }, null).length

function textOfMagnitude(random: Random, [least, most]: StreamShape['textBytes']): string {
  const length = Math.min(magnitude(random, least, most), filler.length)
  const start = Math.floor(random() * (filler.length - length))
  return filler.slice(start, start + length)
}

/** Cuts at random places that are never the end of an event, so that every piece leaves a rest. */
function cutInside(
  body: Uint8Array,
  random: Random,
  [least, most]: StreamShape['pieceBytes'],
): Uint8Array[] {
  const pieces: Uint8Array[] = []
  for (let start = 0; start < body.length; ) {
    let end = Math.min(body.length, start + magnitude(random, least, most))
    // The text never holds a line feed, so one before the cut belongs to the end of an event.
    while (end < body.length && body[end - 1] === lineFeed) end += 1
    pieces.push(body.subarray(start, end))
    start = end
  }
  return pieces
}

const lineFeed = 10
