/** `embedContent`, `batchEmbedContents`, and what Vertex has in their place (`predict`). */
import { isObject, type JsonObject, numberAt, objectAt, textAt } from '../../core/json.ts'
import { cannotSay } from '../hub/losses.ts'
import { camelAt, camelKeys, objectsAt, wordAt } from './fields.ts'
import { invalid } from './invalid.ts'

/** A request for embeddings. */
export interface EmbeddingRequest {
  readonly model: string
  /** One text for each embedding. */
  readonly inputs: readonly string[]
  /** How long the vectors shall be; null is the model's own length. */
  readonly dimensions: number | null
  /** Google's `taskType` (`RETRIEVAL_QUERY`); one for all inputs. */
  readonly taskType: string | null
  readonly title: string | null
}

/** Embeddings in the order of the inputs. */
export interface EmbeddingAnswer {
  readonly vectors: readonly (readonly number[])[]
  readonly inputTokens: number | null
}

/** Reads `:embedContent`. @throws GatewayError a 400 that names the parameter. */
export function readEmbedRequest(given: JsonObject, model: string): EmbeddingRequest {
  const one = readOne(camelKeys(given), 'content')
  return { model, inputs: [one.text], ...one.settings }
}

/** Reads `:batchEmbedContents`, whose requests must agree on everything but the text. */
export function readBatchRequest(given: JsonObject, model: string): EmbeddingRequest {
  const requests = objectsAt(given, 'requests')
  const [first, ...rest] = requests.map((item, index) =>
    readOne(item, `requests[${index}].content`),
  )
  if (first === undefined) throw invalid('requests', 'a list of requests')
  const settings = JSON.stringify(first.settings)
  if (rest.some((other) => JSON.stringify(other.settings) !== settings)) {
    throw cannotSay('gemini', 'requests')
  }
  return { model, inputs: [first, ...rest].map(({ text }) => text), ...first.settings }
}

type Settings = Pick<EmbeddingRequest, 'dimensions' | 'taskType' | 'title'>

function readOne(request: JsonObject, param: string): { text: string; settings: Settings } {
  const content = camelAt(request, 'content')
  const parts = content === null ? [] : objectsAt(content, 'parts')
  const texts = parts.map((part) => textAt(part, 'text'))
  if (texts.length === 0 || texts.includes(null)) throw invalid(param, 'a content of text parts')
  // Newer clients put the settings into an object of their own.
  const config = camelAt(request, 'embedContentConfig') ?? request
  return {
    text: texts.join('\n'),
    settings: {
      dimensions: numberAt(config, 'outputDimensionality'),
      taskType: wordAt(config, 'taskType'),
      title: wordAt(config, 'title'),
    },
  }
}

/** Writes `:batchEmbedContents`, which takes one input as well as many. */
export function writeBatchRequest(request: EmbeddingRequest): JsonObject {
  const { dimensions, taskType, title } = request
  const model = `models/${request.model.replace(/^models\//, '')}`
  return {
    requests: request.inputs.map((text) => ({
      model,
      content: { parts: [{ text }] },
      ...(dimensions !== null && { outputDimensionality: dimensions }),
      ...(taskType !== null && { taskType }),
      ...(title !== null && { title }),
    })),
  }
}

/** Writes Vertex's `:predict`. */
export function writePredictRequest(request: EmbeddingRequest): JsonObject {
  const { dimensions, taskType, title } = request
  return {
    instances: request.inputs.map((content) => ({
      content,
      ...(taskType !== null && { task_type: taskType }),
      ...(title !== null && { title }),
    })),
    ...(dimensions !== null && { parameters: { outputDimensionality: dimensions } }),
  }
}

/**
 * The embeddings in an answer of any of the three methods; null where it holds none, or where one
 * is no list of numbers.
 */
export function readEmbeddings(given: JsonObject): EmbeddingAnswer | null {
  const body = camelKeys(given)
  const single = camelAt(body, 'embedding')
  const predictions = objectsAt(body, 'predictions').map(
    (item) => camelAt(item, 'embeddings') ?? {},
  )
  const embeddings = [
    ...(single === null ? [] : [single]),
    ...objectsAt(body, 'embeddings'),
    ...predictions,
  ]
  const vectors = embeddings.map(({ values }) => values)
  if (vectors.length === 0 || !vectors.every(isVector)) return null
  const counts = embeddings.map((item) => tokensOf(item)).filter((count) => count !== null)
  const reported = numberAt(objectAt(body, 'usageMetadata') ?? {}, 'promptTokenCount')
  const counted = counts.length === 0 ? null : counts.reduce((sum, count) => sum + count, 0)
  return { vectors, inputTokens: reported ?? counted }
}

const isVector = (value: unknown): value is readonly number[] =>
  Array.isArray(value) && value.every((item) => typeof item === 'number')

/** Vertex counts the tokens of each input beside its vector. */
function tokensOf(embedding: JsonObject): number | null {
  const statistics = embedding.statistics
  if (!isObject(statistics)) return null
  return numberAt(camelKeys(statistics), 'tokenCount')
}

/** The answer to `:embedContent`. */
export function writeEmbedding({ vectors }: EmbeddingAnswer): JsonObject {
  return { embedding: { values: vectors[0] ?? [] } }
}

/** The answer to `:batchEmbedContents`. */
export function writeBatch({ vectors }: EmbeddingAnswer): JsonObject {
  return { embeddings: vectors.map((values) => ({ values })) }
}
