/** Writes the body of `/v2/chat`. */
import type { JsonObject } from '../../core/json.ts'
import { dropExtra, filled } from '../hub/foreign-fields.ts'
import { withFunctionTools } from '../hub/function-tools.ts'
import { cannotSay } from '../hub/losses.ts'
import type { HubRequest, ReasoningSettings, ResponseFormat, Tool } from '../hub/request.ts'
import { losses } from './losses.ts'
import { writeMessages } from './messages.ts'

const dialect = 'cohere-chat'

/** The most that Cohere takes for `p`. */
const TOP_P_MAX = 0.99

/** @throws GatewayError a 400 that names the parameter, for what the dialect cannot say. */
export function writeRequest(said: HubRequest): JsonObject {
  const request = withFunctionTools(said)
  refuse(request)
  dropExtra(request.extra, losses)
  const { topP } = request
  return {
    model: request.model,
    messages: writeMessages(request.messages),
    stream: request.stream,
    ...filled({
      ...writeTools(request),
      response_format: writeFormat(request.responseFormat),
      max_tokens: request.outputTokensMax,
      stop_sequences: request.stop,
      temperature: request.temperature,
      p: topP === null ? null : Math.min(topP, TOP_P_MAX),
      k: request.topK,
      seed: request.seed,
      frequency_penalty: request.frequencyPenalty,
      presence_penalty: request.presencePenalty,
      logprobs: request.logprobs,
      thinking: writeThinking(request.reasoning),
    }),
  }
}

function refuse(request: HubRequest): void {
  const { logitBias, tools } = request
  const asked: readonly (readonly [boolean, string])[] = [
    [request.parallelToolCalls === false && tools.length > 0, 'parallel_tool_calls'],
    [logitBias !== null && Object.keys(logitBias).length > 0, 'logit_bias'],
    [(request.topLogprobs ?? 0) > 0, 'top_logprobs'],
    [(request.choices ?? 1) !== 1, 'n'],
  ]
  for (const [isAsked, param] of asked) if (isAsked) throw cannotSay(dialect, param)
}

function writeTools({ tools, toolChoice }: HubRequest): JsonObject {
  const names = namesIn(toolChoice)
  const sent = tools.filter(
    (tool) => names === null || tool.type === 'native' || names.includes(tool.name),
  )
  const isStrict = sent.every((tool) => tool.type === 'function' && tool.strict === true)
  return {
    tools: sent.map(writeTool),
    strict_tools: sent.length > 0 && isStrict ? true : null,
    tool_choice: sent.length > 0 ? choiceWord(toolChoice) : null,
  }
}

/** The tools that may be called, or null for all. */
function namesIn(choice: HubRequest['toolChoice']): readonly string[] | null {
  if (choice?.type === 'tool') return [choice.name]
  return choice?.type === 'allowed' ? choice.names : null
}

/** A free choice has no word: it is what happens without one. */
function choiceWord(choice: HubRequest['toolChoice']): string | null {
  switch (choice?.type) {
    case 'none':
      return 'NONE'
    case 'required':
    case 'tool':
      return 'REQUIRED'
    case 'allowed':
      return choice.mode === 'required' ? 'REQUIRED' : null
    default:
      return null
  }
}

function writeTool(tool: Tool): JsonObject {
  if (tool.type !== 'function') throw cannotSay(dialect, 'tools')
  const { name, description, parameters } = tool
  return {
    type: 'function',
    function: {
      name,
      ...(description !== null && { description }),
      parameters: parameters ?? { type: 'object', properties: {} },
    },
  }
}

function writeFormat(format: ResponseFormat | null): JsonObject | null {
  switch (format?.type) {
    case undefined:
      return null
    case 'text':
      return { type: 'text' }
    case 'json':
      return { type: 'json_object' }
    case 'json-schema':
      return { type: 'json_object', json_schema: format.schema }
  }
}

const budgetOfEffort: ReadonlyMap<string, number> = new Map([
  ['minimal', 1_024],
  ['low', 1_024],
  ['medium', 8_192],
  ['high', 24_576],
  ['xhigh', 31_000],
  ['max', 31_000],
])

function writeThinking(settings: ReasoningSettings | null): JsonObject | null {
  if (settings === null) return null
  const { enabled, effort, budgetTokens } = settings
  if (enabled === false || effort === 'none') return { type: 'disabled' }
  const budget = budgetTokens ?? budgetOfEffort.get(effort ?? '') ?? null
  if (budget === null && enabled !== true) return null
  return { type: 'enabled', ...(budget !== null && { token_budget: budget }) }
}
