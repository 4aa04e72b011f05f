/** The stream of the Responses API: typed events with numbers, and one of three ends. */
import type { GatewayError } from '../../core/errors.ts'
import { isObject, type JsonObject, objectAt, textAt } from '../../core/json.ts'
import { endMarker, NOT_JSON, parseData } from '../openai/data.ts'
import { LastUsage } from '../openai/usage.ts'
import type { Sighting, StreamWatch, Usage } from '../protocol.ts'
import { errorEvent, readFailure } from './error.ts'

const finishReasonCharsMax = 64

/**
 * The type of an end in the first bytes of its event: by its name, or in its data, where quotes
 * inside a text are escaped and do not match.
 */
const endType =
  /(?:^event: ?|"type"\s*:\s*")(response\.(?:completed|incomplete|cancelled|failed))["\r\n]/m

/** A fresh watch for one stream. */
export function watchResponse(): StreamWatch {
  return new ResponseWatch()
}

/**
 * Events are told apart by `type` in the data: OpenRouter sends no event names. The end is
 * `response.completed`, `response.incomplete` or `response.failed`; a `[DONE]`, which OpenRouter
 * adds, is recognised but proves nothing, for SDKs wait for one of the three.
 */
class ResponseWatch implements StreamWatch {
  ended = false
  finished = false
  finishReason: string | null = null
  error: GatewayError | null = null
  nextSequenceNumber = 0
  /** The end cannot be supplied: it carries the whole answer. */
  readonly missingEnd = null
  readonly #usage = new LastUsage()
  #hasContent = false

  look(data: string): Sighting {
    if (data.startsWith(endMarker)) return 'end'
    const event = parseData(data)
    if (event === NOT_JSON) return 'invalid'
    if (!isObject(event)) return 'other'
    const sighting = this.#lookAt(event)
    // A failure may be held back for another answer to go on; its number is then free.
    if (sighting !== 'error') this.#count(event.sequence_number)
    return sighting
  }

  /** The end repeats the whole answer: with a picture in it, it is larger than any limit. */
  glimpse(beginning: string): void {
    const type = endType.exec(beginning)?.[1]
    if (type !== undefined) this.#end(type, {})
  }

  get usage(): Usage | null {
    return this.#usage.value
  }

  errorEvent(error: GatewayError): string {
    return errorEvent(error, this.nextSequenceNumber)
  }

  #count(sequenceNumber: unknown): void {
    if (typeof sequenceNumber !== 'number' || !Number.isSafeInteger(sequenceNumber)) return
    this.nextSequenceNumber = Math.max(this.nextSequenceNumber, sequenceNumber + 1)
  }

  #lookAt(event: JsonObject): Sighting {
    const type = event.type
    if (event.error || type === 'error') return this.#fail(event)
    // An untyped event is of another language: not understood, so not held back.
    if (typeof type !== 'string') return this.#content()
    if (type.endsWith('.delta')) return this.#content()
    switch (type) {
      case 'response.completed':
      case 'response.incomplete':
      case 'response.cancelled':
      case 'response.failed':
        return this.#end(type, event)
      case 'response.created':
      case 'response.queued':
      case 'response.in_progress':
        return this.#aside()
      case 'response.output_item.added':
        return isEmptyItem(event.item) ? this.#aside() : this.#content()
      case 'response.content_part.added':
      case 'response.reasoning_summary_part.added':
        return isEmptyPart(event.part) ? this.#aside() : this.#content()
      default:
        // A part that is done says again what its deltas have said.
        if (this.#hasContent && type.endsWith('.done')) return 'other'
        // What is not of the response, such as `keepalive`, says nothing of the answer.
        return type.startsWith('response.') ? this.#content() : this.#aside()
    }
  }

  #content(): Sighting {
    this.#hasContent = true
    return 'content'
  }

  #aside(): Sighting {
    return this.#hasContent ? 'other' : 'head'
  }

  #fail(event: JsonObject): Sighting {
    this.error ??= readFailure(event)
    return 'error'
  }

  #end(type: string, event: JsonObject): Sighting {
    this.ended = true
    const response = objectAt(event, 'response')
    this.#usage.read(response?.usage)
    if (type === 'response.failed') return this.#fail(event)
    this.finished = true
    const details = response === null ? null : objectAt(response, 'incomplete_details')
    const reason = details === null ? null : textAt(details, 'reason')
    const status = type.slice('response.'.length)
    this.finishReason = (reason ?? status).slice(0, finishReasonCharsMax)
    return 'end'
  }
}

/** A message or reasoning item that is opened without anything in it yet. */
function isEmptyItem(item: unknown): boolean {
  if (!isObject(item)) return true
  const type = item.type
  if (type !== 'message' && type !== 'reasoning') return false
  return isEmptyList(item.content) && isEmptyList(item.summary)
}

function isEmptyList(value: unknown): boolean {
  return !Array.isArray(value) || value.length === 0
}

function isEmptyPart(part: unknown): boolean {
  if (!isObject(part)) return true
  return !textAt(part, 'text') && !textAt(part, 'refusal')
}
