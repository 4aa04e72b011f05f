/** Reads what one event says, out of its bytes. */
import { createParser } from 'eventsource-parser'

const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

const DATA_PREFIX = [0x64, 0x61, 0x74, 0x61, 0x3a] as const // "data:"
const LF = 10
const CR = 13
const SPACE = 32

/** What `eventData` answers for bytes that are not UTF-8. */
export const NOT_TEXT = Symbol('not text')

/**
 * The data of one whole event: its `data:` lines, joined with LF. Null where it has none (a
 * comment, a lone `id:`), `NOT_TEXT` where its bytes are not UTF-8.
 *
 * Nearly every event of every provider is one `data: ...` line and a blank line; that shape is cut
 * out directly. Anything else goes through the parser that the rest of the program uses.
 */
export function eventData(event: Uint8Array): string | null | typeof NOT_TEXT {
  // A blank line by itself; there are servers that send many.
  if (event.length <= 2 && (event[0] === LF || event[0] === CR)) return null
  try {
    const end = endOfSingleDataLine(event)
    if (end === -1) return parsedData(decoder.decode(event))
    const start = DATA_PREFIX.length + (event[DATA_PREFIX.length] === SPACE ? 1 : 0)
    return decoder.decode(event.subarray(Math.min(start, end), end))
  } catch {
    return NOT_TEXT
  }
}

/** Where the text of a lone `data:` line ends, or -1 for any other shape. */
function endOfSingleDataLine(event: Uint8Array): number {
  for (let index = 0; index < DATA_PREFIX.length; index += 1) {
    if (event[index] !== DATA_PREFIX[index]) return -1
  }
  const lineEnd = event.indexOf(LF)
  if (lineEnd === -1 || lineEnd !== event.length - 2 || event[event.length - 1] !== LF) return -1
  // A CR may end a line by itself, so one inside means that this is not a single line.
  return event.indexOf(CR) === -1 ? lineEnd : -1
}

function parsedData(text: string): string | null {
  let data: string | null = null
  const parser = createParser({
    onEvent: (event) => {
      data = event.data
    },
  })
  // The blank line in front keeps the parser from taking a byte order mark for the stream's first.
  parser.feed(`\n${text}`)
  // An event that was cut at the end of the stream has no blank line yet.
  parser.feed('\n\n')
  if (data !== null) return data
  // Gemini reports a failure in the middle of its stream as a bare JSON object.
  return text.trimStart().startsWith('{') ? text : null
}

/** Whether a line of an event is the field `name`, with a value or without. */
export function hasField(event: Uint8Array, name: 'id' | 'event' | 'retry'): boolean {
  const { first, pattern } = fields[name]
  let at = 0
  do {
    // The pattern is slow; nearly every line of nearly every event is told by its first byte.
    if (event[at] === first && pattern.test(latin1(event, at, at + 6))) return true
    at = event.indexOf(LF, at) + 1
  } while (at > 0)
  return event.indexOf(CR) !== -1 && pattern.test(latin1(event, 0, event.length))
}

const fields = {
  id: { first: 0x69, pattern: /(?:^|\r)id[:\r\n]/ },
  event: { first: 0x65, pattern: /(?:^|\r)event[:\r\n]/ },
  retry: { first: 0x72, pattern: /(?:^|\r)retry[:\r\n]/ },
} as const

/** Every byte as one character, so bytes that are not UTF-8 do no harm. */
const latin1 = (event: Uint8Array, start: number, end: number): string =>
  Buffer.from(event.buffer, event.byteOffset, event.length).toString('latin1', start, end)

/** How many of the bytes of a whole event come before the blank line that ends it. */
export function lengthWithoutBlank(event: Uint8Array): number {
  const { length } = event
  if (event[length - 1] === CR) return length - 1
  if (event[length - 1] !== LF) return length
  return event[length - 2] === CR ? length - 2 : length - 1
}
