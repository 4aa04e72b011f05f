/** Writes a request for a chat completion, for OpenAI and everyone compatible with it. */
import { isObject, type JsonObject } from '../../core/json.ts'
import { dropExtra } from '../hub/foreign-fields.ts'
import { cannotSay } from '../hub/losses.ts'
import type {
  HubRequest,
  ReasoningSettings,
  ResponseFormat,
  Tool,
  ToolChoice,
} from '../hub/request.ts'
import type { ProtocolName } from '../names.ts'
import { withoutNulls, writeSampling } from '../openai/sampling.ts'
import { writeCache } from './content-write.ts'
import { writeCustomTool } from './custom-tools.ts'
import { losses } from './losses.ts'
import { writeMessages } from './messages-write.ts'

/** @throws GatewayError a 400 that names the parameter, for what the dialect cannot say. */
export function writeChatRequest(request: HubRequest): JsonObject {
  const { toolChoice, responseFormat } = request
  const hasTools = request.tools.length > 0
  return withoutNulls({
    ...writeExtra(request.extra),
    model: request.model,
    messages: writeMessages(request.messages),
    ...writeStream(request),
    tools: hasTools ? request.tools.map(writeTool) : null,
    tool_choice: toolChoice === null ? null : writeToolChoice(toolChoice, request.tools),
    parallel_tool_calls: request.parallelToolCalls,
    response_format: responseFormat === null ? writtenFormat(request) : writeFormat(responseFormat),
    reasoning_effort: request.reasoning === null ? null : writeEffort(request.reasoning),
    max_completion_tokens: request.outputTokensMax,
    ...writeSampling(request),
    logprobs: request.logprobs,
    top_logprobs: request.topLogprobs,
    service_tier: request.serviceTier,
    metadata: request.metadata,
    store: request.store,
    verbosity: request.verbosity,
  })
}

/** Fields that other dialects of the family call the same and mean the same. */
const shared: ReadonlySet<string> = new Set([
  'prompt_cache_key',
  'prompt_cache_retention',
  'safety_identifier',
])

const family: ReadonlySet<ProtocolName> = new Set(['openai-responses', 'openai-completions'])

function writeExtra({ dialect, fields }: HubRequest['extra']): JsonObject {
  if (dialect === 'openai-chat') return fields
  const isKept = (key: string): boolean => family.has(dialect) && shared.has(key)
  const entries = Object.entries(fields)
  const others = Object.fromEntries(entries.filter(([key]) => !isKept(key)))
  dropExtra({ dialect, fields: others }, losses)
  return Object.fromEntries(entries.filter(([key]) => isKept(key)))
}

/** Usage is always asked for, because accounts are kept also where the client did not ask. */
function writeStream({ stream, extra }: HubRequest): JsonObject {
  if (!stream) return { stream_options: null }
  const said = extra.dialect === 'openai-chat' ? extra.fields.stream_options : null
  const options = isObject(said) ? said : {}
  return { stream: true, stream_options: { ...options, include_usage: true } }
}

/** A form of answer that only this dialect knows travels with the unknown fields. */
function writtenFormat({ extra }: HubRequest): unknown {
  return extra.dialect === 'openai-chat' ? extra.fields.response_format : null
}

function writeTool(tool: Tool): JsonObject {
  switch (tool.type) {
    case 'function': {
      const { name, description, parameters, strict, cache } = tool
      const about = withoutNulls({ name, description, parameters, strict })
      return { type: 'function', function: about, ...writeCache(cache) }
    }
    case 'custom':
      return writeCustomTool(tool)
    case 'native':
      if (tool.native.dialect === 'openai-chat' && isObject(tool.native.value)) {
        return tool.native.value
      }
      throw cannotSay('openai-chat', 'tools')
  }
}

function writeToolChoice(choice: ToolChoice, tools: readonly Tool[]): unknown {
  switch (choice.type) {
    case 'auto':
    case 'none':
    case 'required':
      return choice.type
    case 'tool':
      return namedTool(choice.name, tools)
    case 'allowed': {
      const named = choice.names.map((name) => namedTool(name, tools))
      return { type: 'allowed_tools', allowed_tools: { mode: choice.mode, tools: named } }
    }
  }
}

function namedTool(name: string, tools: readonly Tool[]): JsonObject {
  const isCustom = tools.some((tool) => tool.type === 'custom' && tool.name === name)
  return isCustom ? { type: 'custom', custom: { name } } : { type: 'function', function: { name } }
}

function writeFormat(format: ResponseFormat): JsonObject {
  switch (format.type) {
    case 'text':
      return { type: 'text' }
    case 'json':
      return { type: 'json_object' }
    case 'json-schema': {
      const { name, description, schema, strict } = format
      const about = withoutNulls({ name: name ?? 'response', description, schema, strict })
      return { type: 'json_schema', json_schema: about }
    }
  }
}

/** Budgets of tokens up to which an effort is the nearest one. */
const effortOfBudget = [
  [2_048, 'low'],
  [12_288, 'medium'],
] as const

function writeEffort({ enabled, effort, budgetTokens }: ReasoningSettings): string | null {
  if (effort !== null) return effort
  if (enabled === false || budgetTokens === 0) return 'none'
  if (budgetTokens === null) return null
  return effortOfBudget.find(([most]) => budgetTokens <= most)?.[1] ?? 'high'
}
