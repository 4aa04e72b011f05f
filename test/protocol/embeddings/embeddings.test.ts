/** Embeddings of every API here, as OpenAI's SDK and the providers' own read and write them. */
import { describe, expect, test } from 'bun:test'
import { CohereClientV2 } from 'cohere-ai'
import OpenAI from 'openai'
import { readBedrockAnswer, writeBedrockRequest } from '../../../src/protocol/embeddings/bedrock.ts'
import {
  readTitanAnswer,
  titanInputsMax,
  writeTitanRequest,
} from '../../../src/protocol/embeddings/bedrock-titan.ts'
import {
  cohereInputsMax,
  readCohereAnswer,
  writeCohereRequest,
} from '../../../src/protocol/embeddings/cohere.ts'
import {
  checkedAnswer,
  type EmbeddingRequest,
  joinAnswers,
  splitRequest,
} from '../../../src/protocol/embeddings/embeddings.ts'
import { readOllamaAnswer, writeOllamaRequest } from '../../../src/protocol/embeddings/ollama.ts'
import {
  readEmbeddingAnswer,
  readEmbeddingRequest,
  writeEmbeddingAnswer,
  writeEmbeddingRequest,
} from '../../../src/protocol/embeddings/openai.ts'
import { refusedParam } from '../hub-request.ts'
import { replayServer } from '../replay.ts'

const request = (rest: Partial<EmbeddingRequest> = {}): EmbeddingRequest => ({
  model: 'm',
  inputs: ['a', 'b'],
  dimensions: null,
  inputType: null,
  truncate: null,
  encoding: 'float',
  userId: null,
  extra: {},
  ...rest,
})

const codeOf = (run: () => unknown): unknown => {
  try {
    run()
    return null
  } catch (thrown) {
    return (thrown as { code: unknown }).code
  }
}

/** Numbers that a float of 32 bits holds exactly. */
const vectors = [
  [0.5, -1, 0.25],
  [1, 0, -0.125],
]

const asBytes = (body: object) => new TextEncoder().encode(JSON.stringify(body))

describe('OpenAI', () => {
  test('a request is read, and written as it was', () => {
    const body = { model: 'm', input: ['a', 'b'], dimensions: 3, user: 'u', own: 1 }
    const read = readEmbeddingRequest({ ...body, encoding_format: 'base64' })
    expect(read).toEqual(
      request({ dimensions: 3, userId: 'u', encoding: 'base64', extra: { own: 1 } }),
    )
    expect(writeEmbeddingRequest(read)).toEqual(body)
    expect(readEmbeddingRequest({ model: 'm', input: 'a' }).inputs).toEqual(['a'])
  })

  test.each([
    ['input', { model: 'm' }],
    ['input', { model: 'm', input: [] }],
    ['input', { model: 'm', input: [1, 2] }],
    ['input', { model: 'm', input: [[1, 2]] }],
    ['input', { model: 'm', input: [null] }],
    ['dimensions', { model: 'm', input: 'a', dimensions: 0 }],
    ['dimensions', { model: 'm', input: 'a', dimensions: '3' }],
    ['encoding_format', { model: 'm', input: 'a', encoding_format: 'hex' }],
  ])('a wrong %s is named: %j', (param, body) => {
    expect(refusedParam(() => readEmbeddingRequest(body))).toBe(param)
  })

  test('without a model there is none', () => {
    expect(codeOf(() => readEmbeddingRequest({ input: 'a' }))).toBe('missing_model')
  })

  test.each(['float', 'base64'] as const)('its SDK reads our %s', async (encoding) => {
    const written = writeEmbeddingAnswer(
      { model: '', vectors, inputTokens: 7 },
      request({ encoding }),
    )
    expect(readEmbeddingAnswer(written)).toEqual({ model: 'm', vectors, inputTokens: 7 })
    const server = replayServer(asBytes(written), 'application/json')
    try {
      const client = new OpenAI({ apiKey: 'key', baseURL: server.address })
      // Without a format the SDK asks for base64 and decodes it itself.
      const format = encoding === 'float' ? { encoding_format: 'float' as const } : {}
      const answer = await client.embeddings.create({ model: 'm', input: 'a', ...format })
      const asked = readEmbeddingRequest(JSON.parse(server.requests[0]?.body ?? ''))
      expect(asked.encoding).toBe(encoding)
      expect(answer.data.map(({ embedding }) => Array.from(embedding))).toEqual(vectors)
      expect(answer.usage).toEqual({ prompt_tokens: 7, total_tokens: 7 })
    } finally {
      await server.stop()
    }
  })

  test('vectors in another order are put in order', () => {
    const data = [
      { index: 1, embedding: vectors[1] },
      { index: 0, embedding: vectors[0] },
    ]
    expect(readEmbeddingAnswer({ data }).vectors).toEqual(vectors)
  })

  test.each([
    {},
    { data: [1] },
    { data: [{ embedding: 'abc' }] },
    { data: [{ embedding: ['x'] }] },
  ])('%j is no answer', (body) => {
    expect(codeOf(() => readEmbeddingAnswer(body))).toBe('upstream_protocol_error')
  })
})

describe('Cohere', () => {
  test('is asked as its SDK asks', async () => {
    const answer = { id: 'x', embeddings: { float: vectors }, meta: {} }
    const server = replayServer(asBytes(answer), 'application/json')
    try {
      const client = new CohereClientV2({ token: 'key', environment: server.address })
      await client.embed({
        model: 'm',
        texts: ['a', 'b'],
        inputType: 'search_query',
        embeddingTypes: ['float'],
        outputDimension: 256,
        truncate: 'END',
      })
      const written = writeCohereRequest(
        request({ inputType: 'query', dimensions: 256, truncate: 'end' }),
      )
      expect(JSON.parse(server.requests[0]?.body ?? '')).toEqual(
        JSON.parse(JSON.stringify(written)),
      )
    } finally {
      await server.stop()
    }
  })

  test('documents are what nobody said', () => {
    expect(writeCohereRequest(request()).input_type).toBe('search_document')
  })

  test.each([[{ float: vectors }], [vectors]])('an answer', (embeddings) => {
    const meta = { billed_units: { input_tokens: 5 } }
    expect(readCohereAnswer({ embeddings, meta })).toEqual({ model: '', vectors, inputTokens: 5 })
    expect(codeOf(() => readCohereAnswer({ embeddings: {} }))).toBe('upstream_protocol_error')
  })
})

describe('Titan', () => {
  test('takes one text', () => {
    const one = request({ inputs: ['a'], dimensions: 256 })
    expect(writeTitanRequest(one)).toEqual({ inputText: 'a', dimensions: 256 })
    expect(refusedParam(() => writeTitanRequest(request()))).toBe('input')
    const first = { ...one, model: 'amazon.titan-embed-text-v1' }
    expect(refusedParam(() => writeTitanRequest(first))).toBe('dimensions')
  })

  test('an answer', () => {
    const embedding = vectors[0] ?? []
    const expected = { model: '', vectors: [embedding], inputTokens: 3 }
    expect(readTitanAnswer({ embedding, inputTextTokenCount: 3 })).toEqual(expected)
    const byType = { embeddingsByType: { float: embedding }, inputTextTokenCount: 3 }
    expect(readTitanAnswer(byType)).toEqual(expected)
    expect(codeOf(() => readTitanAnswer({}))).toBe('upstream_protocol_error')
  })
})

describe('Bedrock', () => {
  test('speaks as the model does', () => {
    const one = request({ inputs: ['a'] })
    const titan = writeBedrockRequest({ ...one, model: 'amazon.titan-embed-text-v2:0' })
    expect(titan).toEqual({ inputText: 'a' })
    const cohere = writeBedrockRequest({ ...one, model: 'cohere.embed-english-v3' })
    expect(cohere).toMatchObject({ texts: ['a'], input_type: 'search_document' })
    expect(cohere.model).toBeUndefined()
    expect(readBedrockAnswer({ embeddings: { float: vectors } }).vectors).toEqual(vectors)
    expect(readBedrockAnswer({ embedding: vectors[0] }).vectors).toEqual([vectors[0] ?? []])
  })
})

test('Ollama', () => {
  expect(writeOllamaRequest(request({ dimensions: 256, truncate: 'none' }))).toEqual({
    ...{ model: 'm', input: ['a', 'b'], dimensions: 256, truncate: false },
  })
  const body = { model: 'm', embeddings: vectors, prompt_eval_count: 4 }
  expect(readOllamaAnswer(body)).toEqual({ model: 'm', vectors, inputTokens: 4 })
})

describe('requests in parts', () => {
  test('are split in order and joined in order', () => {
    const inputs = Array.from({ length: 200 }, (_, index) => `${index}`)
    const parts = splitRequest(request({ inputs }), cohereInputsMax)
    expect(parts.map((part) => part.inputs.length)).toEqual([96, 96, 8])
    expect(parts.flatMap((part) => part.inputs)).toEqual(inputs)
    const answers = parts.map((part) => ({
      model: '',
      vectors: part.inputs.map((input) => [Number(input)]),
      inputTokens: part.inputs.length,
    }))
    const joined = joinAnswers(answers)
    expect(joined.inputTokens).toBe(200)
    expect(joined.vectors.flat()).toEqual(inputs.map(Number))
    expect(checkedAnswer(joined, request({ inputs }))).toBe(joined)
    expect(splitRequest(request(), titanInputsMax)).toHaveLength(2)
  })

  test('with a part that was not counted are not counted', () => {
    const answer = { model: 'm', vectors: [[1]], inputTokens: null }
    expect(joinAnswers([answer, { ...answer, inputTokens: 4 }]).inputTokens).toBeNull()
    expect(codeOf(() => checkedAnswer(answer, request()))).toBe('upstream_protocol_error')
  })
})
