/** Watches a stream of `GenerateContentResponse`. Its only end is the end of the body. */
import type { GatewayError } from '../../core/errors.ts'
import { isObject, type JsonObject, objectAt } from '../../core/json.ts'
import { NOT_JSON, parseData } from '../openai/data.ts'
import type { Sighting, StreamWatch, Usage } from '../protocol.ts'
import { dataErrorEvent, isErrorEvent, readEventError } from './error.ts'
import { readUsage } from './usage.ts'

/** More candidates than the API offers; beyond it one is not told apart from the first. */
const candidatesMax = 256
const finishReasonCharsMax = 64

/** The watch of one stream. */
export class GeminiWatch implements StreamWatch {
  /** There is no end marker, so it is never seen. */
  readonly ended = false
  /** Nothing is supplied: the end of the body is the end. */
  readonly missingEnd = null
  finishReason: string | null = null
  error: GatewayError | null = null
  usage: Usage | null = null
  /** By index, whether a candidate has finished. */
  readonly #candidates = new Map<number, boolean>()
  #openCandidates = 0
  #blocked = false
  #hasContent = false

  look(data: string, event?: string | null): Sighting {
    const parsed = parseData(data)
    if (parsed === NOT_JSON) return 'invalid'
    // Without `alt=sse` an error comes as the only element of a list.
    const chunk: unknown = Array.isArray(parsed) ? parsed[0] : parsed
    if (!isObject(chunk)) return 'other'
    if (isErrorEvent(chunk) || event === 'error') {
      this.error ??= readEventError(chunk)
      return 'error'
    }
    return this.#lookAt(chunk)
  }

  get finished(): boolean {
    return this.#blocked || (this.#candidates.size > 0 && this.#openCandidates === 0)
  }

  errorEvent(error: GatewayError, requestId: string): string {
    return dataErrorEvent(error, requestId)
  }

  #lookAt(chunk: JsonObject): Sighting {
    const usage = readUsage(chunk.usageMetadata)
    if (usage !== null) {
      const { inputTokens, outputTokens, cachedInputTokens, reasoningTokens } = usage
      this.usage = { inputTokens, outputTokens, cachedInputTokens, reasoningTokens }
    }
    let speaks = this.#lookAtPrompt(chunk)
    if (Array.isArray(chunk.candidates)) {
      for (const [position, candidate] of chunk.candidates.entries()) {
        if (isObject(candidate) && this.#lookAtCandidate(candidate, position)) speaks = true
      }
    }
    if (speaks) {
      this.#hasContent = true
      return 'content'
    }
    return this.#hasContent ? 'other' : 'head'
  }

  /** A blocked prompt is an answer, and all there is of it. */
  #lookAtPrompt(chunk: JsonObject): boolean {
    const reason = objectAt(chunk, 'promptFeedback')?.blockReason
    if (typeof reason !== 'string' || reason === '') return false
    this.#blocked = true
    this.finishReason = reason.slice(0, finishReasonCharsMax)
    return true
  }

  #lookAtCandidate(candidate: JsonObject, position: number): boolean {
    const index = candidateIndex(candidate, position)
    const known = this.#candidates.get(index)
    if (known === undefined) {
      this.#candidates.set(index, false)
      this.#openCandidates += 1
    }
    const reason = candidate.finishReason
    if (typeof reason === 'string' && reason !== '') {
      this.finishReason = reason.slice(0, finishReasonCharsMax)
      if (known !== true) {
        this.#candidates.set(index, true)
        this.#openCandidates -= 1
      }
      if (!this.#hasContent) return true
    }
    const parts = objectAt(candidate, 'content')?.parts
    return Array.isArray(parts) && parts.some(speaks)
  }
}

/** The number of a candidate; the first one often has none. */
export function candidateIndex(candidate: JsonObject, position: number): number {
  const index = candidate.index ?? position
  const usable = typeof index === 'number' && Number.isInteger(index)
  return usable && index >= 0 && index < candidatesMax ? index : 0
}

/** Every part says something but an empty text that has no signature either. */
function speaks(part: unknown): boolean {
  if (!isObject(part)) return false
  if (typeof part.text === 'string') return part.text !== '' || Boolean(part.thoughtSignature)
  return Object.keys(part).length > 0
}
