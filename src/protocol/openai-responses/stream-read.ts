/** The stream of the Responses API as hub events. */

import { GatewayError } from '../../core/errors.ts'
import { isObject, type JsonObject, numberAt, objectAt, textAt } from '../../core/json.ts'
import type { Frame } from '../../sse/frame.ts'
import type { HubEvent } from '../hub/events.ts'
import { unnamedTool } from '../hub/unnamed-tool.ts'
import { endMarker, NOT_JSON, parseData } from '../openai/data.ts'
import { isErrorEvent, readEventError } from '../openai/error.ts'
import type { EventReader } from '../translation.ts'
import { readFailure } from './error.ts'
import { OutputReader } from './output-read.ts'
import { readHubUsage } from './usage.ts'
import { finishReasonOf, ownNative } from './words.ts'

/**
 * Reads a response, streamed or whole.
 *
 * Where a stream fails, the blocks that it had begun are not ended: a call whose arguments stop in
 * the middle must not look like one that can be made.
 */
export class ResponseReader implements EventReader {
  readonly #output = new OutputReader()
  #started = false
  #over = false

  read(frame: Frame): readonly HubEvent[] {
    // OpenRouter sends `[DONE]` after the end; without the end it proves nothing.
    if (this.#over || frame.data.startsWith(endMarker)) return []
    const event = parseData(frame.data)
    if (!isObject(event)) {
      if (frame.event !== 'error') return []
      return this.#fail(readEventError(event === NOT_JSON ? frame.data : event))
    }
    const type = textAt(event, 'type') ?? frame.event ?? ''
    if (type === 'error' || frame.event === 'error' || isErrorEvent(event)) {
      return this.#fail(readFailure(event))
    }
    this.#take(type, event)
    if (this.#output.hasUnnamedCall && !this.#over) return this.#fail(unnamedTool())
    return this.#output.take()
  }

  end(): readonly HubEvent[] {
    return this.#over ? [] : this.#fail(new GatewayError('upstream_incomplete'))
  }

  /** A whole response as the events of its stream. */
  readResponse(response: JsonObject): readonly HubEvent[] {
    if (response.object !== 'response' && isErrorEvent(response)) {
      return this.#fail(readEventError(response))
    }
    this.#end(textAt(response, 'status') ?? 'completed', response)
    return this.#output.take()
  }

  #take(type: string, event: JsonObject): void {
    switch (type) {
      case 'response.created':
      case 'response.queued':
      case 'response.in_progress':
        this.#start(objectAt(event, 'response') ?? {})
        return
      case 'response.completed':
      case 'response.incomplete':
      case 'response.cancelled':
      case 'response.failed':
        this.#end(type.slice('response.'.length), objectAt(event, 'response') ?? {})
        return
      default:
        if (!type.startsWith('response.')) return
        this.#start({})
        this.#output.read(type, event)
    }
  }

  #start(response: JsonObject): void {
    if (this.#started) return
    this.#started = true
    const tier = textAt(response, 'service_tier')
    this.#output.start({
      type: 'start',
      id: textAt(response, 'id') ?? '',
      model: textAt(response, 'model') ?? '',
      createdS: numberAt(response, 'created_at'),
      // `auto` is what was asked for; which tier it became is only told at the end.
      serviceTier: tier === 'auto' ? null : tier,
      fingerprint: null,
    })
  }

  #end(status: string, response: JsonObject): void {
    this.#start(response)
    const usage = readHubUsage(response)
    if (status !== 'completed' && status !== 'incomplete') {
      if (usage !== null) this.#push({ type: 'usage', usage })
      this.#push({ type: 'error', error: failureOf(status, response) })
      this.#over = true
      return
    }
    // Some servers stream nothing but the beginning and the end.
    if (this.#output.isEmpty && Array.isArray(response.output)) {
      for (const [index, item] of response.output.entries()) {
        if (isObject(item)) this.#output.readItem(index, item)
      }
    }
    this.#output.close()
    if (this.#output.hasUnnamedCall) {
      this.#push({ type: 'error', error: unnamedTool() })
      this.#over = true
      return
    }
    if (usage !== null) this.#push({ type: 'usage', usage })
    const details = objectAt(response, 'incomplete_details')
    const reason = details === null ? null : textAt(details, 'reason')
    this.#push({
      type: 'finish',
      choice: 0,
      reason: finishReasonOf(status, reason, this.#output.hasCalls),
      native: reason ?? status,
      stopSequence: null,
      details: details === null ? null : ownNative(details),
    })
    this.#push({ type: 'end' })
    this.#over = true
  }

  #push(event: HubEvent): void {
    this.#output.push(event)
  }

  #fail(error: GatewayError): readonly HubEvent[] {
    this.#over = true
    return [...this.#output.take(), { type: 'error', error }]
  }
}

/** The failure of a response that has no answer in it, or none yet. */
function failureOf(status: string, response: JsonObject): GatewayError {
  if (status === 'failed') return readFailure({ response })
  return new GatewayError('upstream_error', {
    message: `The response of the provider is ${status.slice(0, 64)}.`,
  })
}
