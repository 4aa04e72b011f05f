/** Bytes of one connection become whole server-sent events. */
import { createParser } from 'eventsource-parser'
import { StreamError } from './error.ts'

/** One event, as it stands between two blank lines. */
export interface SseMessage {
  readonly id: string | null
  readonly event: string | null
  readonly data: string
}

/** The reader of one connection. What is cut off at its end was never whole, and is left out. */
export class SseReader {
  // The parser takes the byte order mark away. Twice would be once too often: a second one is data.
  readonly #decoder = new TextDecoder('utf-8', { ignoreBOM: true })
  #messages: SseMessage[] = []
  #isTooLarge = false
  readonly #parser

  /** @param charsMax what one event may take, at most; the bound of what is held back. */
  constructor(charsMax: number) {
    this.#parser = createParser({
      maxBufferSize: charsMax,
      onEvent: ({ id, event, data }) =>
        this.#messages.push({ id: id ?? null, event: event ?? null, data }),
      onError: ({ type }) => {
        if (type === 'max-buffer-size-exceeded') this.#isTooLarge = true
      },
    })
  }

  /** The events that are complete with `chunk`. */
  push(chunk: Uint8Array): readonly SseMessage[] {
    this.#messages = []
    if (!this.#isTooLarge) this.#parser.feed(this.#decoder.decode(chunk, { stream: true }))
    return this.#messages
  }

  /** To be called when the events before it were handed out. @throws StreamError `too_large` */
  check(): void {
    if (this.#isTooLarge) throw new StreamError('too_large', 'An event of the stream is too large.')
  }
}
