/** Writes the body of `/api/chat`. */
import type { JsonObject } from '../../core/json.ts'
import { dropExtra, filled } from '../hub/foreign-fields.ts'
import { withFunctionTools } from '../hub/function-tools.ts'
import { cannotSay } from '../hub/losses.ts'
import type { HubRequest, ReasoningSettings, ResponseFormat, Tool } from '../hub/request.ts'
import { losses } from './losses.ts'
import { writeMessages } from './messages.ts'

const dialect = 'ollama-chat'

/** @throws GatewayError a 400 that names the parameter, for what the dialect cannot say. */
export function writeRequest(said: HubRequest): JsonObject {
  const request = withFunctionTools(said)
  refuse(request)
  dropExtra(request.extra, losses)
  return {
    model: request.model,
    messages: writeMessages(request.messages),
    // A stream is what happens where nothing is said.
    stream: request.stream,
    ...filled({
      tools: writeTools(request),
      format: writeFormat(request.responseFormat),
      think: writeThink(request.reasoning, request.model),
      logprobs: request.logprobs,
      top_logprobs: request.topLogprobs,
      options: filled({
        num_predict: request.outputTokensMax,
        temperature: request.temperature,
        top_p: request.topP,
        top_k: request.topK,
        stop: request.stop,
        seed: request.seed,
        frequency_penalty: request.frequencyPenalty,
        presence_penalty: request.presencePenalty,
      }),
    }),
  }
}

function refuse(request: HubRequest): void {
  const { logitBias, tools, toolChoice } = request
  const isForced =
    toolChoice?.type === 'required' ||
    toolChoice?.type === 'tool' ||
    (toolChoice?.type === 'allowed' && toolChoice.mode === 'required')
  const asked: readonly (readonly [boolean, string])[] = [
    [isForced, 'tool_choice'],
    [request.parallelToolCalls === false && tools.length > 0, 'parallel_tool_calls'],
    [logitBias !== null && Object.keys(logitBias).length > 0, 'logit_bias'],
    [(request.choices ?? 1) !== 1, 'n'],
  ]
  for (const [isAsked, param] of asked) if (isAsked) throw cannotSay(dialect, param)
}

function writeTools({ tools, toolChoice }: HubRequest): readonly JsonObject[] {
  if (toolChoice?.type === 'none') return []
  const allowed = toolChoice?.type === 'allowed' ? toolChoice.names : null
  return tools
    .filter((tool) => allowed === null || tool.type === 'native' || allowed.includes(tool.name))
    .map(writeTool)
}

function writeTool(tool: Tool): JsonObject {
  if (tool.type !== 'function') throw cannotSay(dialect, 'tools')
  const { name, description, parameters } = tool
  return {
    type: 'function',
    function: {
      name,
      description: description ?? '',
      parameters: parameters ?? { type: 'object', properties: {} },
    },
  }
}

function writeFormat(format: ResponseFormat | null): JsonObject | 'json' | null {
  if (format?.type === 'json') return 'json'
  return format?.type === 'json-schema' ? format.schema : null
}

const levels: ReadonlyMap<string, string> = new Map([
  ['minimal', 'low'],
  ['low', 'low'],
  ['medium', 'medium'],
  ['high', 'high'],
  ['xhigh', 'high'],
  ['max', 'high'],
])

function writeThink(settings: ReasoningSettings | null, model: string): boolean | string | null {
  if (settings === null) return null
  const { enabled, effort, budgetTokens } = settings
  if (enabled === false || effort === 'none') return false
  const isWanted = enabled === true || effort !== null || budgetTokens !== null
  // The one family that has levels; it also cannot be switched off.
  const level = /gpt-oss/.test(model) ? levels.get(effort ?? '') : undefined
  return isWanted ? (level ?? true) : null
}
