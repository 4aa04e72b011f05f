/** What an answer will be, worked out from the request before the first byte of it is sent. */
import type { DemoSettings } from '../../config/config.ts'
import { GatewayError } from '../../core/errors.ts'
import { isObject, type JsonObject, objectAt, textAt } from '../../core/json.ts'
import { type DemoOptions, readModel } from './options.ts'
import { seedOf, textTokens } from './text.ts'
import { type DemoToolCall, demandedToolCall } from './tool.ts'

/** One answer, before it is said in a dialect. */
export interface Script {
  /** 24 hexadecimal digits, made from the request: the same request has the same ids. */
  readonly id: string
  /**
   * Seconds since 1970, made from the request like the id and not from the clock: what is the
   * same request gets the same bytes, today and next year.
   */
  readonly createdSeconds: number
  /** The model name without its options. */
  readonly model: string
  readonly request: JsonObject
  readonly options: DemoOptions
  readonly stream: boolean
  /** The request asked for usage at the end of the stream. */
  readonly includeUsage: boolean
  readonly promptTokens: number
  /** How many tokens the answer has, at most `options.tokens`. */
  readonly outputTokens: number
  /** The request's own limit ends the answer. */
  readonly limited: boolean
  readonly tool: DemoToolCall | null
}

/** What differs between the endpoints that make text. */
export interface ScriptShape {
  /** The request's field that holds the prompt. */
  readonly promptField: 'messages' | 'prompt' | 'input'
  /** The fields that limit the answer, the first that is set counts. */
  readonly limitFields: readonly string[]
  /** Whether the endpoint knows tools. */
  readonly tools: boolean
}

/** Answers that hold their whole text in one piece are bounded; streams are not. */
const WHOLE_TOKENS_MAX = 100_000

/** 2026-01-01, and a year in seconds. */
const CREATED_FROM = 1_767_225_600
const CREATED_SPAN = 31_536_000

/**
 * Parses a request body and its model name.
 * @throws GatewayError `invalid_json`, `missing_model`, or `invalid_request` naming an option.
 */
export function readRequest(
  body: Uint8Array | null,
  settings: DemoSettings,
): { request: JsonObject; model: string; options: DemoOptions } {
  const request = parse(body)
  const model = textAt(request, 'model')
  if (model === null || model === '') throw new GatewayError('missing_model', { param: 'model' })
  const { name, options } = readModel(model, settings)
  return { request, model: name, options }
}

/**
 * Works out an answer.
 * @throws GatewayError `invalid_request` for what is missing, of a wrong type, or not offered here:
 * refusing is better than an answer to another question.
 */
export function writeScript(
  body: Uint8Array,
  read: { request: JsonObject; model: string; options: DemoOptions },
  shape: ScriptShape,
): Script {
  const { request, options } = read
  const prompt = request[shape.promptField]
  if (prompt === undefined || prompt === null) throw missing(shape.promptField)
  if (!Array.isArray(prompt) && (typeof prompt !== 'string' || shape.promptField === 'messages')) {
    throw wrong(shape.promptField, 'an array')
  }
  refuseUnoffered(request)
  const stream = request.stream ?? false
  if (typeof stream !== 'boolean') throw wrong('stream', 'a boolean')
  const tool = shape.tools ? demandedToolCall(request) : null
  const wanted = tool === null ? options.tokens : tool.fragments.length
  const limit = limitOf(request, shape.limitFields)
  const outputTokens = Math.min(wanted, limit)
  // Responses repeats the whole text at its end, so it counts as whole even where it streams.
  if (outputTokens > WHOLE_TOKENS_MAX && (!stream || shape.promptField === 'input')) {
    throw unoffered('model', `At most ${WHOLE_TOKENS_MAX} tokens here: their text is kept whole.`)
  }
  const digest = new Bun.CryptoHasher('sha256').update(body).digest('hex')
  return {
    id: digest.slice(0, 24),
    createdSeconds: CREATED_FROM + (Number.parseInt(digest.slice(24, 36), 16) % CREATED_SPAN),
    model: read.model,
    request,
    options,
    stream,
    includeUsage: objectAt(request, 'stream_options')?.include_usage === true,
    promptTokens: Math.ceil(JSON.stringify(prompt).length / 4),
    outputTokens,
    limited: limit < wanted,
    tool,
  }
}

/** The tokens of the answer, one after the other; made when they are asked for, never all. */
export function* scriptTokens(script: Script): Generator<string, void> {
  const tokens = script.tool?.fragments ?? textTokens(textSeed(script))
  let left = script.outputTokens
  for (const token of tokens) {
    if (left-- <= 0) return
    yield token
  }
}

/** The text hangs on the prompt alone, so that with and without `stream` it is the same. */
function textSeed(script: Script): number {
  const { request, options } = script
  if (options.seed !== null) return options.seed
  if (typeof request.seed === 'number') return request.seed
  return seedOf(JSON.stringify(request.messages ?? request.prompt ?? request.input))
}

function parse(body: Uint8Array | null): JsonObject {
  let parsed: unknown
  try {
    parsed = JSON.parse(new TextDecoder().decode(body ?? new Uint8Array()))
  } catch {
    throw new GatewayError('invalid_json')
  }
  if (!isObject(parsed)) throw new GatewayError('invalid_json')
  return parsed
}

function limitOf(request: JsonObject, fields: readonly string[]): number {
  for (const field of fields) {
    const limit = request[field]
    if (limit === undefined || limit === null) continue
    if (typeof limit !== 'number' || !Number.isInteger(limit)) throw wrong(field, 'an integer')
    if (limit < 1) {
      throw new GatewayError('invalid_request', {
        message: `Invalid '${field}': integer below minimum value. Expected a value >= 1.`,
        param: field,
        providerCode: 'integer_below_min_value',
      })
    }
    return limit
  }
  return Number.POSITIVE_INFINITY
}

function refuseUnoffered(request: JsonObject): void {
  for (const field of ['n', 'best_of']) {
    const count = request[field] ?? 1
    if (count !== 1) throw unoffered(field, 'The demo provider gives one choice.')
  }
  if (Array.isArray(request.prompt) && request.prompt.length > 1 && isList(request.prompt[0])) {
    throw unoffered('prompt', 'The demo provider takes one prompt.')
  }
  if (request.background === true) {
    throw unoffered('background', 'The demo provider keeps nothing in the background.')
  }
  if (typeof request.previous_response_id === 'string') {
    throw new GatewayError('invalid_request', {
      message: 'The demo provider stores no responses; send the whole input.',
      param: 'previous_response_id',
      providerCode: 'previous_response_not_found',
    })
  }
}

/** A prompt may be one array of token numbers; an array of texts or arrays is several prompts. */
function isList(first: unknown): boolean {
  return typeof first !== 'number'
}

function missing(field: string): GatewayError {
  return new GatewayError('invalid_request', {
    message: `Missing required parameter: '${field}'.`,
    param: field,
    providerCode: 'missing_required_parameter',
  })
}

function wrong(field: string, expected: string): GatewayError {
  return new GatewayError('invalid_request', {
    message: `Invalid type for '${field}': expected ${expected}.`,
    param: field,
    providerCode: 'invalid_type',
  })
}

function unoffered(field: string, message: string): GatewayError {
  return new GatewayError('invalid_request', {
    message,
    param: field,
    providerCode: 'unsupported_value',
  })
}
