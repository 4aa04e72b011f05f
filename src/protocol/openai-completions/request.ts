/** Reads and writes requests for legacy completions. */
import { isObject, type JsonObject } from '../../core/json.ts'
import { dropExtra } from '../hub/foreign-fields.ts'
import { cannotSay } from '../hub/losses.ts'
import type { HubRequest, Message } from '../hub/request.ts'
import { Fields, wrongParameter } from '../openai/fields.ts'
import { readSampling, withoutNulls, writeSampling } from '../openai/sampling.ts'
import type { RequestPath } from '../translation.ts'
import { losses } from './losses.ts'

/** @throws GatewayError a 400 that names the parameter, for a request the dialect forbids. */
export function readCompletionRequest(body: JsonObject, path: RequestPath): HubRequest {
  const fields = new Fields(body)
  const sampling = readSampling(fields, path, 'openai-completions')
  const options = fields.inside('stream_options')
  const includeUsage = options.flag('include_usage')
  const rest = options.rest()
  const topLogprobs = fields.integer('logprobs')
  const request: HubRequest = {
    ...sampling,
    messages: [readPrompt(fields)],
    outputTokensMax: fields.integer('max_tokens'),
    logprobs: topLogprobs === null ? null : true,
    topLogprobs,
    userId: fields.text('user'),
    includeUsage,
  }
  const asked = { suffix: asks(fields.text('suffix'), ''), echo: asks(fields.flag('echo'), false) }
  const bestOf = asks(fields.integer('best_of'), 1)
  const extra = {
    ...fields.rest(),
    ...(asked.suffix !== null && { suffix: asked.suffix }),
    ...(asked.echo !== null && { echo: asked.echo }),
    ...(bestOf !== null && { best_of: bestOf }),
    ...(Object.keys(rest).length > 0 && { stream_options: rest }),
  }
  return { ...request, extra: { dialect: 'openai-completions', fields: extra } }
}

/** Null for a value that asks for nothing, so that other dialects need not refuse it. */
function asks<Value>(value: Value, nothing: Value): Value | null {
  return value === nothing ? null : value
}

/** @throws GatewayError for several prompts, and for tokens, which only the tokenizer can read. */
function readPrompt(fields: Fields): Message {
  const prompt = fields.value('prompt')
  const only: unknown = Array.isArray(prompt) && prompt.length === 1 ? prompt[0] : prompt
  if (typeof only === 'string') return message(only)
  if (only === null) throw wrongParameter('prompt', 'a string or an array')
  if (Array.isArray(only)) {
    const text = 'one text; several prompts, or tokens, cannot be translated for this provider'
    throw wrongParameter('prompt', text)
  }
  throw wrongParameter('prompt', 'a string or an array')
}

function message(text: string): Message {
  const nothing = { citations: [], cache: null, signature: null }
  return {
    role: 'user',
    parts: text === '' ? [] : [{ type: 'text', text, ...nothing }],
    name: null,
  }
}

/** @throws GatewayError a 400 that names the parameter, for what the dialect cannot say. */
export function writeCompletionRequest(request: HubRequest): JsonObject {
  refuseWhatIsNotText(request)
  const { extra } = request
  const own = extra.dialect === 'openai-completions'
  if (!own) dropExtra(extra, losses)
  const options = own && isObject(extra.fields.stream_options) ? extra.fields.stream_options : {}
  return withoutNulls({
    ...(own && extra.fields),
    model: request.model,
    prompt: writePrompt(request.messages),
    stream: request.stream ? true : null,
    stream_options: request.stream ? { ...options, include_usage: true } : null,
    max_tokens: request.outputTokensMax,
    ...writeSampling(request),
    logprobs: request.logprobs === true ? (request.topLogprobs ?? 0) : null,
  })
}

function refuseWhatIsNotText({ tools, responseFormat, reasoning }: HubRequest): void {
  if (tools.length > 0) throw cannotSay('openai-completions', 'tools')
  if (responseFormat !== null && responseFormat.type !== 'text') {
    throw cannotSay('openai-completions', 'response_format')
  }
  if (reasoning !== null && reasoning.enabled !== false) {
    throw cannotSay('openai-completions', 'reasoning_effort')
  }
}

/** A conversation is not a prompt: putting it into one would be making up a format. */
function writePrompt(messages: readonly Message[]): string {
  const [first, ...others] = messages
  if (first === undefined || others.length > 0 || first.role !== 'user') {
    throw cannotSay('openai-completions', 'messages')
  }
  return first.parts
    .map((part) => {
      if (part.type === 'text') return part.text
      throw cannotSay('openai-completions', 'messages')
    })
    .join('')
}
