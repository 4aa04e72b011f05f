/** Reads a request for a chat completion. */
import { isObject, type JsonObject } from '../../core/json.ts'
import type { HubRequest, ReasoningSettings, ResponseFormat } from '../hub/request.ts'
import { Fields, wrongParameter } from '../openai/fields.ts'
import { readSampling } from '../openai/sampling.ts'
import type { RequestPath } from '../translation.ts'
import { rememberFunctions } from './functions.ts'
import { readMessages } from './messages-read.ts'
import { readToolChoice, readTools } from './tools-read.ts'

/** @throws GatewayError a 400 that names the parameter, for a request the dialect forbids. */
export function readChatRequest(body: JsonObject, path: RequestPath): HubRequest {
  const fields = new Fields(body)
  const sampling = readSampling(fields, path, 'openai-chat')
  if (fields.list('messages') === null) throw wrongParameter('messages', 'an array')
  const format = readFormat(fields)
  const reasoning = readReasoningSettings(fields)
  const user = fields.text('user')
  const safety = fields.text('safety_identifier')
  const streamOptions = readStreamOptions(fields)
  const usesFunctions = fields.list('functions') !== null
  const request: HubRequest = {
    ...sampling,
    messages: readMessages(fields.objects('messages')),
    tools: readTools(fields),
    toolChoice: readToolChoice(fields),
    parallelToolCalls: fields.flag('parallel_tool_calls'),
    responseFormat: format.known,
    reasoning: reasoning.known,
    outputTokensMax: readTokensMax(fields),
    logprobs: fields.flag('logprobs'),
    topLogprobs: fields.integer('top_logprobs'),
    userId: user ?? safety,
    serviceTier: fields.text('service_tier'),
    metadata: fields.object('metadata'),
    includeUsage: streamOptions.includeUsage,
    store: fields.flag('store'),
    verbosity: fields.text('verbosity'),
  }
  const extra = {
    ...fields.rest(),
    ...format.unknown,
    ...reasoning.unknown,
    ...streamOptions.unknown,
    ...(user !== null && safety !== null && { safety_identifier: safety }),
  }
  const whole = { ...request, extra: { dialect: 'openai-chat', fields: extra } } as const
  return usesFunctions ? rememberFunctions(whole) : whole
}

/** `max_tokens` is deprecated, and what most compatible providers know. */
function readTokensMax(fields: Fields): number | null {
  const deprecated = fields.integer('max_tokens')
  return fields.integer('max_completion_tokens') ?? deprecated
}

/** A value that the hub knows, and what must travel as it is. */
interface Reading<Known> {
  readonly known: Known | null
  readonly unknown: JsonObject
}

function readFormat(fields: Fields): Reading<ResponseFormat> {
  const format = fields.object('response_format')
  if (format === null) return { known: null, unknown: {} }
  const inner = fields.inside('response_format')
  switch (inner.text('type')) {
    case 'text':
      return { known: { type: 'text' }, unknown: {} }
    case 'json_object':
      return { known: { type: 'json' }, unknown: {} }
    case 'json_schema': {
      const about = inner.inside('json_schema')
      const schema = about.object('schema')
      if (schema === null) throw wrongParameter(about.pathOf('schema'), 'an object')
      const name = about.text('name')
      const description = about.text('description')
      const strict = about.flag('strict')
      return { known: { type: 'json-schema', name, description, schema, strict }, unknown: {} }
    }
    default:
      // Grammars and other forms of compatible servers.
      return { known: null, unknown: { response_format: format } }
  }
}

/**
 * OpenAI's `reasoning_effort`, OpenRouter's `reasoning`, and the `thinking` of DeepSeek, Z.ai and
 * LiteLLM's clients.
 */
function readReasoningSettings(fields: Fields): Reading<ReasoningSettings> {
  const effort = fields.text('reasoning_effort')
  const router = fields.inside('reasoning')
  const thinking = fields.inside('thinking')
  const named = effort ?? router.text('effort')
  const budgetTokens = router.integer('max_tokens') ?? thinking.integer('budget_tokens')
  const summary = router.text('summary')
  const type = thinking.text('type')
  const switched = router.flag('enabled') ?? (type === null ? null : type !== 'disabled')
  const enabled = named === 'none' ? false : switched
  const rest = { ...router.rest() }
  const unknown = Object.keys(rest).length === 0 ? {} : { reasoning: rest }
  const isSaid = [named, budgetTokens, summary, enabled].some((value) => value !== null)
  if (!isSaid) return { known: null, unknown }
  return { known: { enabled, effort: named, budgetTokens, summary }, unknown }
}

function readStreamOptions(fields: Fields): {
  readonly includeUsage: boolean | null
  readonly unknown: JsonObject
} {
  const options = fields.inside('stream_options')
  const includeUsage = options.flag('include_usage')
  const rest = options.rest()
  const isEmpty = !isObject(rest) || Object.keys(rest).length === 0
  return { includeUsage, unknown: isEmpty ? {} : { stream_options: rest } }
}
