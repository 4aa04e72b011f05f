/** Embeddings and token counts, where client and provider have different APIs for them. */
import { afterEach, expect, test } from 'bun:test'
import Anthropic from '@anthropic-ai/sdk'
import { GoogleGenAI } from '@google/genai'
import OpenAI from 'openai'
import { sendJson } from '../kit/answers.ts'
import { closedPort } from '../kit/dead-ends.ts'
import type { UpstreamScript } from '../kit/upstream.ts'
import { endStands, type Stand, startStand } from './client-stand.ts'

afterEach(endStands)

/** Answers by the end of the path; anything else fails the test. */
const byPath =
  (answers: Readonly<Record<string, (body: Record<string, unknown>) => unknown>>): UpstreamScript =>
  async (request, connection) => {
    const body = (await request.json()) as Record<string, unknown>
    const entry = Object.entries(answers).find(([end]) => request.path.endsWith(end))
    if (entry === undefined) throw new Error(`unexpected ${request.path}`)
    await sendJson(connection, 200, entry[1](body))
  }

/** A stand whose scripted provider is also Gemini, Anthropic and Cohere. */
async function everybody(script: UpstreamScript): Promise<Stand> {
  const free = closedPort()
  const address = `http://127.0.0.1:${free}`
  return startStand(
    script,
    {
      GEMINI_API_KEY: 'google-key',
      GEMINI_BASE_URL: `${address}/v1beta`,
      ANTHROPIC_API_KEY: 'anthropic-key',
      ANTHROPIC_BASE_URL: `${address}/v1`,
      COHERE_API_KEY: 'cohere-key',
      COHERE_BASE_URL: address,
    },
    undefined,
    free,
  )
}

const openaiAt = (stand: Stand) =>
  new OpenAI({ apiKey: 'x', baseURL: new URL('/v1', stand.url).href, maxRetries: 0 })

const googleAt = (stand: Stand) =>
  new GoogleGenAI({ apiKey: 'x', httpOptions: { baseUrl: stand.url.href } })

test("OpenAI's client gets embeddings of Gemini", async () => {
  const stand = await everybody(
    byPath({
      ':batchEmbedContents': (body) => ({
        embeddings: (body.requests as unknown[]).map((_, index) => ({ values: [index, 0.5] })),
      }),
    }),
  )
  const { data, model } = await openaiAt(stand).embeddings.create({
    model: 'gemini/gemini-embedding-001',
    input: ['a', 'b'],
    dimensions: 2,
  })
  expect(data.map(({ embedding }) => embedding)).toEqual([
    [0, 0.5],
    [1, 0.5],
  ])
  expect(model).toBe('gemini-embedding-001')
  const seen = await stand.upstream.request(0)
  expect(seen.header('x-goog-api-key')).toBe('google-key')
  expect(await seen.json()).toMatchObject({
    requests: [
      { model: 'models/gemini-embedding-001', outputDimensionality: 2 },
      { content: { parts: [{ text: 'b' }] } },
    ],
  })
})

test('texts are asked for in as many calls as it takes, and are put in order', async () => {
  const stand = await everybody(
    byPath({
      '/v2/embed': (body) => ({
        embeddings: { float: (body.texts as string[]).map((text) => [Number(text)]) },
        meta: { billed_units: { input_tokens: 1 } },
      }),
    }),
  )
  const input = Array.from({ length: 200 }, (_, index) => String(index))
  const { data, usage } = await openaiAt(stand).embeddings.create({
    model: 'cohere/embed-v4.0',
    input,
    encoding_format: 'float',
  })
  expect(data.map(({ embedding }) => embedding[0])).toEqual(input.map(Number))
  expect(stand.upstream.requestCount).toBe(3)
  expect(usage.prompt_tokens).toBe(3)
})

test("Gemini's client gets embeddings of an OpenAI provider", async () => {
  const stand = await everybody(
    byPath({
      '/embeddings': (body) => ({
        object: 'list',
        model: body.model,
        data: (body.input as string[]).map((_, index) => ({ index, embedding: [index, 2] })),
        usage: { prompt_tokens: 4, total_tokens: 4 },
      }),
    }),
  )
  const { embeddings } = await googleAt(stand).models.embedContent({
    model: 'openai/text-embedding-3-small',
    contents: ['a', 'b'],
  })
  expect(embeddings?.map(({ values }) => values)).toEqual([
    [0, 2],
    [1, 2],
  ])
})

test("Anthropic's client counts with Gemini, and Gemini's with Anthropic", async () => {
  const stand = await everybody(
    byPath({
      ':countTokens': () => ({ totalTokens: 31 }),
      '/messages/count_tokens': () => ({ input_tokens: 42 }),
    }),
  )
  const anthropic = new Anthropic({ apiKey: 'x', baseURL: stand.url.href, maxRetries: 0 })
  const messages = [{ role: 'user' as const, content: 'How long is this?' }]
  const counted = await anthropic.messages.countTokens({ model: 'gemini/gemini-3-pro', messages })
  expect(counted.input_tokens).toBe(31)
  const model = 'anthropic/claude-sonnet-4-5'
  const answer = await googleAt(stand).models.countTokens({ model, contents: 'How long is this?' })
  expect(answer.totalTokens).toBe(42)
  const own = await anthropic.messages.countTokens({ model, messages })
  expect(own.input_tokens).toBe(42)
  expect(await (await stand.upstream.request(2)).json()).toEqual({
    model: 'claude-sonnet-4-5',
    messages,
  })
})

test('a provider without them says so, in the dialect of the client', async () => {
  const stand = await everybody(byPath({}))
  const openai = openaiAt(stand)
  const model = 'anthropic/claude-sonnet-4-5'
  // The SDK's promise is one of its own kind; a plain one is what the test can look at.
  const embedding = async () => await openai.embeddings.create({ model, input: 'a' })
  await expect(embedding()).rejects.toThrow("The provider 'anthropic' makes no embeddings.")
  const count = googleAt(stand).models.countTokens({ model: 'openai/gpt-5', contents: 'a' })
  await expect(count).rejects.toThrow("The provider 'openai' cannot count tokens.")
  expect(stand.upstream.requestCount).toBe(0)
})
