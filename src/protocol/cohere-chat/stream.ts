/** Reads a stream of `/v2/chat` into hub events. */
import { GatewayError } from '../../core/errors.ts'
import { isObject, type JsonObject, numberAt, objectAt, textAt } from '../../core/json.ts'
import type { Frame } from '../../sse/frame.ts'
import { AnswerEvents } from '../hub/answer-events.ts'
import type { FinishReason, HubEvent, Logprobs } from '../hub/events.ts'
import { madeToolCallId } from '../hub/ids.ts'
import { endMarker, NOT_JSON, parseData } from '../openai/data.ts'
import type { ProviderReader } from '../provider-only.ts'
import { readCitations } from './citation.ts'
import { bareError, failureOf } from './error.ts'
import { readUsage } from './usage.ts'

const finishReasons: ReadonlyMap<string, FinishReason> = new Map([
  ['COMPLETE', 'stop'],
  ['STOP_SEQUENCE', 'stop-sequence'],
  ['MAX_TOKENS', 'length'],
  ['TOOL_CALL', 'tool-calls'],
])

/** The plan before tool calls, which has no index of its own. */
const PLAN = 'plan'

/** Calls and content are counted apart, both from 0. */
const contentKey = (index: number): string => `content ${index}`
const callKey = (index: number): string => `call ${index}`

/** The reader of one stream, and of an answer that is not streamed. */
export class CohereReader implements ProviderReader {
  finished = false
  readonly #answer = new AnswerEvents('cohere-chat')
  #id = ''
  /** Text that has ended, but may still be cited until something else begins. */
  #ended: string | null = null
  #lastText = contentKey(0)

  read({ event, data }: Frame): readonly HubEvent[] {
    if (this.#answer.over) return []
    if (data.startsWith(endMarker)) return this.end()
    const parsed = parseData(data)
    if (parsed === NOT_JSON || !isObject(parsed)) return []
    return this.readEvent(parsed, event)
  }

  /** The same for an event that was parsed. @param name its name, where the data has none. */
  readEvent(event: JsonObject, name: string | null): readonly HubEvent[] {
    if (this.#answer.over) return []
    const type = textAt(event, 'type') ?? name ?? ''
    const error = bareError(event)
    if (error !== null) this.#answer.fail(error)
    else this.#take(type, event)
    return this.#answer.drain()
  }

  end(): readonly HubEvent[] {
    if (this.#answer.over) return []
    if (this.finished) this.#answer.end()
    else this.#answer.fail(new GatewayError('upstream_incomplete'))
    return this.#answer.drain()
  }

  #take(type: string, event: JsonObject): void {
    const index = numberAt(event, 'index') ?? 0
    const delta = objectAt(event, 'delta') ?? {}
    const message = objectAt(delta, 'message') ?? {}
    switch (type) {
      case 'message-start':
        this.#id = textAt(event, 'id') ?? ''
        this.#answer.start({ id: this.#id })
        return
      case 'content-start':
        this.#settle()
        this.#content(index, objectAt(message, 'content'), null)
        return
      case 'content-delta':
        this.#content(index, objectAt(message, 'content'), logprobsOf(event.logprobs))
        return
      case 'content-end':
        this.#ended = contentKey(index)
        return
      case 'tool-plan-delta':
        this.#answer.think(PLAN, textAt(message, 'tool_plan') ?? '')
        return
      case 'tool-call-start':
        this.#call(index, objectAt(message, 'tool_calls') ?? {})
        return
      case 'tool-call-delta':
        this.#answer.arguments(callKey(index), argumentsOf(message))
        return
      case 'tool-call-end':
        this.#answer.close(callKey(index))
        return
      case 'citation-start':
        this.#cite(objectAt(message, 'citations'), event)
        return
      case 'message-end':
        this.#finish(delta)
        return
    }
  }

  #settle(): void {
    if (this.#ended !== null) this.#answer.close(this.#ended)
    this.#ended = null
  }

  #content(index: number, content: JsonObject | null, logprobs: Logprobs | null): void {
    if (content === null) return
    const key = contentKey(index)
    this.#answer.think(key, textAt(content, 'thinking') ?? '')
    const text = textAt(content, 'text')
    if (text === null) return
    this.#lastText = key
    this.#answer.text(key, text, logprobs)
  }

  #call(index: number, call: JsonObject): void {
    this.#settle()
    this.#answer.close(PLAN)
    const said = objectAt(call, 'function') ?? {}
    const name = textAt(said, 'name') ?? ''
    const id = textAt(call, 'id') || madeToolCallId(this.#id || name, 0, this.#answer.toolCalls)
    this.#answer.tool(callKey(index), id, name)
    this.#answer.arguments(callKey(index), textAt(said, 'arguments') ?? '')
  }

  #cite(citation: JsonObject | null, event: JsonObject): void {
    if (citation === null) return
    const citations = readCitations(citation)
    if (citations.length === 0) {
      this.#answer.raw(event)
      return
    }
    const index = numberAt(citation, 'content_index')
    const key = index === null ? this.#lastText : contentKey(index)
    for (const each of citations) this.#answer.cite(key, each)
  }

  #finish(delta: JsonObject): void {
    const usage = readUsage(delta.usage)
    if (usage !== null) this.#answer.usage(usage)
    const native = textAt(delta, 'finish_reason')
    const failure = native === null ? null : failureOf(native, delta)
    if (failure !== null) {
      this.#answer.fail(failure)
      return
    }
    if (native === null || this.finished) return
    this.finished = true
    this.#answer.finish({ reason: finishReasons.get(native) ?? 'stop', native })
  }
}

function argumentsOf(message: JsonObject): string {
  const call = objectAt(message, 'tool_calls')
  return textAt(objectAt(call ?? {}, 'function') ?? {}, 'arguments') ?? ''
}

/** `{text, token_ids, logprobs}` in OpenAI's shape: several tokens of one text are one entry. */
export function logprobsOf(value: unknown): Logprobs | null {
  const items = (Array.isArray(value) ? value : [value]).flatMap((item) => {
    const numbers = isObject(item) ? item.logprobs : null
    if (!isObject(item) || !Array.isArray(numbers)) return []
    const known = numbers.filter((number) => typeof number === 'number')
    if (known.length === 0) return []
    // The probability of the text is the product of those of its tokens.
    const logprob = known.reduce((sum, number) => sum + number, 0)
    return [{ token: textAt(item, 'text') ?? '', logprob, bytes: null, top_logprobs: [] }]
  })
  return items.length === 0 ? null : { content: items, refusal: null }
}
