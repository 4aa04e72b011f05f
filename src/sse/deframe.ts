/** Cutting bodies into frames, for the streams that are translated. */
import { createParser } from 'eventsource-parser'
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
  readonly #decoder = new TextDecoder()
  readonly #bytesMax: number
  #frames: Frame[] = []
  #bare: string[] = []
  #bareLength = 0
  readonly #parser = createParser({
    onEvent: ({ event, data }) => this.#frames.push({ event: event ?? null, data }),
    onError: ({ type, field, value, line }) => {
      if (type !== 'unknown-field') return
      if (field === 'error' && this.#bare.length === 0) {
        this.#frames.push({ event: 'error', data: value ?? '' })
      } else if (this.#bare.length > 0 || line?.trimStart().startsWith('{')) {
        this.#bare.push(line ?? '')
        this.#bareLength += line?.length ?? 0
      }
    },
  })
  #unended = 0
  /** The pieces of a line whose end has not come. */
  #line: string[] = []

  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax
  }

  push(chunk: Uint8Array): readonly Frame[] {
    this.#frames = []
    this.#feed(this.#decoder.decode(chunk, { stream: true }))
    // What came since the last event is what the parser holds, give or take a chunk.
    this.#unended = this.#frames.length > 0 ? chunk.length : this.#unended + chunk.length
    if (this.#frames.length === 0 && this.#unended > this.#bytesMax + chunk.length) throw tooLarge()
    if (this.#bareLength > this.#bytesMax) throw tooLarge()
    return this.#frames
  }

  end(): readonly Frame[] {
    this.#frames = []
    this.#feed(`${this.#decoder.decode()}\n\n`)
    if (this.#bare.length > 0) this.#frames.push({ event: null, data: this.#bare.join('\n') })
    this.#bare = []
    return this.#frames
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
    }
    if (end < text.length) this.#line.push(text.slice(end))
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
