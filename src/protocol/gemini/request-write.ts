/** Writes the body of `generateContent` and `streamGenerateContent`. */
import type { JsonObject } from '../../core/json.ts'
import { withFunctionTools } from '../hub/function-tools.ts'
import { cannotSay } from '../hub/losses.ts'
import type { HubRequest, ResponseFormat } from '../hub/request.ts'
import { needsSignedCalls } from './foreign.ts'
import { dropOrRefuse } from './losses.ts'
import { writeMessages } from './messages-write.ts'
import { writeThinking } from './reasoning.ts'
import { writeToolChoice, writeTools } from './tools-write.ts'

/** A body in the making. */
type Draft = Record<string, unknown>

/** Tiers that Google has as well; the words of others mean "as usual". */
const tiers: ReadonlySet<string> = new Set(['standard', 'flex', 'priority'])

/**
 * The body; model and streaming are in the path.
 * @throws GatewayError a 400 that names the parameter, for what the dialect cannot say.
 */
export function writeRequest(said: HubRequest): JsonObject {
  const request = withFunctionTools(said)
  if (request.parallelToolCalls === false && request.tools.length > 0) {
    throw cannotSay('gemini', 'parallel_tool_calls')
  }
  if (request.logitBias !== null && Object.keys(request.logitBias).length > 0) {
    throw cannotSay('gemini', 'logit_bias')
  }
  const { contents, systemInstruction } = writeMessages(
    request.messages,
    needsSignedCalls(request.model),
  )
  const body: Draft = { contents }
  if (systemInstruction !== null) body.systemInstruction = systemInstruction
  if (request.tools.length > 0) body.tools = writeTools(request.tools)
  if (request.toolChoice !== null) {
    body.toolConfig = { functionCallingConfig: writeToolChoice(request.toolChoice) }
  }
  const config = writeConfig(request)
  if (Object.keys(config).length > 0) body.generationConfig = config
  if (request.serviceTier !== null && tiers.has(request.serviceTier)) {
    body.serviceTier = request.serviceTier
  }
  addExtra(body, request.extra)
  return body
}

function writeConfig(request: HubRequest): JsonObject {
  const fields: Draft = {
    temperature: request.temperature,
    topP: request.topP,
    topK: request.topK,
    maxOutputTokens: request.outputTokensMax,
    stopSequences: request.stop.length > 0 ? request.stop : null,
    seed: request.seed,
    candidateCount: request.choices,
    presencePenalty: request.presencePenalty,
    frequencyPenalty: request.frequencyPenalty,
    responseLogprobs: request.logprobs,
    logprobs: request.topLogprobs,
    ...formatFields(request.responseFormat),
    thinkingConfig: writeThinking(request),
  }
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== null))
}

function formatFields(format: ResponseFormat | null): JsonObject {
  switch (format?.type) {
    case undefined:
      return {}
    case 'text':
      return { responseMimeType: 'text/plain' }
    case 'json':
      return { responseMimeType: 'application/json' }
    case 'json-schema':
      return { responseMimeType: 'application/json', responseJsonSchema: format.schema }
  }
}

/** Fields of our own go back to their path; those of another dialect are on the list, or a 400. */
function addExtra(body: Draft, extra: HubRequest['extra']): void {
  for (const [path, value] of Object.entries(extra.fields)) {
    if (extra.dialect !== 'gemini') {
      dropOrRefuse(path)
      continue
    }
    const steps = path.split('.')
    const last = steps.pop() ?? path
    let target = body
    for (const step of steps) {
      const next = target[step]
      const copy: Draft = typeof next === 'object' && next !== null ? { ...next } : {}
      target[step] = copy
      target = copy
    }
    target[last] = value
  }
}
