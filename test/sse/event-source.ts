/**
 * Server-sent events exactly as the standard has a browser read them (WHATWG HTML 9.2.6), a byte
 * at a time and slowly. It shares nothing with the program, so it can be the judge of it.
 */

/** One event that a browser would dispatch. */
export interface Dispatched {
  /** `message` where the stream names none. */
  readonly type: string
  readonly data: string
  readonly lastEventId: string
}

const LF = 10
const CR = 13

/** One connection of a browser. */
export class EventSourceReader {
  readonly events: Dispatched[] = []
  /** The reconnection time that the stream asked for; null where it did not. */
  retryMs: number | null = null
  /** What the browser would send as `Last-Event-ID` when it connects again. */
  lastEventId = ''
  #line: number[] = []
  #isFirstLine = true
  #afterCR = false
  #data = ''
  #type = ''
  #id = ''

  /** Takes the next bytes. What has no blank line behind it when they end is never dispatched. */
  push(bytes: Uint8Array): void {
    for (const byte of bytes) this.#take(byte)
  }

  #take(byte: number): void {
    const completesCRLF = this.#afterCR && byte === LF
    this.#afterCR = byte === CR
    if (completesCRLF) return
    if (byte !== LF && byte !== CR) {
      this.#line.push(byte)
      return
    }
    // Line ends are ASCII, so a line can be decoded by itself, whatever is broken in it.
    const line = new TextDecoder('utf-8', { ignoreBOM: !this.#isFirstLine }).decode(
      Uint8Array.from(this.#line),
    )
    this.#isFirstLine = false
    this.#line = []
    this.#takeLine(line)
  }

  #takeLine(line: string): void {
    if (line === '') {
      this.#dispatch()
      return
    }
    const colon = line.indexOf(':')
    if (colon === 0) return
    const value = colon === -1 ? '' : line.slice(colon + (line[colon + 1] === ' ' ? 2 : 1))
    this.#takeField(colon === -1 ? line : line.slice(0, colon), value)
  }

  #takeField(name: string, value: string): void {
    if (name === 'data') this.#data += `${value}\n`
    if (name === 'event') this.#type = value
    if (name === 'id' && !value.includes('\0')) this.#id = value
    if (name === 'retry' && /^[0-9]+$/.test(value)) {
      this.retryMs = Math.min(Number(value), Number.MAX_SAFE_INTEGER)
    }
  }

  #dispatch(): void {
    this.lastEventId = this.#id
    const [data, type] = [this.#data, this.#type]
    this.#data = ''
    this.#type = ''
    if (data === '') return
    this.events.push({ type: type || 'message', data: data.slice(0, -1), lastEventId: this.#id })
  }
}

/** What a browser makes of a whole stream. */
export function readAsBrowser(bytes: Uint8Array): EventSourceReader {
  const reader = new EventSourceReader()
  reader.push(bytes)
  return reader
}
