/** Writes an answer as the Responses API does: as a stream of numbered events, or whole. */
import type { GatewayError } from '../../core/errors.ts'
import type { JsonObject } from '../../core/json.ts'
import type { FinishReason, HubEvent, HubUsage } from '../hub/events.ts'
import { errorObject } from '../openai/error.ts'
import type { AnswerContext, EventWriter } from '../translation.ts'
import { errorData } from './error.ts'
import { type Emit, ItemLife } from './item-life.ts'
import { OutputWriter } from './output-write.ts'
import { responseHead } from './response-head.ts'
import { writeUsage } from './usage.ts'
import { incompleteDetailsOf } from './words.ts'

/**
 * Writes one answer.
 *
 * A failure is told twice, as OpenAI does: SDKs raise at the `error` event, and clients that read
 * the events themselves wait for one of the three ends, which then is `response.failed`. Both
 * leave in one piece. What was open stays open: nobody may take it for something that is done.
 */
export class AnswerWriter {
  readonly #context: AnswerContext
  readonly #emit: Emit
  readonly #life: ItemLife
  readonly #output: OutputWriter
  #head: JsonObject | null = null
  #usage: HubUsage | null = null
  #finish: FinishReason | null = null
  #sequenceNumber = 0
  #response: JsonObject | null = null

  /** @param send takes each event: its type, and its whole data. */
  constructor(context: AnswerContext, send: (type: string, data: JsonObject) => void) {
    this.#context = context
    this.#emit = (type, fields) => {
      const sequence_number = this.#sequenceNumber
      this.#sequenceNumber += 1
      send(type, { type, ...fields, sequence_number })
    }
    this.#life = new ItemLife(this.#emit)
    this.#output = new OutputWriter(this.#life)
  }

  /** The next event has this number. */
  countFrom(sequenceNumber: number): void {
    this.#sequenceNumber = sequenceNumber
  }

  /** The response as the last event told it; null before that. */
  get response(): JsonObject | null {
    return this.#response
  }

  /** Tells one event. After the end or an error nothing more is told. */
  take(event: HubEvent): void {
    if (this.#response !== null) return
    switch (event.type) {
      case 'start':
        this.#start(event)
        return
      case 'usage':
        this.#usage = event.usage
        return
      case 'end':
        this.#end()
        return
      case 'error':
        this.#fail(event.error)
        return
      default:
        // There is one answer to a request here.
        if (event.choice !== 0) return
        this.#start(null)
        if (event.type === 'finish') this.#finished(event.reason)
        else this.#output.take(event)
    }
  }

  #start(event: Extract<HubEvent, { type: 'start' }> | null): JsonObject {
    if (this.#head !== null) return this.#head
    const head = responseHead(event, this.#context)
    this.#head = head
    this.#life.answerId = head.id
    const response = { ...head, status: 'in_progress', output: [], usage: null }
    this.#emit('response.created', { response })
    this.#emit('response.in_progress', { response })
    return head
  }

  #finished(reason: FinishReason): void {
    if (this.#finish !== null) return
    this.#finish = reason
    this.#life.settle(incompleteDetailsOf(reason) === null ? 'completed' : 'incomplete')
  }

  #end(): void {
    const head = this.#start(null)
    const details = incompleteDetailsOf(this.#finish)
    const status = details === null ? 'completed' : 'incomplete'
    this.#life.settle(status)
    this.#close(`response.${status}`, { ...head, status, incomplete_details: details })
  }

  #fail(error: GatewayError): void {
    const head = this.#start(null)
    const { type, sequence_number: _number, ...fields } = errorData(error, 0)
    this.#emit(String(type), fields)
    const { code, message } = errorObject(error)
    const failure = { code: code ?? 'server_error', message }
    this.#close('response.failed', { ...head, status: 'failed', error: failure })
  }

  #close(type: string, fields: JsonObject): void {
    this.#response = { ...fields, output: this.#life.output, usage: writeUsage(this.#usage) }
    this.#emit(type, { response: this.#response })
  }
}

/** The stream of one answer. */
export class ResponseWriter implements EventWriter {
  #text = ''
  readonly #answer: AnswerWriter

  constructor(context: AnswerContext) {
    this.#answer = new AnswerWriter(context, (type, data) => {
      this.#text += `event: ${type}\ndata: ${JSON.stringify(data)}\n\n`
    })
  }

  /** @throws GatewayError `upstream_protocol_error` for an answer too large to be held. */
  write(events: readonly HubEvent[]): string {
    // What was told before a throw is not lost: it leaves with the error that follows.
    for (const event of events) this.#answer.take(event)
    const text = this.#text
    this.#text = ''
    return text
  }

  countFrom(sequenceNumber: number): void {
    this.#answer.countFrom(sequenceNumber)
  }
}

/** A finished answer as a whole response. One that failed has the status `failed`. */
export function writeResponse(events: readonly HubEvent[], context: AnswerContext): JsonObject {
  const answer = new AnswerWriter(context, () => {})
  for (const event of events) answer.take(event)
  answer.take({ type: 'end' })
  return answer.response ?? {}
}
