/**
 * Reads the lines of `/api/chat` into hub events, and those of `/api/generate`, which say the same
 * without a message around it.
 */
import { GatewayError } from '../../core/errors.ts'
import { isObject, type JsonObject, numberAt, objectAt, textAt } from '../../core/json.ts'
import type { Frame } from '../../sse/frame.ts'
import { AnswerEvents } from '../hub/answer-events.ts'
import type { FinishReason, HubEvent, HubUsage, Logprobs } from '../hub/events.ts'
import { madeToolCallId } from '../hub/ids.ts'
import { NOT_JSON, parseData } from '../openai/data.ts'
import { readEventError } from '../openai/error.ts'
import type { ProviderReader } from '../provider-only.ts'

const dialect = 'ollama-chat'

const finishReasons: ReadonlyMap<string, FinishReason> = new Map([
  ['stop', 'stop'],
  ['length', 'length'],
])

const TEXT = 'text'
const THINKING = 'thinking'

/** The reader of one stream, and of an answer that is not streamed. */
export class OllamaReader implements ProviderReader {
  finished = false
  readonly #answer = new AnswerEvents(dialect)
  /** Tells this answer from the one of the next turn: there is no id. */
  #createdAt = ''

  read({ data }: Frame): readonly HubEvent[] {
    const line = this.#answer.over ? NOT_JSON : parseData(data)
    return line !== NOT_JSON && isObject(line) ? this.readLine(line) : []
  }

  /** The same for a line that was parsed. */
  readLine(line: JsonObject): readonly HubEvent[] {
    if (this.#answer.over) return []
    if (line.error) {
      this.#answer.fail(readEventError(line))
      return this.#answer.drain()
    }
    this.#start(line)
    const message = objectAt(line, 'message') ?? line
    this.#think(textAt(message, 'thinking') ?? '')
    const text = textAt(message, 'content') ?? textAt(message, 'response') ?? ''
    this.#text(text, logprobsOf(line.logprobs))
    for (const call of listAt(message, 'tool_calls')) this.#call(call)
    if (line.done === true) this.#finish(line)
    return this.#answer.drain()
  }

  end(): readonly HubEvent[] {
    if (!this.#answer.over) this.#answer.fail(new GatewayError('upstream_incomplete'))
    return this.#answer.drain()
  }

  #start(line: JsonObject): void {
    if (this.#createdAt !== '') return
    this.#createdAt = textAt(line, 'created_at') ?? 'unknown'
    const createdMs = Date.parse(this.#createdAt)
    const createdS = Number.isNaN(createdMs) ? null : Math.floor(createdMs / 1000)
    this.#answer.start({ model: textAt(line, 'model') ?? '', createdS })
  }

  /** Thinking and text take turns; each turn is a block. */
  #think(thinking: string): void {
    if (thinking === '') return
    this.#answer.close(TEXT)
    this.#answer.think(THINKING, thinking)
  }

  #text(text: string, logprobs: Logprobs | null): void {
    if (text === '' && logprobs === null) return
    this.#answer.close(THINKING)
    this.#answer.text(TEXT, text, logprobs)
  }

  /** A call comes whole. Its place among the calls is that of its coming. */
  #call(call: JsonObject): void {
    this.#answer.closeAll()
    const said = objectAt(call, 'function') ?? {}
    const name = textAt(said, 'name') ?? ''
    const written = argumentsOf(said.arguments)
    const place = this.#answer.toolCalls
    const made = madeToolCallId(`${this.#createdAt}\n${name}\n${written}`, 0, place)
    const key = `call ${place}`
    this.#answer.tool(key, textAt(call, 'id') || made, name)
    this.#answer.arguments(key, written)
    this.#answer.close(key)
  }

  #finish(line: JsonObject): void {
    this.finished = true
    const usage = readUsage(line)
    if (usage !== null) this.#answer.usage(usage)
    const native = textAt(line, 'done_reason')
    const details = { dialect, value: measuresOf(line) } as const
    this.#answer.finish({ reason: finishReasons.get(native ?? '') ?? 'stop', native, details })
    this.#answer.end()
  }
}

/** Older models give their arguments as text, as others do. */
function argumentsOf(value: unknown): string {
  if (typeof value === 'string') return value
  return value === undefined || value === null ? '' : JSON.stringify(value)
}

/** The counts of the last line; a prompt that was cached whole is not counted. */
export function readUsage(line: JsonObject): HubUsage | null {
  const outputTokens = numberAt(line, 'eval_count')
  const prompt = numberAt(line, 'prompt_eval_count')
  if (outputTokens === null && prompt === null) return null
  return {
    inputTokens: prompt ?? 0,
    outputTokens,
    cachedInputTokens: null,
    cacheWriteInputTokens: null,
    reasoningTokens: null,
    native: { dialect, value: measuresOf(line) },
  }
}

/** Counts and durations of the last line, without what was said before. */
function measuresOf(line: JsonObject): JsonObject {
  const measures = Object.entries(line).filter(([key]) => /_(?:count|duration)$/.test(key))
  return Object.fromEntries(measures)
}

/** A list of tokens in OpenAI's own shape. */
function logprobsOf(value: unknown): Logprobs | null {
  if (!Array.isArray(value)) return null
  const content = value.filter(isObject).map((item) => ({ bytes: null, top_logprobs: [], ...item }))
  return content.length === 0 ? null : { content, refusal: null }
}

function listAt(object: JsonObject, key: string): readonly JsonObject[] {
  const value = object[key]
  return Array.isArray(value) ? value.filter(isObject) : []
}
