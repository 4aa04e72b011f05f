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
  parser.feed(text)
  // An event that was cut at the end of the stream has no blank line yet.
  parser.feed('\n\n')
  if (data !== null) return data
  // Gemini reports a failure in the middle of its stream as a bare JSON object.
  if (text.trimStart().startsWith('{')) return text
  // The parser dispatches nothing for empty data; SDKs do, and then fail on it.
  return /^data:? ?$/m.test(text) ? '' : null
}
