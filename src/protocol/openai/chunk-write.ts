/** Writes chunks with `choices`: the frame around them is the same in chat and completions. */
import type { JsonObject } from '../../core/json.ts'
import type { HubEvent, HubUsage } from '../hub/events.ts'
import { madeAnswerId } from '../hub/ids.ts'
import { frameText } from '../hub/own-frame.ts'
import type { AnswerContext } from '../translation.ts'
import { endMarker } from './data.ts'
import { dataErrorEvent } from './error.ts'
import { writeUsage } from './hub-usage.ts'

/** What a dialect calls its chunks. */
export interface ChunkNames {
  readonly object: string
  /** The beginning of ids that have to be made. */
  readonly idPrefix: string
}

/** The head that every chunk of one stream repeats: constant, and never empty. */
export function chunkHead(
  start: Pick<Extract<HubEvent, { type: 'start' }>, HeadField> | null,
  names: ChunkNames,
  context: AnswerContext,
): JsonObject {
  const { serviceTier = null, fingerprint = null } = start ?? {}
  return {
    id: start?.id || madeAnswerId(names.idPrefix, context.requestId),
    object: names.object,
    created: start?.createdS ?? context.createdS,
    model: start?.model || context.model,
    ...(serviceTier !== null && { service_tier: serviceTier }),
    ...(fingerprint !== null && { system_fingerprint: fingerprint }),
  }
}

type HeadField = 'id' | 'model' | 'createdS' | 'serviceTier' | 'fingerprint'

/**
 * The text of one stream. The parts of a chunk that do not change are made once, and a chunk is
 * put together from texts, because this runs for every token.
 */
export class ChunkText {
  readonly #names: ChunkNames
  readonly #context: AnswerContext
  readonly #usage: boolean
  #before = ''
  #after = ''
  #text = ''

  constructor(names: ChunkNames, context: AnswerContext) {
    this.#names = names
    this.#context = context
    this.#usage = context.includeUsage
    this.head(null)
  }

  /** Sets the head; only before the first chunk. */
  head(start: Extract<HubEvent, { type: 'start' }> | null): void {
    const head = JSON.stringify(chunkHead(start, this.#names, this.#context))
    this.#before = `data: ${head.slice(0, -1)},"choices":[`
    // A client that asked for usage finds the key in every chunk, as it does at OpenAI.
    this.#after = this.#usage ? '],"usage":null}\n\n' : ']}\n\n'
  }

  /** A chunk of one choice, which is already JSON. */
  choice(json: string): void {
    this.#text += `${this.#before}${json}${this.#after}`
  }

  /** A chunk without choices, with other fields in their place. */
  fields(fields: JsonObject): void {
    const rest = JSON.stringify(fields)
    if (rest !== '{}') this.#text += `${this.#before}],${rest.slice(1)}\n\n`
  }

  /**
   * A chunk as the provider of this dialect sent it.
   * @throws GatewayError `upstream_protocol_error` for one that cannot be said.
   */
  repeat(chunk: JsonObject): void {
    // Not every provider asks whether counts are wanted; who did not ask expects choices.
    const hasChoices = !Array.isArray(chunk.choices) || chunk.choices.length > 0
    if (!this.#usage && chunk.usage && !hasChoices) return
    this.#text += `data: ${frameText(chunk)}\n\n`
  }

  /** The end of a stream whose chunks said all the rest. */
  marker(): void {
    this.#text += `data: ${endMarker}\n\n`
  }

  /** The end of a complete stream: usage for those who asked, then the marker. */
  end(usage: HubUsage | null): void {
    const counts = this.#usage && usage !== null ? writeUsage(usage) : null
    if (counts !== null) this.fields({ usage: counts })
    this.marker()
  }

  /** The end of a stream that failed. */
  error(event: Extract<HubEvent, { type: 'error' }>): void {
    this.#text += dataErrorEvent(event.error)
  }

  /** What was said since the last time. */
  take(): string {
    const text = this.#text
    this.#text = ''
    return text
  }
}
