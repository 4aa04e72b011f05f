/** Cutting bodies into frames, for the streams that are translated. */
import { createParser, type EventSourceParser, type ParseError } from 'eventsource-parser'
import { GatewayError } from '../core/errors.ts'
import { AwsEventStream } from './aws-event-stream.ts'
import type { Deframer, Frame, Framing } from './frame.ts'

/**
 * A deframer for one stream.
 * @param bytesMax what one frame may take, at most; the bound of what is held back.
 */
export function createDeframer(framing: Framing, bytesMax: number): Deframer {
  switch (framing) {
    case 'sse':
      return new SseDeframer(bytesMax)
    case 'ndjson':
      return new LineDeframer(bytesMax)
    case 'aws-event-stream':
      return new AwsEventStream(bytesMax)
  }
}

const tooLarge = (): GatewayError =>
  new GatewayError('upstream_protocol_error', { message: 'An event of the provider is too large.' })

/**
 * Server-sent events. Two things that are not in the standard are kept, because providers report
 * failures in them: an `error:` field (gpustack), which becomes a frame of the event `error`, and
 * a bare JSON object between events (Gemini), which becomes a frame once the body has ended.
 */
class SseDeframer implements Deframer {
  // The parser takes the byte order mark away. Twice would be once too often: a second one is data.
  readonly #decoder = new TextDecoder('utf-8', { ignoreBOM: true })
  readonly #bytesMax: number
  #frames: Frame[] = []
  #bare: string[] = []
  #bareLength = 0
  readonly #parser: EventSourceParser
  #overflowed = false
  /** The pieces of a line whose end has not come. */
  #line: string[] = []
  #lineLength = 0

  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax
    this.#parser = this.#makeParser()
  }

  push(chunk: Uint8Array): readonly Frame[] {
    // What came whole before an event that is too large has been handed out first.
    if (this.#overflowed) throw tooLarge()
    this.#frames = []
    this.#feed(this.#decoder.decode(chunk, { stream: true }))
    if (this.#lineLength > this.#bytesMax || this.#bareLength > this.#bytesMax) {
      this.#overflowed = true
    }
    if (this.#overflowed && this.#frames.length === 0) throw tooLarge()
    return this.#frames
  }

  end(): readonly Frame[] {
    if (this.#overflowed) throw tooLarge()
    this.#frames = []
    this.#feed(`${this.#decoder.decode()}\n\n`)
    if (this.#bare.length > 0) this.#frames.push({ event: null, data: this.#bare.join('\n') })
    this.#bare = []
    return this.#frames
  }

  #makeParser(): EventSourceParser {
    return createParser({
      // Comments and blank lines are not held, so however many of them are not too large.
      maxBufferSize: this.#bytesMax,
      onEvent: ({ event, data }) => this.#frames.push({ event: event ?? null, data }),
      onError: (error) => this.#notice(error),
    })
  }

  #notice({ type, field, value, line }: ParseError): void {
    if (type === 'max-buffer-size-exceeded') this.#overflowed = true
    if (type !== 'unknown-field') return
    if (field === 'error' && this.#bare.length === 0) {
      this.#frames.push({ event: 'error', data: value ?? '' })
    } else if (this.#bare.length > 0 || line?.trimStart().startsWith('{')) {
      this.#bare.push(line ?? '')
      this.#bareLength += line?.length ?? 0
    }
  }

  /** Whole lines only: of a line that it does not know the parser forgets one that is in pieces. */
  #feed(text: string): void {
    if (this.#line.length === 0 && text.endsWith('\n')) {
      this.#parser.feed(text)
      return
    }
    const end = Math.max(text.lastIndexOf('\n'), text.lastIndexOf('\r')) + 1
    if (end > 0) {
      this.#parser.feed(this.#line.join('') + text.slice(0, end))
      this.#line = []
      this.#lineLength = 0
    }
    if (end < text.length) {
      this.#line.push(text.slice(end))
      this.#lineLength += text.length - end
    }
  }
}

/** One JSON object a line (Ollama). */
class LineDeframer implements Deframer {
  readonly #decoder = new TextDecoder()
  readonly #bytesMax: number
  #waiting: string[] = []
  #waitingLength = 0

  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax
  }

  push(chunk: Uint8Array): readonly Frame[] {
    const text = this.#decoder.decode(chunk, { stream: true })
    const frames: Frame[] = []
    let start = 0
    for (let end = text.indexOf('\n'); end !== -1; end = text.indexOf('\n', start)) {
      this.#waiting.push(text.slice(start, end))
      frames.push(...this.#line())
      start = end + 1
    }
    if (start < text.length) {
      this.#waiting.push(text.slice(start))
      this.#waitingLength += text.length - start
      if (this.#waitingLength > this.#bytesMax) throw tooLarge()
    }
    return frames
  }

  end(): readonly Frame[] {
    this.#waiting.push(this.#decoder.decode())
    return this.#line()
  }

  #line(): Frame[] {
    const data = this.#waiting.join('').trim()
    this.#waiting = []
    this.#waitingLength = 0
    return data === '' ? [] : [{ event: null, data }]
  }
}
