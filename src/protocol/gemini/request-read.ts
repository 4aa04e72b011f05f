/** Reads the body of `generateContent` and `streamGenerateContent`. */
import { GatewayError } from '../../core/errors.ts'
import { isObject, type JsonObject, textAt } from '../../core/json.ts'
import { emptyRequest } from '../hub/empty-request.ts'
import type { HubRequest, ResponseFormat } from '../hub/request.ts'
import type { RequestPath } from '../translation.ts'
import { camelKeys, wordAt } from './fields.ts'
import { invalid } from './invalid.ts'
import { readMessages } from './messages-read.ts'
import { readThinking } from './reasoning.ts'
import { readSchema } from './schema.ts'
import { readToolConfig, readTools } from './tools-read.ts'

/** Fields of the body that the hub has a place for. */
const knownFields: ReadonlySet<string> = new Set([
  'contents',
  'systemInstruction',
  'tools',
  'toolConfig',
  'generationConfig',
  'model',
  'serviceTier',
])

/** Fields of `generationConfig` that the hub has a place for. */
const knownConfig: ReadonlySet<string> = new Set([
  'temperature',
  'topP',
  'topK',
  'maxOutputTokens',
  'stopSequences',
  'seed',
  'candidateCount',
  'presencePenalty',
  'frequencyPenalty',
  'responseLogprobs',
  'logprobs',
  'responseMimeType',
  'responseSchema',
  'responseJsonSchema',
  'thinkingConfig',
])

/**
 * The request. What the hub has no place for is in `extra`, under its path in the body
 * (`safetySettings`, `generationConfig.speechConfig`, `toolConfig.retrievalConfig`).
 * @throws GatewayError a 400 that names the parameter.
 */
export function readRequest(given: JsonObject, path: RequestPath): HubRequest {
  const body = camelKeys(given)
  const config = generationConfig(body)
  const { choice, rest } = readToolConfig(body.toolConfig)
  const fields: Record<string, unknown> = { ...rest }
  for (const [key, value] of Object.entries(body)) if (!knownFields.has(key)) fields[key] = value
  for (const [key, value] of Object.entries(config)) {
    if (!knownConfig.has(key)) fields[`generationConfig.${key}`] = value
  }
  const format = readFormat(config, fields)
  return {
    ...emptyRequest(modelOf(body, path), 'gemini'),
    stream: path.stream ?? false,
    messages: readMessages(body),
    tools: readTools(body.tools),
    toolChoice: choice,
    responseFormat: format,
    reasoning: readThinking(config.thinkingConfig),
    outputTokensMax: number(config, 'maxOutputTokens'),
    temperature: number(config, 'temperature'),
    topP: number(config, 'topP'),
    topK: number(config, 'topK'),
    stop: stopOf(config),
    seed: number(config, 'seed'),
    choices: number(config, 'candidateCount'),
    frequencyPenalty: number(config, 'frequencyPenalty'),
    presencePenalty: number(config, 'presencePenalty'),
    logprobs: typeof config.responseLogprobs === 'boolean' ? config.responseLogprobs : null,
    topLogprobs: number(config, 'logprobs'),
    serviceTier: wordAt(body, 'serviceTier')?.toLowerCase() ?? null,
    extra: { dialect: 'gemini', fields },
  }
}

/** The path names the model; the body does in a batch, with the name of the collection in front. */
function modelOf(body: JsonObject, path: RequestPath): string {
  const model = (path.model ?? textAt(body, 'model') ?? '').replace(/^models\//, '')
  if (model === '') throw new GatewayError('missing_model', { param: 'model' })
  return model
}

function generationConfig(body: JsonObject): JsonObject {
  const config = body.generationConfig ?? {}
  if (!isObject(config)) throw invalid('generationConfig', 'an object')
  return camelKeys(config)
}

function number(config: JsonObject, key: string): number | null {
  const value = config[key]
  if (value === undefined || value === null) return null
  if (typeof value === 'number' && Number.isFinite(value)) return value
  throw invalid(`generationConfig.${key}`, 'a number')
}

function stopOf(config: JsonObject): readonly string[] {
  const stop = config.stopSequences ?? []
  if (Array.isArray(stop) && stop.every((sequence) => typeof sequence === 'string')) return stop
  throw invalid('generationConfig.stopSequences', 'a list of strings')
}

/** A type that is neither text nor JSON (`text/x.enum`) stays, with its schema, as it is. */
function readFormat(config: JsonObject, rest: Record<string, unknown>): ResponseFormat | null {
  const type = wordAt(config, 'responseMimeType')
  const { responseSchema, responseJsonSchema } = config
  if (type !== null && type !== 'text/plain' && type !== 'application/json') {
    rest['generationConfig.responseMimeType'] = type
    if (responseSchema !== undefined) rest['generationConfig.responseSchema'] = responseSchema
    return null
  }
  const whole = isObject(responseJsonSchema) ? responseJsonSchema : null
  const schema = whole ?? (isObject(responseSchema) ? readSchema(responseSchema) : null)
  if (schema !== null) {
    return { type: 'json-schema', name: null, description: null, schema, strict: null }
  }
  if (type === null) return null
  return { type: type === 'text/plain' ? 'text' : 'json' }
}
