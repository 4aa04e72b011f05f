/** Counting and embedding: the shapes of the methods, as the official SDK has them. */
import { describe, expect, test } from 'bun:test'
import { GatewayError } from '../../../src/core/errors.ts'
import {
  readCount,
  readCountRequest,
  writeCount,
  writeCountRequest,
} from '../../../src/protocol/gemini/count.ts'
import {
  readBatchRequest,
  readEmbeddings,
  readEmbedRequest,
  writeBatch,
  writeBatchRequest,
  writeEmbedding,
  writePredictRequest,
} from '../../../src/protocol/gemini/embeddings.ts'
import { ScriptedGemini } from './stand.ts'

const path = { model: 'gemini-3-flash', stream: false }
const contents = [{ role: 'user', parts: [{ text: 'hi' }] }]

describe('counting', () => {
  test('reads contents alone, a whole request, and one spread out', () => {
    const whole = { contents, systemInstruction: { parts: [{ text: 'be kind' }] } }
    const count = (body: object) =>
      readCountRequest({ ...body }, path).messages.map(({ role }) => role)
    expect(count({ contents })).toEqual(['user'])
    expect(count(whole)).toEqual(['system', 'user'])
    expect(count({ generateContentRequest: { model: 'models/x', ...whole } })).toEqual([
      'system',
      'user',
    ])
    expect(() => count({ generateContentRequest: 7 })).toThrow(GatewayError)
  })

  test('writes what each place takes', () => {
    const plain = readCountRequest({ contents }, path)
    expect(writeCountRequest(plain, 'gemini')).toEqual({ contents })
    const systemInstruction = { parts: [{ text: 'be kind' }] }
    const whole = readCountRequest({ contents, systemInstruction }, path)
    expect(writeCountRequest(whole, 'vertex')).toEqual({ contents, systemInstruction })
    expect(writeCountRequest(whole, 'gemini')).toEqual({
      generateContentRequest: { model: 'models/gemini-3-flash', contents, systemInstruction },
    })
  })

  test('answers what the official SDK reads', async () => {
    const server = new ScriptedGemini()
    const count = { totalTokens: 31, cachedTokens: 4 }
    server.body = () => Response.json(writeCount(count))
    const answer = await server.client.models.countTokens({
      model: 'gemini-3-flash',
      contents: 'hi',
    })
    expect([answer.totalTokens, answer.cachedContentTokenCount]).toEqual([31, 4])
    expect(readCount(writeCount(count))).toEqual(count)
    expect(readCount({ error: {} })).toBeNull()
    await server.stop()
  })
})

describe('embedding', () => {
  const wanted = {
    model: 'gemini-embedding-001',
    inputs: ['a', 'b'],
    dimensions: 3,
    taskType: 'RETRIEVAL_QUERY',
    title: null,
  }

  test('what is written for many is read as it was', () => {
    expect(readBatchRequest(writeBatchRequest(wanted), wanted.model)).toEqual(wanted)
    expect(writePredictRequest(wanted)).toEqual({
      instances: [
        { content: 'a', task_type: 'RETRIEVAL_QUERY' },
        { content: 'b', task_type: 'RETRIEVAL_QUERY' },
      ],
      parameters: { outputDimensionality: 3 },
    })
  })

  test('reads the request for one, in both spellings', () => {
    const body = { content: { parts: [{ text: 'a' }, { text: 'b' }] }, output_dimensionality: 3 }
    expect(readEmbedRequest(body, 'm')).toEqual({
      model: 'm',
      inputs: ['a\nb'],
      dimensions: 3,
      taskType: null,
      title: null,
    })
    expect(() => readEmbedRequest({ content: { parts: [{ inlineData: {} }] } }, 'm')).toThrow(
      GatewayError,
    )
    expect(() => readBatchRequest({}, 'm')).toThrow(GatewayError)
    const mixed = {
      requests: [
        { content: { parts: [{ text: 'a' }] }, taskType: 'A' },
        { content: { parts: [{ text: 'b' }] }, taskType: 'B' },
      ],
    }
    expect(() => readBatchRequest(mixed, 'm')).toThrow(GatewayError)
  })

  test('reads the answers of all three methods', () => {
    const vectors = [
      [1, 2],
      [3, 4],
    ]
    const answer = { vectors, inputTokens: null }
    expect(readEmbeddings(writeBatch(answer))).toEqual(answer)
    expect(readEmbeddings(writeEmbedding(answer))).toEqual({ ...answer, vectors: [[1, 2]] })
    const predictions = vectors.map((values) => ({
      embeddings: { values, statistics: { token_count: 2 } },
    }))
    expect(readEmbeddings({ predictions })).toEqual({ vectors, inputTokens: 4 })
    expect(readEmbeddings({ embeddings: [{ values: 'x' }] })).toBeNull()
    expect(readEmbeddings({})).toBeNull()
  })

  test('is understood by the official SDK, and understands it', async () => {
    const server = new ScriptedGemini()
    server.body = () => Response.json(writeBatch({ vectors: [[1], [2]], inputTokens: null }))
    const answer = await server.client.models.embedContent({
      model: wanted.model,
      contents: wanted.inputs.slice(),
      config: { outputDimensionality: 3, taskType: 'RETRIEVAL_QUERY' },
    })
    expect(answer.embeddings?.map(({ values }) => values)).toEqual([[1], [2]])
    const sent = server.requests.at(-1)
    expect(sent?.path).toContain(':batchEmbedContents')
    expect(readBatchRequest(sent?.body as object as never, wanted.model)).toEqual(wanted)
    await server.stop()
  })
})
