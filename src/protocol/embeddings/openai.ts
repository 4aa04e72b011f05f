/** OpenAI's `/embeddings`, which Mistral, Voyage and most compatible servers speak as well. */
import { GatewayError } from '../../core/errors.ts'
import { isObject, type JsonObject, numberAt, objectAt, textAt } from '../../core/json.ts'
import type { EmbeddingAnswer, EmbeddingInputType, EmbeddingRequest } from './embeddings.ts'
import { readVector } from './embeddings.ts'

/** Fields that the hub has words for. `input_type` and `truncate` are what others add to it. */
const knownFields: ReadonlySet<string> = new Set([
  'model',
  'input',
  'dimensions',
  'encoding_format',
  'user',
  'input_type',
  'truncate',
])

const inputTypes: ReadonlyMap<string, EmbeddingInputType> = new Map([
  ['query', 'query'],
  ['search_query', 'query'],
  ['document', 'document'],
  ['passage', 'document'],
  ['search_document', 'document'],
  ['classification', 'classification'],
  ['clustering', 'clustering'],
])

/** OpenAI's own limit. */
const INPUTS_MAX = 2_048

const invalid = (param: string, must: string): GatewayError =>
  new GatewayError('invalid_request', { message: `Invalid '${param}': ${must}.`, param })

/**
 * A client's request.
 * @throws GatewayError a 400 that names the parameter. Lists of tokens are refused: they mean
 *   something else to every model, and only the one they were made for can read them.
 */
export function readEmbeddingRequest(body: JsonObject): EmbeddingRequest {
  const model = textAt(body, 'model')
  if (!model) throw new GatewayError('missing_model', { param: 'model' })
  const { dimensions, encoding_format, truncate } = body
  if (!isAbsent(dimensions) && !(Number.isSafeInteger(dimensions) && Number(dimensions) > 0)) {
    throw invalid('dimensions', 'expected an integer above 0')
  }
  const encoding = encoding_format ?? 'float'
  if (encoding !== 'float' && encoding !== 'base64') {
    throw invalid('encoding_format', "expected 'float' or 'base64'")
  }
  const cut = typeof truncate === 'string' ? truncate.toLowerCase() : null
  return {
    model,
    inputs: readInputs(body.input),
    dimensions: numberAt(body, 'dimensions'),
    inputType: inputTypes.get((textAt(body, 'input_type') ?? '').toLowerCase()) ?? null,
    truncate: cut === 'none' || cut === 'start' || cut === 'end' ? cut : null,
    encoding,
    userId: textAt(body, 'user'),
    extra: Object.fromEntries(Object.entries(body).filter(([key]) => !knownFields.has(key))),
  }
}

const isAbsent = (value: unknown): boolean => value === undefined || value === null

function readInputs(input: unknown): readonly string[] {
  const list: readonly unknown[] = Array.isArray(input) ? input : [input]
  if (list.length === 0 || list.length > INPUTS_MAX) {
    throw invalid('input', `expected a text, or a list of 1 to ${INPUTS_MAX} texts`)
  }
  return list.map((item) => {
    if (typeof item === 'string') return item
    const isTokens = typeof item === 'number' || Array.isArray(item)
    throw invalid('input', isTokens ? 'this provider takes text, not tokens' : 'expected text')
  })
}

/** The body for a provider of this API. It is asked for numbers, which every server can give. */
export function writeEmbeddingRequest(request: EmbeddingRequest): JsonObject {
  const { model, inputs, dimensions, userId, extra } = request
  return {
    ...extra,
    model,
    input: inputs,
    ...(dimensions !== null && { dimensions }),
    ...(userId !== null && { user: userId }),
  }
}

/**
 * A provider's answer; vectors may come as numbers or in base64, and in any order.
 * @throws GatewayError `upstream_protocol_error` for one without vectors.
 */
export function readEmbeddingAnswer(body: JsonObject): EmbeddingAnswer {
  const { data } = body
  if (!Array.isArray(data) || !data.every(isObject)) {
    throw new GatewayError('upstream_protocol_error')
  }
  const placed = data.map((entry, position) => ({
    index: numberAt(entry, 'index') ?? position,
    vector: readEmbedding(entry.embedding),
  }))
  placed.sort((left, right) => left.index - right.index)
  const usage = objectAt(body, 'usage') ?? {}
  return {
    model: textAt(body, 'model') ?? '',
    vectors: placed.map(({ vector }) => vector),
    inputTokens: numberAt(usage, 'prompt_tokens') ?? numberAt(usage, 'total_tokens'),
  }
}

function readEmbedding(value: unknown): readonly number[] {
  if (typeof value !== 'string') return readVector(value)
  const bytes = Buffer.from(value, 'base64')
  if (bytes.length === 0 || bytes.length % FLOAT_BYTES !== 0) {
    throw new GatewayError('upstream_protocol_error')
  }
  const length = bytes.length / FLOAT_BYTES
  return Array.from({ length }, (_, index) => bytes.readFloatLE(index * FLOAT_BYTES))
}

const FLOAT_BYTES = 4

/** The answer for a client, in the encoding that it asked for. */
export function writeEmbeddingAnswer(
  answer: EmbeddingAnswer,
  { encoding, model }: Pick<EmbeddingRequest, 'encoding' | 'model'>,
): JsonObject {
  const { vectors, inputTokens } = answer
  return {
    object: 'list',
    data: vectors.map((vector, index) => ({
      object: 'embedding',
      index,
      embedding: encoding === 'base64' ? toBase64(vector) : vector,
    })),
    model: answer.model || model,
    // The SDKs expect numbers, so what is not known is 0.
    usage: { prompt_tokens: inputTokens ?? 0, total_tokens: inputTokens ?? 0 },
  }
}

/** 32-bit floats, little end first, as OpenAI sends them. */
function toBase64(vector: readonly number[]): string {
  const bytes = Buffer.alloc(vector.length * FLOAT_BYTES)
  for (const [index, number] of vector.entries()) bytes.writeFloatLE(number, index * FLOAT_BYTES)
  return bytes.toString('base64')
}
