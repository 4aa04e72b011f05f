/** Reads a stream of chunks with `choices`: chat and completions differ only inside a choice. */
import { GatewayError } from '../../core/errors.ts'
import { isObject, type JsonObject, numberAt, objectAt } from '../../core/json.ts'
import type { Frame } from '../../sse/frame.ts'
import type { HubEvent } from '../hub/events.ts'
import { madeToolCallId } from '../hub/ids.ts'
import { ownFrame } from '../hub/own-frame.ts'
import { unnamedTool } from '../hub/unnamed-tool.ts'
import type { ProtocolName } from '../names.ts'
import type { EventReader } from '../translation.ts'
import { choiceIndex } from './choice-index.ts'
import { type ChoiceHost, ChoiceRead } from './choice-read.ts'
import { isHollow } from './chunk-watch.ts'
import { endMarker, NOT_JSON, parseData } from './data.ts'
import { isErrorEvent, readEventError } from './error.ts'
import { failedFinish, isFailedFinish } from './finish.ts'
import { readHubUsage } from './hub-usage.ts'

/** How a dialect reads its own part of a chunk. */
export interface ChunkLanguage {
  readonly dialect: ProtocolName
  /** What a choice holds, apart from its finish. `whole` for an answer that is not streamed. */
  readChoice(choice: JsonObject, reader: ChoiceRead, whole: boolean): void
  /** What stands beside the choices. `first` is the first choice that was seen, if any was. */
  readRest(chunk: JsonObject, first: ChoiceRead | null, emit: (event: HubEvent) => void): void
  /** An event without choices, for a language of another kind. */
  choicesOf?(chunk: JsonObject): readonly JsonObject[]
}

/** The reader of one stream, or of one whole answer. Every key of a chunk may be anything. */
export class ChunkRead implements EventReader, ChoiceHost {
  readonly dialect: ProtocolName
  readonly #language: ChunkLanguage
  readonly #repeats: boolean
  readonly #choices = new Map<number, ChoiceRead>()
  #events: HubEvent[] = []
  #over = false
  #started = false
  /** The last chunk held the final usage and nothing else: as good an end as a marker. */
  #settled = false
  #id = ''
  #model = ''
  #createdS: number | null = null
  #serviceTier: string | null = null
  #fingerprint: string | null = null
  #first: ChoiceRead | null = null
  #lastUsage = ''

  /** @param client the dialect that will be written, if it is known. */
  constructor(language: ChunkLanguage, client: ProtocolName | null = null) {
    this.dialect = language.dialect
    this.#language = language
    this.#repeats = client === language.dialect
  }

  get answerId(): string {
    return this.#id || `${this.#model}\n${this.#createdS ?? ''}`
  }

  madeId(answerId: string, choice: number, ordinal: number): string {
    return madeToolCallId(answerId, choice, ordinal)
  }

  emit(event: HubEvent): void {
    if (!this.#started) this.#start()
    this.#events.push(event)
  }

  read({ event, data }: Frame): readonly HubEvent[] {
    if (this.#over) return []
    if (data.startsWith(endMarker)) return this.#flush(() => this.#end())
    const parsed = parseData(data)
    // An event that calls itself an error is one, also where its data is only words.
    if (event === 'error') {
      return this.#flush(() => this.#fail(readEventError(parsed === NOT_JSON ? data : parsed)))
    }
    if (!isObject(parsed)) return []
    return this.#flush(() => this.#take(parsed, false))
  }

  end(): readonly HubEvent[] {
    if (this.#over) return []
    const choices = [...this.#choices.values()]
    const finished = choices.length > 0 && choices.every((choice) => choice.finished)
    if (finished || this.#settled) return this.#flush(() => this.#end())
    return this.#flush(() => this.#fail(new GatewayError('upstream_incomplete')))
  }

  /** Everything that a whole answer says. */
  readWhole(body: JsonObject): readonly HubEvent[] {
    return this.#flush(() => {
      this.#take(body, true)
      if (!this.#over) this.#end()
    })
  }

  #flush(run: () => void): readonly HubEvent[] {
    this.#events = []
    run()
    return this.#events
  }

  #take(chunk: JsonObject, whole: boolean): void {
    const choices = this.#choicesOf(chunk)
    // An answer that also holds what was asked for is an answer; a chunk with an error is not.
    if (isErrorEvent(chunk) && !(whole && choices.length > 0)) {
      this.#fail(readEventError(chunk))
      return
    }
    const repeats = this.#repeats && !isHollow(chunk)
    const frameAt = this.#events.length
    if (repeats) this.#events.push(ownFrame(this.dialect, chunk))
    this.#takeHead(chunk)
    this.#takeUsage(chunk, choices)
    for (const choice of choices) {
      const reader = this.#choice(choiceIndex(choice))
      if (!reader.finished) this.#language.readChoice(choice, reader, whole)
    }
    this.#language.readRest(chunk, this.#first, (event) => this.emit(event))
    for (const choice of choices) this.#takeFinish(choice)
    if (repeats && this.#over) this.#events[frameAt] = ownFrame(this.dialect, unfinished(chunk))
  }

  #choicesOf(chunk: JsonObject): readonly JsonObject[] {
    if (Array.isArray(chunk.choices)) return chunk.choices.filter(isObject)
    return this.#language.choicesOf?.(chunk) ?? []
  }

  /** Azure's first chunk has empty ones of all these, so an empty one is never taken. */
  #takeHead(chunk: JsonObject): void {
    if (this.#started) return
    this.#id ||= textOf(chunk.id)
    this.#model ||= textOf(chunk.model)
    this.#createdS ??= numberAt(chunk, 'created') || null
    this.#serviceTier ??= textOf(chunk.service_tier) || null
    this.#fingerprint ??= textOf(chunk.system_fingerprint) || null
  }

  #start(): void {
    this.#started = true
    this.#events.push({
      type: 'start',
      id: this.#id,
      model: this.#model,
      createdS: this.#createdS,
      serviceTier: this.#serviceTier,
      fingerprint: this.#fingerprint,
    })
  }

  /** Usage comes in the chunk, in Groq's corner of it, or (Moonshot) inside the choice. */
  #takeUsage(chunk: JsonObject, choices: readonly JsonObject[]): void {
    const said =
      chunk.usage || objectAt(chunk, 'x_groq')?.usage || choices.find(({ usage }) => usage)?.usage
    const usage = said ? readHubUsage(said, this.dialect) : null
    if (choices.length > 0) this.#settled = false
    else if (usage !== null) this.#settled = this.#first !== null
    if (usage === null) return
    // Some repeat the same counts with every chunk.
    const { inputTokens, outputTokens, cachedInputTokens, reasoningTokens } = usage
    const counts = `${inputTokens} ${outputTokens} ${cachedInputTokens} ${reasoningTokens}`
    if (counts === this.#lastUsage && choices.length > 0) return
    this.#lastUsage = counts
    this.emit({ type: 'usage', usage })
  }

  #takeFinish(choice: JsonObject): void {
    const word = choice.finish_reason
    if (this.#over || typeof word !== 'string' || word === '') return
    const reader = this.#choice(choiceIndex(choice))
    if (isFailedFinish(word)) {
      this.#fail(failedFinish(word, choice.error))
      return
    }
    if (reader.hasUnnamedCall) {
      this.#fail(unnamedTool())
      return
    }
    const stopSequence = textOf(choice.stop_reason) || null
    reader.finish(word, stopSequence, finishDetails(choice))
  }

  #choice(index: number): ChoiceRead {
    const known = this.#choices.get(index)
    if (known !== undefined) return known
    const made = new ChoiceRead(index, this)
    this.#choices.set(index, made)
    this.#first ??= made
    if (!this.#started) this.#start()
    return made
  }

  /** The provider's own end. Snowflake never gives a reason; its marker has to do. */
  #end(): void {
    if (this.#choices.size === 0 && this.#lastUsage === '') {
      this.#fail(new GatewayError('upstream_empty'))
      return
    }
    const choices = [...this.#choices.values()]
    if (choices.some(({ hasUnnamedCall }) => hasUnnamedCall)) {
      this.#fail(unnamedTool())
      return
    }
    for (const choice of choices) choice.finish(null, null, null)
    this.emit({ type: 'end' })
    this.#over = true
  }

  #fail(error: GatewayError): void {
    this.#events.push({ type: 'error', error })
    this.#over = true
  }
}

/** A chunk that failed says no more than what it holds: an event of its own tells how it failed. */
function unfinished(chunk: JsonObject): JsonObject {
  if (!Array.isArray(chunk.choices)) return chunk
  const choices = chunk.choices.map((choice: unknown) => {
    if (!isObject(choice)) return choice
    const { error: _error, ...rest } = choice
    return { ...rest, finish_reason: null }
  })
  return { ...chunk, choices }
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : ''
}

/** What providers tell beside the reason: whose words it was, and what a filter found. */
function finishDetails(choice: JsonObject): JsonObject | null {
  const details: Record<string, unknown> = {}
  for (const key of ['native_finish_reason', 'content_filter_results'] as const) {
    const value = choice[key]
    const isEmpty = isObject(value) && Object.keys(value).length === 0
    if (value !== undefined && value !== null && !isEmpty) details[key] = value
  }
  return Object.keys(details).length === 0 ? null : details
}
