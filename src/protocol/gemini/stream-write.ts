/**
 * Writes hub events as the stream that Google's own server would send: chunks without a name, with
 * CRLF, or the elements of one array for a client that did not ask for events. There is no end
 * marker; the finish reasons, the usage and the sources are in the last chunk.
 */
import type { JsonObject } from '../../core/json.ts'
import type { HubEvent, HubUsage } from '../hub/events.ts'
import { frameOf, frameText } from '../hub/own-frame.ts'
import type { AnswerContext, EventWriter } from '../translation.ts'
import { CandidateWriter } from './candidate-write.ts'
import { errorObject } from './error.ts'
import { writeUsage } from './usage.ts'

/** What all chunks of one answer have in common, and how it ends. */
export class AnswerFrame {
  readonly candidates = new Map<number, CandidateWriter>()
  readonly #context: AnswerContext
  #model: string
  #id: string
  #createTime: string | null = null
  usage: HubUsage | null = null

  constructor(context: AnswerContext) {
    this.#context = context
    this.#model = context.model
    this.#id = context.requestId
  }

  /** Takes over who answers; after the first chunk was written nothing may change any more. */
  start(event: Extract<HubEvent, { readonly type: 'start' }>): void {
    if (event.model !== '') this.#model = event.model
    if (event.id !== '') this.#id = event.id
    this.#createTime = timeOf(event.createdS ?? this.#context.createdS)
  }

  /** The writer of one choice. */
  candidate(index: number): CandidateWriter {
    let writer = this.candidates.get(index)
    if (writer === undefined) {
      writer = new CandidateWriter(index)
      this.candidates.set(index, writer)
    }
    return writer
  }

  /** A chunk with these candidates. */
  chunk(candidates: readonly JsonObject[], rest: JsonObject = {}): JsonObject {
    return { candidates, ...rest, ...this.envelope() }
  }

  /** The last chunk. An answer without a single choice still has one that ended. */
  last(merge: (writer: CandidateWriter) => JsonObject): JsonObject {
    if (this.candidates.size === 0) this.candidate(0)
    const writers = [...this.candidates.values()].sort((one, other) => one.index - other.index)
    const feedback = writers.length === 1 ? (writers[0]?.promptFeedback ?? null) : null
    const usage = this.usage === null ? {} : { usageMetadata: writeUsage(this.usage) }
    if (feedback !== null) return { promptFeedback: feedback, ...usage, ...this.envelope() }
    return this.chunk(writers.map(merge), usage)
  }

  /** What stands in every chunk. */
  envelope(): JsonObject {
    const createTime = this.#createTime
    return {
      modelVersion: this.#model,
      ...(createTime !== null && { createTime }),
      responseId: this.#id,
    }
  }
}

/** A time as Google writes it; null for a number that is no time, whatever the provider meant. */
function timeOf(seconds: number): string | null {
  const date = new Date(seconds * 1000)
  return Number.isNaN(date.getTime()) ? null : date.toISOString()
}

/**
 * The writer of one stream. Where the reader told Google's own chunks, these are the stream, and
 * what was read of them is not written again.
 */
export class GeminiWriter implements EventWriter {
  readonly #frame: AnswerFrame
  readonly #requestId: string
  readonly #isArray: boolean
  #began = false
  #over = false
  #repeats = false
  #text = ''

  constructor(context: AnswerContext) {
    this.#frame = new AnswerFrame(context)
    this.#requestId = context.requestId
    this.#isArray = context.framing === 'json-array'
  }

  write(events: readonly HubEvent[]): string {
    // What was said before a throw is not lost: it leaves with the error that follows.
    for (const event of events) if (!this.#over) this.#text += this.#writeEvent(event)
    const text = this.#text
    this.#text = ''
    return text
  }

  #writeEvent(event: HubEvent): string {
    const frame = event.type === 'raw' ? frameOf(event.native, 'gemini') : null
    if (frame !== null) {
      this.#repeats = true
      return this.#framed(frameText(frame))
    }
    switch (event.type) {
      case 'start':
        if (!this.#began) this.#frame.start(event)
        return ''
      case 'usage':
        this.#frame.usage = event.usage
        return ''
      case 'error':
        this.#over = true
        return this.#said({ error: errorObject(event.error, this.#requestId) }) + this.#close()
      case 'end': {
        this.#over = true
        if (this.#repeats) return this.#close()
        const last = this.#frame.last((writer) => ({ ...writer.last(), index: writer.index }))
        return this.#said(last) + this.#close()
      }
      default: {
        if (this.#repeats) return ''
        const said = this.#frame.candidate(event.choice).write(event)
        if (said === null) return ''
        return this.#said(this.#frame.chunk([{ ...said, index: event.choice }]))
      }
    }
  }

  #said(chunk: JsonObject): string {
    return this.#framed(JSON.stringify(chunk))
  }

  #framed(json: string): string {
    const isFirst = !this.#began
    this.#began = true
    if (!this.#isArray) return `data: ${json}\r\n\r\n`
    return isFirst ? `[${json}` : `\n,\r\n${json}`
  }

  #close(): string {
    return this.#isArray ? '\n]' : ''
  }
}
