/**
 * Reads `ConverseStream` into hub events. Text and reasoning begin without a start, and the usage
 * follows the reason: the finish waits for it, so that guardrail details can go along.
 */
import { GatewayError } from '../../core/errors.ts'
import { isObject, type JsonObject, numberAt, objectAt, textAt } from '../../core/json.ts'
import type { Frame } from '../../sse/frame.ts'
import { AnswerEvents } from '../hub/answer-events.ts'
import type { FinishReason, HubEvent } from '../hub/events.ts'
import { madeToolCallId } from '../hub/ids.ts'
import type { Citation } from '../hub/request.ts'
import { NOT_JSON, parseData } from '../openai/data.ts'
import type { ProviderReader } from '../provider-only.ts'
import { malformed, readException } from './error.ts'
import { readUsage } from './usage.ts'

const dialect = 'bedrock-converse'

/** The hub's word for a `stopReason`; one that is new ends the answer like any other. */
const finishReasons: ReadonlyMap<string, FinishReason> = new Map([
  ['end_turn', 'stop'],
  ['tool_use', 'tool-calls'],
  ['max_tokens', 'length'],
  ['model_context_window_exceeded', 'length'],
  ['stop_sequence', 'stop-sequence'],
  ['guardrail_intervened', 'content-filter'],
  ['content_filtered', 'content-filter'],
])

/** The reader of one stream, of an answer that is not streamed, and of Nova's own stream. */
export class ConverseReader implements ProviderReader {
  readonly #answer = new AnswerEvents(dialect)
  /** Blocks of server tools and of what is not known, which only this dialect understands. */
  readonly #rawBlocks = new Set<string>()
  #stop: JsonObject | null = null
  #metadata: JsonObject | null = null

  get finished(): boolean {
    return this.#stop !== null
  }

  read(frame: Frame): readonly HubEvent[] {
    if (this.#answer.over) return []
    const { event, data } = frame
    if (event?.startsWith('exception:')) {
      this.#answer.fail(readException(event.slice('exception:'.length), data))
      return this.#answer.drain()
    }
    const payload = parseData(data)
    if (payload === NOT_JSON || !isObject(payload)) return []
    if (event !== null) this.#take(event, payload)
    else this.#takeUnion(payload)
    return this.#answer.drain()
  }

  /** The same for one event as a member of a union: `{"contentBlockDelta": {...}}`. */
  readUnion(union: JsonObject): readonly HubEvent[] {
    if (!this.#answer.over) this.#takeUnion(union)
    return this.#answer.drain()
  }

  end(): readonly HubEvent[] {
    if (this.#answer.over) return []
    if (this.#stop === null) this.#answer.fail(new GatewayError('upstream_incomplete'))
    else this.#complete(this.#stop)
    return this.#answer.drain()
  }

  #takeUnion(union: JsonObject): void {
    for (const [type, payload] of Object.entries(union)) {
      if (isObject(payload)) this.#take(type, payload)
    }
  }

  #take(type: string, payload: JsonObject): void {
    const key = String(numberAt(payload, 'contentBlockIndex') ?? 0)
    switch (type) {
      case 'messageStart':
        this.#answer.start()
        return
      case 'contentBlockStart':
        this.#begin(key, payload)
        return
      case 'contentBlockDelta':
        this.#add(key, payload)
        return
      case 'contentBlockStop':
        if (this.#rawBlocks.delete(key)) this.#answer.raw({ contentBlockStop: payload })
        this.#answer.close(key)
        return
      case 'messageStop':
        // One that names no reason has not said why the answer ends.
        if (textAt(payload, 'stopReason')) this.#stop ??= payload
        break
      case 'metadata': {
        const usage = readUsage(payload.usage)
        if (usage !== null) this.#answer.usage(usage)
        this.#metadata = payload
        break
      }
      default:
        if (type.endsWith('Exception')) {
          this.#answer.fail(readException(type, JSON.stringify(payload)))
        }
        return
    }
    if (this.#stop !== null && this.#metadata !== null) this.#complete(this.#stop)
  }

  #begin(key: string, payload: JsonObject): void {
    const start = objectAt(payload, 'start')
    // A start that says nothing (`{}`) precedes text, which needs none.
    if (start === null || Object.keys(start).length === 0) return
    const call = objectAt(start, 'toolUse')
    if (call === null || (textAt(call, 'type') ?? 'tool_use') !== 'tool_use') {
      this.#answer.close(key)
      this.#rawBlocks.add(key)
      this.#answer.raw({ contentBlockStart: payload })
      return
    }
    const name = textAt(call, 'name') ?? ''
    const id = textAt(call, 'toolUseId') || madeToolCallId(name, 0, this.#answer.toolCalls)
    this.#rawBlocks.delete(key)
    this.#answer.tool(key, id, name)
  }

  #add(key: string, payload: JsonObject): void {
    const delta = objectAt(payload, 'delta')
    if (delta === null) return
    if (this.#rawBlocks.has(key)) {
      this.#answer.raw({ contentBlockDelta: payload })
      return
    }
    const text = textAt(delta, 'text')
    if (text !== null) {
      this.#answer.text(key, text)
      return
    }
    const call = objectAt(delta, 'toolUse')
    if (call !== null) {
      this.#answer.arguments(key, textAt(call, 'input') ?? '')
      return
    }
    const reasoning = objectAt(delta, 'reasoningContent')
    if (reasoning !== null) {
      this.#answer.think(key, textAt(reasoning, 'text') ?? '')
      this.#answer.prove(key, 'signature', textAt(reasoning, 'signature') ?? '')
      this.#answer.prove(key, 'redacted', textAt(reasoning, 'redactedContent') ?? '')
      return
    }
    const citation = objectAt(delta, 'citation')
    if (citation !== null) {
      this.#answer.cite(key, readCitation(citation))
      return
    }
    if (Object.keys(delta).length > 0) this.#answer.raw({ contentBlockDelta: payload })
  }

  #complete(stop: JsonObject): void {
    const native = textAt(stop, 'stopReason') ?? ''
    if (native.startsWith('malformed_')) {
      this.#answer.fail(malformed(native))
      return
    }
    const fields = objectAt(stop, 'additionalModelResponseFields')
    const trace = this.#metadata === null ? null : objectAt(this.#metadata, 'trace')
    const details = {
      ...(fields !== null && { additionalModelResponseFields: fields }),
      ...(trace !== null && { trace }),
    }
    this.#answer.finish({
      reason: finishReasons.get(native) ?? 'stop',
      native,
      stopSequence: stopSequenceIn(fields),
      details: Object.keys(details).length === 0 ? null : { dialect, value: details },
    })
    this.#answer.end()
  }
}

/** Anthropic's `stop_sequence`, for which Converse can be asked; in a stream it is in a `delta`. */
function stopSequenceIn(fields: JsonObject | null): string | null {
  if (fields === null) return null
  return textAt(objectAt(fields, 'delta') ?? fields, 'stop_sequence')
}

/** Places are those of the source, not of the answer. */
export function readCitation(citation: JsonObject): Citation {
  const web = objectAt(objectAt(citation, 'location') ?? {}, 'web')
  const content = citation.sourceContent
  const texts = Array.isArray(content)
    ? content.flatMap((item) => (isObject(item) ? (textAt(item, 'text') ?? []) : []))
    : []
  return {
    url: web === null ? null : textAt(web, 'url'),
    title: textAt(citation, 'title'),
    citedText: texts.length === 0 ? null : texts.join(''),
    start: null,
    end: null,
    native: { dialect, value: citation },
  }
}
