/** Watches a stream of chunks with `choices`: chat and completions differ only inside one. */
import type { GatewayError } from '../../core/errors.ts'
import { isObject, type JsonObject } from '../../core/json.ts'
import type { Sighting, StreamWatch, Usage } from '../protocol.ts'
import { choiceIndex } from './choice-index.ts'
import { endMarker, NOT_JSON, parseData } from './data.ts'
import { dataErrorEvent, isErrorEvent, readEventError } from './error.ts'
import { failedFinish, isFailedFinish } from './finish.ts'
import { LastUsage } from './usage.ts'

const finishReasonCharsMax = 64

/** Keys of a chunk that says something about the answer but holds nothing of it. */
const envelopeKeys = ['id', 'object', 'model', 'usage', 'x_groq', 'prompt_filter_results', 'type']

/** The watch of one stream. Every key of a chunk is optional and may be anything. */
export class ChunkWatch implements StreamWatch {
  ended = false
  finishReason: string | null = null
  error: GatewayError | null = null
  readonly #speaks: (choice: JsonObject) => boolean
  readonly #usage = new LastUsage()
  /** By index, whether a choice has finished. A finish that is repeated, or followed, stays one. */
  readonly #choices = new Map<number, boolean>()
  #openChoices = 0
  #hasContent = false

  /** @param speaks whether a choice holds something the user sees or a tool gets. */
  constructor(speaks: (choice: JsonObject) => boolean) {
    this.#speaks = speaks
  }

  look(data: string): Sighting {
    if (data.startsWith(endMarker)) {
      this.ended = true
      return 'end'
    }
    const event = parseData(data)
    if (event === NOT_JSON || isHollow(event)) return 'invalid'
    return isObject(event) ? this.#lookAt(event) : 'other'
  }

  get finished(): boolean {
    return this.#choices.size > 0 && this.#openChoices === 0
  }

  get usage(): Usage | null {
    return this.#usage.value
  }

  get missingEnd(): string | null {
    // A stream that failed never gets an end it did not send itself.
    const complete = this.finished && !this.ended && this.error === null
    return complete ? `data: ${endMarker}\n\n` : null
  }

  errorEvent(error: GatewayError): string {
    return dataErrorEvent(error)
  }

  #lookAt(event: JsonObject): Sighting {
    const usage = event.usage ?? usageInside(event)
    if (usage) this.#usage.read(usage)
    const choices = event.choices
    const known = this.error
    let speaks = false
    if (Array.isArray(choices)) {
      for (const choice of choices) {
        if (isObject(choice) && this.#lookAtChoice(choice)) speaks = true
      }
    } else {
      speaks = isForeign(event)
    }
    if (isErrorEvent(event)) {
      this.error ??= readEventError(event)
      return 'error'
    }
    // A finish reason that says so is the provider's own error as well.
    if (this.error !== known) return 'error'
    if (speaks) {
      this.#hasContent = true
      return 'content'
    }
    return this.#hasContent ? 'other' : 'head'
  }

  /** Whether the choice holds content, or the finish of an answer that has none. */
  #lookAtChoice(choice: JsonObject): boolean {
    const index = choiceIndex(choice)
    const known = this.#choices.get(index)
    if (known === undefined) {
      this.#choices.set(index, false)
      this.#openChoices += 1
    }
    const reason = choice.finish_reason
    if (typeof reason === 'string' && reason !== '') {
      this.finishReason = reason.slice(0, finishReasonCharsMax)
      // A failed stream never looks finished: no end may be supplied after this one.
      if (isFailedFinish(reason)) this.error ??= failedFinish(reason, choice.error)
      if (known !== true) {
        this.#choices.set(index, true)
        this.#openChoices -= 1
      }
      if (!this.#hasContent) return true
    }
    return this.#speaks(choice)
  }
}

/** Usage where Groq puts it (`x_groq`), or Moonshot (inside the choice). */
function usageInside(event: JsonObject): unknown {
  const groq = event.x_groq
  if (isObject(groq) && groq.usage) return groq.usage
  const choices = event.choices
  const first: unknown = Array.isArray(choices) ? choices[0] : null
  return isObject(first) ? first.usage : null
}

/** A sign of life in an event's dress: readers that check their chunks take it for broken. */
export function isHollow(event: unknown): boolean {
  return isObject(event) && (Object.keys(event).length === 0 || event.type === 'ping')
}

/** An event of another language (Writer's `{"value": ...}`): not understood, so not held back. */
function isForeign(event: JsonObject): boolean {
  return Object.keys(event).length > 0 && !envelopeKeys.some((key) => key in event)
}
