/** Reads a request of the Messages API. */
import { GatewayError } from '../../core/errors.ts'
import type { JsonObject } from '../../core/json.ts'
import { emptyRequest } from '../hub/empty-request.ts'
import type {
  HubRequest,
  Message,
  Part,
  ReasoningSettings,
  ResponseFormat,
  Tool,
  ToolChoice,
} from '../hub/request.ts'
import type { RequestPath } from '../translation.ts'
import {
  invalid,
  optionalBoolean,
  optionalInteger,
  optionalList,
  optionalNumber,
  optionalObject,
  optionalObjects,
  optionalText,
  requiredObject,
  requiredText,
} from './check.ts'
import { detailsOf, PartReader, readCache } from './parts-read.ts'
import { dialect, readRequestTier, without } from './words.ts'

/** Fields that the hub understands whole; of those with parts of their own, the rest is kept. */
const understood: ReadonlySet<string> = new Set([
  ...['model', 'messages', 'system', 'max_tokens', 'stream', 'temperature', 'top_p', 'top_k'],
  ...['stop_sequences', 'tools', 'tool_choice', 'thinking', 'output_config', 'output_format'],
  ...['metadata', 'service_tier'],
])
const understoodWithin: Readonly<Record<string, ReadonlySet<string>>> = {
  output_config: new Set(['effort', 'format']),
  metadata: new Set(['user_id']),
  tool_choice: new Set(['type', 'name', 'disable_parallel_tool_use']),
}
const toolKeys: ReadonlySet<string> = new Set([
  ...['type', 'name', 'description', 'input_schema', 'strict', 'cache_control'],
])

/**
 * A request in the hub.
 * @throws GatewayError a 400 that names the parameter at fault.
 */
export function readRequest(body: JsonObject, path: RequestPath): HubRequest {
  if ((body.max_tokens ?? null) === null) throw invalid('max_tokens', 'Field required')
  return readAnyRequest(body, path)
}

/** The same for requests that need no limit, such as those that only count tokens. */
export function readAnyRequest(body: JsonObject, path: RequestPath): HubRequest {
  const model = optionalText(body, 'model') || path.model
  if (model === null) throw new GatewayError('missing_model', { param: 'model' })
  const choice = optionalObject(body, 'tool_choice')
  const metadata = optionalObject(body, 'metadata')
  const tier = optionalText(body, 'service_tier')
  return {
    ...emptyRequest(model, dialect),
    stream: path.stream ?? optionalBoolean(body, 'stream') ?? false,
    messages: [...readSystem(body), ...readMessages(body)],
    tools: (optionalObjects(body, 'tools') ?? []).map((tool, i) => readTool(tool, `tools.${i}`)),
    toolChoice: choice === null ? null : readToolChoice(choice),
    parallelToolCalls: readParallel(choice),
    responseFormat: readFormat(body),
    reasoning: readReasoning(body),
    outputTokensMax: optionalInteger(body, 'max_tokens', 0),
    temperature: optionalNumber(body, 'temperature'),
    topP: optionalNumber(body, 'top_p'),
    topK: optionalInteger(body, 'top_k', 0),
    stop: readStop(body),
    userId: metadata === null ? null : optionalText(metadata, 'user_id', 'metadata'),
    serviceTier: tier === null ? null : readRequestTier(tier),
    extra: { dialect, fields: readExtra(body) },
  }
}

function readSystem(body: JsonObject): readonly Message[] {
  if ((body.system ?? null) === null) return []
  const parts = new PartReader().read(body.system, 'system')
  if (parts.some((part) => part.type !== 'text')) {
    throw invalid('system', 'Input should be a valid string or a list of text blocks')
  }
  return parts.length === 0 ? [] : [{ role: 'system', parts, name: null }]
}

function readMessages(body: JsonObject): readonly Message[] {
  const list = optionalObjects(body, 'messages')
  if (list === null) throw invalid('messages', 'Field required')
  const reader = new PartReader()
  return list.flatMap((message, index) => {
    const where = `messages.${index}`
    const role = requiredText(message, 'role', where)
    if (role !== 'user' && role !== 'assistant' && role !== 'system') {
      throw invalid(`${where}.role`, "Input should be 'user' or 'assistant'")
    }
    const parts = reader.read(message.content ?? null, `${where}.content`)
    return role === 'user' ? splitResults(parts) : [{ role, parts, name: null }]
  })
}

/** What tools answered is of the role `tool` in the hub, and of the user's message here. */
function splitResults(parts: readonly Part[]): readonly Message[] {
  const messages: { role: 'tool' | 'user'; parts: Part[]; name: null }[] = []
  for (const part of parts) {
    const role = part.type === 'tool-result' ? 'tool' : 'user'
    const last = messages.at(-1)
    if (last?.role === role) last.parts.push(part)
    else messages.push({ role, parts: [part], name: null })
  }
  return messages.length === 0 ? [{ role: 'user', parts: [], name: null }] : messages
}

function readTool(tool: JsonObject, at: string): Tool {
  const type = optionalText(tool, 'type', at)
  if (type !== null && type !== 'custom')
    return { type: 'native', native: { dialect, value: tool } }
  return {
    type: 'function',
    name: requiredText(tool, 'name', at),
    description: optionalText(tool, 'description', at),
    parameters: requiredObject(tool, 'input_schema', at),
    strict: optionalBoolean(tool, 'strict', at),
    cache: readCache(tool, at),
    ...detailsOf(tool, toolKeys),
  }
}

function readToolChoice(choice: JsonObject): ToolChoice {
  switch (requiredText(choice, 'type', 'tool_choice')) {
    case 'auto':
      return { type: 'auto' }
    case 'any':
      return { type: 'required' }
    case 'none':
      return { type: 'none' }
    case 'tool':
      return { type: 'tool', name: requiredText(choice, 'name', 'tool_choice') }
    default:
      throw invalid('tool_choice.type', "Input should be 'auto', 'any', 'tool' or 'none'")
  }
}

function readParallel(choice: JsonObject | null): boolean | null {
  if (choice === null) return null
  const disabled = optionalBoolean(choice, 'disable_parallel_tool_use', 'tool_choice')
  return disabled === null ? null : !disabled
}

/** `output_format` is what `output_config.format` was called before. */
function readFormat(body: JsonObject): ResponseFormat | null {
  const config = optionalObject(body, 'output_config')
  const inConfig = config === null ? null : optionalObject(config, 'format', 'output_config')
  const format = inConfig ?? optionalObject(body, 'output_format')
  if (format === null) return null
  const where = inConfig === null ? 'output_format' : 'output_config.format'
  if (requiredText(format, 'type', where) !== 'json_schema') {
    throw invalid(`${where}.type`, "Input should be 'json_schema'")
  }
  const schema = requiredObject(format, 'schema', where)
  return { type: 'json-schema', name: null, description: null, schema, strict: null }
}

function readReasoning(body: JsonObject): ReasoningSettings | null {
  const thinking = optionalObject(body, 'thinking')
  const config = optionalObject(body, 'output_config')
  const effort = config === null ? null : optionalText(config, 'effort', 'output_config')
  if (thinking === null) {
    return effort === null ? null : { enabled: null, effort, budgetTokens: null, summary: null }
  }
  const type = requiredText(thinking, 'type', 'thinking')
  const budgetTokens =
    type === 'enabled' ? optionalInteger(thinking, 'budget_tokens', 0, 'thinking') : null
  if (type === 'enabled' && budgetTokens === null) {
    throw invalid('thinking.budget_tokens', 'Field required')
  }
  const summary = thinking.display === 'summarized' ? 'auto' : null
  return { enabled: type !== 'disabled', effort, budgetTokens, summary }
}

function readStop(body: JsonObject): readonly string[] {
  return (optionalList(body, 'stop_sequences') ?? []).map((stop, index) => {
    if (typeof stop === 'string') return stop
    throw invalid(`stop_sequences.${index}`, 'Input should be a valid string')
  })
}

/** What the hub does not hold, also of the fields that it holds in part. */
function readExtra(body: JsonObject): JsonObject {
  const fields: Record<string, unknown> = { ...without(body, understood) }
  for (const [key, known] of Object.entries(understoodWithin)) {
    const value = optionalObject(body, key)
    const rest = value === null ? null : without(value, known)
    if (rest !== null) fields[key] = rest
  }
  const thinking = optionalObject(body, 'thinking')
  const rest = thinking === null ? null : unusualThinking(thinking)
  return rest === null ? fields : { ...fields, thinking: rest }
}

/** Thinking that is not to be shown, or only between tools, is Anthropic's alone. */
function unusualThinking(thinking: JsonObject): JsonObject | null {
  const known = ['budget_tokens']
  if (thinking.display === 'summarized' || thinking.display === null) known.push('display')
  if (['enabled', 'disabled', 'adaptive'].includes(`${thinking.type}`)) known.push('type')
  return without(thinking, new Set(known))
}
