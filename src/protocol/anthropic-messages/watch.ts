/** Watches a stream of the Messages API: one answer, in blocks that never overlap. */
import type { GatewayError } from '../../core/errors.ts'
import { isObject, type JsonObject, objectAt, textAt } from '../../core/json.ts'
import { NOT_JSON, parseData } from '../openai/data.ts'
import type { Sighting, StreamWatch, Usage } from '../protocol.ts'
import { errorEvent, readEventError } from './error.ts'
import { LastUsage } from './usage.ts'

const finishReasonCharsMax = 64

/** Supplied where the answer had finished; the SDK's helpers wait for it. */
const messageStop = 'event: message_stop\ndata: {"type":"message_stop"}\n\n'

/** A fresh watch for one stream. */
export function watchMessages(): StreamWatch {
  return new MessageWatch()
}

class MessageWatch implements StreamWatch {
  ended = false
  finished = false
  finishReason: string | null = null
  error: GatewayError | null = null
  readonly #usage = new LastUsage()
  #hasContent = false

  look(data: string, name?: string | null): Sighting {
    const event = parseData(data)
    if (event === NOT_JSON) return 'invalid'
    return isObject(event) ? this.#lookAt(event, textAt(event, 'type') ?? name ?? '') : 'other'
  }

  get usage(): Usage | null {
    return this.#usage.value
  }

  get missingEnd(): string | null {
    // A stream that failed never gets an end it did not send itself.
    return this.finished && !this.ended && this.error === null ? messageStop : null
  }

  errorEvent(error: GatewayError, requestId: string): string {
    return errorEvent(error, requestId)
  }

  #lookAt(event: JsonObject, type: string): Sighting {
    switch (type) {
      case 'content_block_delta':
        return this.#say(hasContent(event.delta))
      case 'content_block_start':
        return this.#say(startsWithContent(event.content_block))
      case 'message_start':
        return this.#lookAtMessage(objectAt(event, 'message') ?? {})
      case 'message_delta':
        this.#usage.read(event.usage)
        return this.#say(this.#finishes(objectAt(event, 'delta') ?? {}) && !this.#hasContent)
      case 'message_stop':
        this.ended = true
        return 'end'
      case 'content_block_stop':
      case 'ping':
        return this.#say(false)
      default:
        // Gateways on the way send errors of other shapes; what is unknown is no content.
        return type === 'error' || event.error ? this.#fail(event) : this.#say(false)
    }
  }

  /** The turn of a tool that code called comes whole, with its finish, in the start. */
  #lookAtMessage(message: JsonObject): Sighting {
    this.#usage.read(message.usage)
    const finishes = this.#finishes(message)
    const { content } = message
    return this.#say(finishes || (Array.isArray(content) && content.length > 0))
  }

  /** Whether `holder` says why the answer ended. */
  #finishes(holder: JsonObject): boolean {
    const reason = textAt(holder, 'stop_reason')
    if (!reason) return false
    this.finished = true
    this.finishReason = reason.slice(0, finishReasonCharsMax)
    return true
  }

  #say(speaks: boolean): Sighting {
    if (speaks) {
      this.#hasContent = true
      return 'content'
    }
    return this.#hasContent ? 'other' : 'head'
  }

  #fail(event: JsonObject): Sighting {
    this.error ??= readEventError(event)
    return 'error'
  }
}

/** Whether a delta adds anything: the first fragment of a tool's input is always empty. */
function hasContent(delta: unknown): boolean {
  if (!isObject(delta)) return false
  switch (delta.type) {
    case 'text_delta':
      return Boolean(delta.text)
    case 'thinking_delta':
      return Boolean(delta.thinking)
    case 'input_json_delta':
      return Boolean(delta.partial_json)
    case 'signature_delta':
      return Boolean(delta.signature)
    default:
      return true
  }
}

/** Text and thinking open empty; every other block says something by being there. */
function startsWithContent(block: unknown): boolean {
  if (!isObject(block)) return false
  if (block.type === 'text') return Boolean(block.text)
  if (block.type === 'thinking') return Boolean(block.thinking)
  return true
}
