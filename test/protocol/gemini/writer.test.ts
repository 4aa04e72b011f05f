/** What is written for Gemini's clients, read back by the SDKs that they use. */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { createGoogle } from '@ai-sdk/google'
import { streamText } from 'ai'
import { GatewayError } from '../../../src/core/errors.ts'
import { writeResponse } from '../../../src/protocol/gemini/response.ts'
import { GeminiWriter } from '../../../src/protocol/gemini/stream-write.ts'
import { gemini } from '../../../src/protocol/gemini.ts'
import type { HubEvent } from '../../../src/protocol/hub/events.ts'
import { answerContext, chunksOf, decode, ScriptedGemini, summaryOfChunks } from './stand.ts'

let server: ScriptedGemini

beforeAll(() => {
  server = new ScriptedGemini()
})
afterAll(() => server.stop())

const choice = 0
const foreign = { dialect: 'openai-chat', value: {} } as const
const start: HubEvent = {
  type: 'start',
  id: 'chatcmpl-1',
  model: 'gpt-5',
  createdS: 1_700_000_000,
  serviceTier: null,
  fingerprint: 'fp',
}
const text = (block: number, said: string): HubEvent => ({
  type: 'text-delta',
  choice,
  block,
  text: said,
  logprobs: null,
})
const thought = (block: number, said: string): HubEvent => ({
  type: 'reasoning-delta',
  choice,
  block,
  text: said,
  summary: false,
})
const tool = (block: number, id: string, name: string): HubEvent => ({
  type: 'tool-start',
  choice,
  block,
  id,
  name,
  custom: false,
  signature: null,
})
const args = (block: number, json: string): HubEvent => ({
  type: 'tool-delta',
  choice,
  block,
  arguments: json,
})
const end = (block: number): HubEvent => ({ type: 'block-end', choice, block })
const finish = (reason: 'stop' | 'length' | 'tool-calls' | 'content-filter'): HubEvent => ({
  type: 'finish',
  choice,
  reason,
  native: 'COMPLETE',
  stopSequence: null,
  details: null,
})
const usage: HubEvent = {
  type: 'usage',
  usage: {
    inputTokens: 20,
    outputTokens: 12,
    cachedInputTokens: 4,
    cacheWriteInputTokens: null,
    reasoningTokens: 5,
    native: { dialect: 'openai-chat', value: {} },
  },
}

/** Blocks that interleave, empty texts, usage that comes twice and after the finish. */
const agentTurn: readonly HubEvent[] = [
  start,
  thought(0, 'Let me '),
  thought(0, 'see.'),
  {
    type: 'reasoning-signature',
    choice,
    block: 0,
    kind: 'signature',
    signature: 'sig+/=',
    signedBy: 'anthropic-messages',
    id: null,
  },
  end(0),
  text(1, ''),
  text(1, 'Hällo 🙂 '),
  tool(2, 'call_a', 'weather'),
  tool(3, 'call_b', 'clock'),
  args(2, '{"city":"Par'),
  args(3, ''),
  text(1, 'there'),
  args(2, 'is","days":2}'),
  end(3),
  end(2),
  end(1),
  { type: 'raw', choice, native: foreign },
  usage,
  finish('tool-calls'),
  usage,
  { type: 'end' },
]

const expectedSummary = {
  text: 'Hällo 🙂 there',
  reasoning: 'Let me see.',
  calls: [
    { name: 'clock', args: {} },
    { name: 'weather', args: { city: 'Paris', days: 2 } },
  ],
  input: 20,
  output: 12,
  thoughts: 5,
}

const written = (events: readonly HubEvent[]): string =>
  new GeminiWriter(answerContext()).write(events)

describe('a stream that is written', () => {
  test('gives @google/genai what was said', async () => {
    server.body = written(agentTurn)
    const { chunks, raised } = await server.stream()
    expect(raised).toBeNull()
    expect(summaryOfChunks(chunks)).toEqual(expectedSummary)
    expect(chunks.map((chunk) => chunk.candidates?.[0]?.finishReason).filter(Boolean)).toEqual([
      chunks.at(-1)?.candidates?.[0]?.finishReason,
    ])
    expect(String(chunks.at(-1)?.candidates?.[0]?.finishReason)).toBe('STOP')
    for (const chunk of chunks) {
      expect([chunk.responseId, chunk.modelVersion]).toEqual(['chatcmpl-1', 'gpt-5'])
      // The SDK's chats forget a turn in which one chunk came without parts.
      expect(chunk.candidates?.[0]?.content?.parts?.length).toBeGreaterThan(0)
    }
    const ids = chunks.flatMap((chunk) => chunk.functionCalls ?? []).map(({ id }) => id)
    expect(ids).toEqual(['call_b', 'call_a'])
    expect(chunks.at(-1)?.usageMetadata).toEqual({
      promptTokenCount: 20,
      candidatesTokenCount: 7,
      totalTokenCount: 32,
      cachedContentTokenCount: 4,
      thoughtsTokenCount: 5,
    })
  })

  test('gives a chat of @google/genai a turn that it remembers', async () => {
    server.body = written(agentTurn)
    const chat = server.client.chats.create({ model: 'gemini-3-flash' })
    for await (const _chunk of await chat.sendMessageStream({ message: 'hi' })) {
      // Only the history counts.
    }
    const [asked, ...answered] = chat.getHistory(true)
    expect([asked?.role, answered.length > 0]).toEqual(['user', true])
    const { translation } = gemini
    const request = translation?.readRequest(
      { contents: chat.getHistory() },
      { model: 'gemini-3-flash', stream: true },
    )
    expect(request?.messages.map(({ role }) => role)).toEqual(['user', 'assistant'])
    // What another provider signed comes back as its own.
    expect(request?.messages[1]?.parts[0]).toEqual({
      type: 'reasoning',
      text: 'Let me see.',
      signature: 'sig+/=',
      redacted: null,
      signedBy: 'anthropic-messages',
      id: null,
    })
  })

  test('gives the Vercel SDK what was said', async () => {
    server.body = written(agentTurn)
    const google = createGoogle({ baseURL: `${server.origin}/v1beta`, apiKey: 'any' })
    const result = streamText({ model: google('gemini-3-flash'), prompt: 'hi', maxRetries: 0 })
    const parts = await Array.fromAsync(result.fullStream)
    const deltas = (type: string): string =>
      parts.flatMap((part) => (part.type === type && 'text' in part ? [part.text] : [])).join('')
    expect(deltas('text-delta')).toBe(expectedSummary.text)
    expect(deltas('reasoning-delta')).toBe(expectedSummary.reasoning)
    const calls = parts.flatMap((part) =>
      part.type === 'tool-call' ? [{ name: part.toolName, args: part.input }] : [],
    )
    expect(calls).toEqual(expectedSummary.calls)
    const last = parts.find((part) => part.type === 'finish')
    expect(last).toMatchObject({ finishReason: 'tool-calls' })
    expect(await result.usage).toMatchObject({ inputTokens: 20, outputTokens: 12 })
  })

  test('is CRLF events without names, and nothing after the end', () => {
    const writer = new GeminiWriter(answerContext())
    const body = writer.write(agentTurn)
    expect(body).toMatch(/^(data: \{[^\r\n]*\}\r\n\r\n)+$/)
    expect(writer.write([text(9, 'late'), { type: 'end' }])).toBe('')
  })

  test('is one JSON array without `alt=sse`', () => {
    const writer = new GeminiWriter(answerContext('json-array'))
    const body = agentTurn.map((event) => writer.write([event])).join(gemini.heartbeat)
    const list: unknown = JSON.parse(body)
    expect(list).toEqual(chunksOf(written(agentTurn)))
    const events = decode([new TextEncoder().encode(body)], 'json-array')
    expect(events.at(-1)).toEqual({ type: 'end' })
  })

  test('is an array also where it fails, at once or later', () => {
    const error: HubEvent = { type: 'error', error: new GatewayError('upstream_reset') }
    for (const events of [[error], [start, text(0, 'Hi'), error]]) {
      const body = new GeminiWriter(answerContext('json-array')).write(events)
      const list = JSON.parse(body) as { error?: { code: number } }[]
      expect([list.length, list.at(-1)?.error?.code]).toEqual([events.length === 1 ? 1 : 2, 502])
    }
  })

  test('ends in an error that the SDKs raise, and in nothing else', async () => {
    const error = new GatewayError('upstream_idle_timeout')
    const writer = new GeminiWriter(answerContext())
    server.body = writer.write([start, text(0, 'Hi'), { type: 'error', error }, finish('stop')])
    expect(writer.write([{ type: 'end' }])).toBe('')
    const { chunks, raised } = await server.stream()
    expect(chunks.map((chunk) => chunk.text)).toEqual(['Hi'])
    expect(raised).toMatchObject({ name: 'ApiError', status: 504 })
    expect(String(raised)).toContain('DEADLINE_EXCEEDED')
  })

  test('leaves out a call whose arguments were cut off', () => {
    const cut = [start, tool(0, 'call_a', 'weather'), args(0, '{"ci'), end(0)]
    const last = (reason: 'length' | 'tool-calls') =>
      chunksOf(written([...cut, finish(reason), { type: 'end' }]))
    expect(last('length')).toMatchObject([{ candidates: [{ finishReason: 'MAX_TOKENS' }] }])
    expect(last('tool-calls')).toMatchObject([
      { candidates: [{ finishReason: 'MALFORMED_FUNCTION_CALL' }] },
    ])
  })

  test('finishes every choice in the last chunk', () => {
    const second = (event: HubEvent): HubEvent =>
      'choice' in event ? ({ ...event, choice: 1 } as HubEvent) : event
    const chunks = chunksOf(
      written([
        start,
        text(0, 'a'),
        second(text(0, 'b')),
        finish('stop'),
        second(finish('length')),
        { type: 'end' },
      ]),
    )
    expect(chunks.at(-1)).toMatchObject({
      candidates: [
        { index: 0, finishReason: 'STOP' },
        { index: 1, finishReason: 'MAX_TOKENS' },
      ],
    })
    expect(chunks).toHaveLength(3)
  })

  test('names the sources of another dialect where clients look for them', () => {
    const citation: HubEvent = {
      type: 'citation',
      choice,
      block: 0,
      citation: {
        url: 'https://a.example/',
        title: 'A',
        citedText: 'said',
        start: 0,
        end: 4,
        native: foreign,
      },
    }
    const chunks = chunksOf(
      written([start, text(0, 'said'), citation, finish('stop'), { type: 'end' }]),
    )
    expect(chunks.at(-1)).toMatchObject({
      candidates: [
        {
          groundingMetadata: {
            groundingChunks: [{ web: { uri: 'https://a.example/', title: 'A' } }],
            groundingSupports: [{ segment: { text: 'said' }, groundingChunkIndices: [0] }],
          },
        },
      ],
    })
  })
})

describe('an answer that is written whole', () => {
  test('gives @google/genai what was said', async () => {
    server.body = () => Response.json(writeResponse(agentTurn, answerContext()))
    const answer = await server.client.models.generateContent({
      model: 'gemini-3-flash',
      contents: 'hi',
    })
    expect(summaryOfChunks([answer])).toEqual(expectedSummary)
    expect(answer.candidates?.[0]?.content?.parts?.length).toBe(4)
  })

  test('is an error where the answer was one', () => {
    const error = new GatewayError('upstream_incomplete')
    expect(() => writeResponse([start, { type: 'error', error }], answerContext())).toThrow(error)
  })
})

describe('a heartbeat', () => {
  test('is seen by no SDK, before, between and after the events', async () => {
    const parts = written(agentTurn).split(/(?<=\r\n\r\n)/)
    const { heartbeat } = gemini
    server.body = `${heartbeat}${parts.join(heartbeat)}${heartbeat}${heartbeat}`
    const { chunks, raised } = await server.stream()
    expect([chunks.length, raised]).toEqual([parts.length, null])
    expect(summaryOfChunks(chunks)).toEqual(expectedSummary)
    // Why it is no comment: the next event would be lost.
    server.body = parts.join(': ping\n')
    expect((await server.stream()).chunks).toHaveLength(1)
  })

  test('does not disturb the Vercel SDK either', async () => {
    server.body = written(agentTurn).replaceAll('\r\n\r\n', `\r\n\r\n${gemini.heartbeat}`)
    const google = createGoogle({ baseURL: `${server.origin}/v1beta`, apiKey: 'any' })
    const { text: said } = streamText({ model: google('gemini-3-flash'), prompt: 'hi' })
    expect(await said).toBe(expectedSummary.text)
  })
})
