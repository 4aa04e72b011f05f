/**
 * The official SDKs read a stream with ids and heartbeats as they read one without them, and the
 * rest of one that was lost.
 */
import { afterEach, expect, setDefaultTimeout, test } from 'bun:test'
import Anthropic from '@anthropic-ai/sdk'
import { GoogleGenAI } from '@google/genai'
import OpenAI from 'openai'
import { endStands, type Stand } from '../behaviour/client-stand.ts'
import { startPairs } from '../behaviour/dialect-stand.ts'
import { forget } from '../behaviour/resume-stand.ts'
import { type DialectName, streamedAnswers } from '../kit/dialect-answers.ts'

setDefaultTimeout(30_000)
afterEach(endStands)

type Fetch = (input: string | URL | Request, init?: RequestInit) => Promise<Response>

/** What an SDK reads, and how it is asked. */
type Reader = (origin: string, send: Fetch) => Promise<string>

const settings = { apiKey: 'any', maxRetries: 0, timeout: 20_000 }
const messages = [{ role: 'user' as const, content: 'Hi' }]

const chat: Reader = async (origin, send) => {
  const client = new OpenAI({ ...settings, baseURL: `${origin}/v1`, fetch: send })
  const model = 'openai/gpt-test'
  let text = ''
  const stream = await client.chat.completions.create({ model, messages, stream: true })
  for await (const { choices } of stream) text += choices[0]?.delta.content ?? ''
  return text
}

const responses: Reader = async (origin, send) => {
  const client = new OpenAI({ ...settings, baseURL: `${origin}/v1`, fetch: send })
  const model = 'openai/gpt-test'
  let text = ''
  const stream = await client.responses.create({ model, input: 'Hi', stream: true })
  for await (const event of stream) {
    if (event.type === 'response.output_text.delta') text += event.delta
  }
  return text
}

const anthropic: Reader = async (origin, send) => {
  const client = new Anthropic({ ...settings, baseURL: origin, fetch: send })
  const model = 'anthropic/claude-test'
  let text = ''
  const stream = await client.messages.create({ model, messages, max_tokens: 9, stream: true })
  for await (const event of stream) {
    if (event.type === 'content_block_delta' && event.delta.type === 'text_delta') {
      text += event.delta.text
    }
  }
  return text
}

/** A provider that pauses between its events, so that there are heartbeats. */
const start = (dialect: DialectName): Promise<Stand> =>
  startPairs(
    async (_request, connection) => {
      await connection.head(200, { 'content-type': 'text/event-stream' })
      for (const event of streamedAnswers[dialect].events) {
        await connection.chunk(event)
        await Bun.sleep(40)
      }
      await connection.end()
    },
    { STREAM_HEARTBEAT_INTERVAL_MS: '15', STREAM_RESUME_KEEP_MS: '1500' },
  )

const readers = { chat, responses, messages: anthropic } as const

test.each(Object.entries(readers))('%s', async (dialect, read) => {
  const stand = await start(dialect as DialectName)
  let id = ''
  const asked = await read(stand.url.origin, async (input, init) => {
    const headers = new Headers(init?.headers)
    headers.set('x-sluice-resume', '1')
    const response = await fetch(input, { ...init, headers })
    id = response.headers.get('x-sluice-stream-id') ?? ''
    return response
  })
  expect(asked).toBe('Hello there')
  expect((await stand.record(0)).heartbeats).toBeGreaterThan(3)
  // As if the connection had broken behind the first event with content.
  const { untilContent } = streamedAnswers[dialect as DialectName]
  const rest = await read(stand.url.origin, () =>
    fetch(`${stand.url.origin}/v1/streams/${id}`, {
      headers: { 'last-event-id': `${id}-${untilContent}` },
    }),
  )
  expect(rest).toBe(' there')
  await forget(stand, id)
})

/** It parses everything behind the first `data:` of an event, so ids are nothing for it. */
test("Google's fails with ids, and leaves nothing out", async () => {
  const stand = await start('gemini')
  const headers = { 'x-sluice-resume': '1' }
  const httpOptions = { baseUrl: stand.url.origin, headers }
  const { models } = new GoogleGenAI({ apiKey: 'any', httpOptions })
  const read = async (): Promise<void> => {
    const question = { model: 'gemini/gemini-test', contents: 'Hi' }
    for await (const _chunk of await models.generateContentStream(question));
  }
  await expect(read()).rejects.toThrow()
  await stand.record(0)
})
