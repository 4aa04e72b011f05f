/**
 * Reads a stream of `GenerateContentResponse` into hub events.
 *
 * A finish reason is held back until the body ends, for two reasons: there is no end marker, so
 * only then is the answer complete; and some streams carry one on every chunk, with text after it.
 */
import { GatewayError } from '../../core/errors.ts'
import { isObject, type JsonObject, objectAt, textAt } from '../../core/json.ts'
import type { Frame } from '../../sse/frame.ts'
import type { HubEvent } from '../hub/events.ts'
import { ownFrame } from '../hub/own-frame.ts'
import { unnamedTool } from '../hub/unnamed-tool.ts'
import type { ProtocolName } from '../names.ts'
import { NOT_JSON, parseData } from '../openai/data.ts'
import type { EventReader } from '../translation.ts'
import { CandidateReader } from './candidate-read.ts'
import { isErrorEvent, readEventError } from './error.ts'
import { camelKeys, wordAt } from './fields.ts'
import { readUsage } from './usage.ts'
import { candidateIndex } from './watch.ts'

/** The reader of one stream, and of an answer that is not streamed. */
export class GeminiReader implements EventReader {
  readonly #candidates = new Map<number, CandidateReader>()
  readonly #repeats: boolean
  #events: HubEvent[] = []
  #started = false
  #over = false
  #id = ''
  /** The reason for which the prompt was refused, with all that was said of it. */
  #blocked: { readonly reason: string; readonly feedback: JsonObject } | null = null

  /** @param client the dialect that will be written, if it is known. */
  constructor(client: ProtocolName | null = null) {
    this.#repeats = client === 'gemini'
  }

  /** Whether everything that began has finished, so that the end of the body is a good one. */
  get finished(): boolean {
    if (this.#blocked !== null) return true
    for (const candidate of this.#candidates.values()) if (!candidate.finished) return false
    return this.#candidates.size > 0
  }

  read(frame: Frame): readonly HubEvent[] {
    const parsed = this.#over ? NOT_JSON : parseData(frame.data)
    if (parsed === NOT_JSON) return []
    this.#events = []
    for (const chunk of Array.isArray(parsed) ? parsed : [parsed]) {
      if (isObject(chunk) && !this.#over) this.#readChunk(chunk, frame.event)
    }
    return this.#events
  }

  end(): readonly HubEvent[] {
    if (this.#over) return []
    this.#over = true
    if (!this.finished) {
      return [{ type: 'error', error: new GatewayError('upstream_incomplete') }]
    }
    this.#events = []
    const candidates = [...this.#candidates].sort(([first], [second]) => first - second)
    for (const [, candidate] of candidates) candidate.close()
    const failed = candidates.find(([, candidate]) => candidate.failedCall)?.[1]
    if (failed !== undefined) {
      this.#events.push({ type: 'error', error: failed.failure() })
      return this.#events
    }
    for (const [, candidate] of candidates) {
      if (candidate.finished || this.#blocked === null) candidate.finish()
    }
    this.#finishBlocked()
    this.#events.push({ type: 'end' })
    return this.#events
  }

  #readChunk(said: JsonObject, event: string | null): void {
    const chunk = camelKeys(said)
    if (isErrorEvent(chunk) || event === 'error') {
      this.#over = true
      this.#events.push({ type: 'error', error: readEventError(chunk) })
      return
    }
    const frameAt = this.#events.length
    if (this.#repeats) this.#events.push(ownFrame('gemini', said))
    this.#start(chunk)
    const feedback = objectAt(chunk, 'promptFeedback')
    const reason = feedback === null ? null : wordAt(camelKeys(feedback), 'blockReason')
    if (feedback !== null && reason !== null) this.#blocked = { reason, feedback }
    if (Array.isArray(chunk.candidates)) {
      for (const [position, candidate] of chunk.candidates.entries()) {
        if (!isObject(candidate)) continue
        const reader = this.#candidate(candidate, position)
        reader.read(camelKeys(candidate))
        if (!reader.hasUnnamedCall) continue
        this.#over = true
        if (this.#repeats) this.#events[frameAt] = ownFrame('gemini', unfinished(said))
        this.#events.push({ type: 'error', error: unnamedTool() })
        return
      }
    }
    const usage = readUsage(chunk.usageMetadata)
    if (usage !== null) this.#events.push({ type: 'usage', usage })
  }

  #start(chunk: JsonObject): void {
    if (this.#started) return
    this.#started = true
    this.#id = textAt(chunk, 'responseId') ?? ''
    const createdMs = Date.parse(textAt(chunk, 'createTime') ?? '')
    this.#events.push({
      type: 'start',
      id: this.#id,
      model: textAt(chunk, 'modelVersion') ?? '',
      createdS: Number.isNaN(createdMs) ? null : Math.floor(createdMs / 1000),
      serviceTier: textAt(objectAt(chunk, 'usageMetadata') ?? {}, 'serviceTier'),
      fingerprint: null,
    })
  }

  #candidate(candidate: JsonObject, position: number): CandidateReader {
    const index = candidateIndex(candidate, position)
    let reader = this.#candidates.get(index)
    if (reader === undefined) {
      reader = new CandidateReader(index, this.#id, (event) => this.#events.push(event))
      this.#candidates.set(index, reader)
    }
    return reader
  }

  /** A blocked prompt has no candidates: its reason stands for that of the first. */
  #finishBlocked(): void {
    if (this.#blocked === null || this.#candidates.get(0)?.finished) return
    const { reason, feedback } = this.#blocked
    this.#events.push({
      type: 'finish',
      choice: 0,
      reason: 'content-filter',
      native: reason,
      stopSequence: null,
      details: { dialect: 'gemini', value: { promptFeedback: feedback } },
    })
  }
}

/** A chunk that failed says no more than what it holds: nothing of it may look finished. */
function unfinished(chunk: JsonObject): JsonObject {
  if (!Array.isArray(chunk.candidates)) return chunk
  const candidates = chunk.candidates.map((candidate: unknown) => {
    if (!isObject(candidate)) return candidate
    const { finishReason: _reason, finish_reason: _other, ...rest } = candidate
    return rest
  })
  return { ...chunk, candidates }
}
