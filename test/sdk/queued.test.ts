/**
 * A stream that waits for its turn is told its place in comments. Every official SDK reads the
 * answer behind them as if nothing had been there, in every dialect and every framing.
 */
import { afterAll, afterEach, beforeAll, expect, test } from 'bun:test'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { GoogleGenAI } from '@google/genai'
import OpenAI from 'openai'
import type { App } from '../../src/app.ts'
import type { Exchange } from '../../src/observe/exchange.ts'
import { startAppWith } from '../behaviour/client-stand.ts'
import { ask, jsonRequest } from '../kit/client.ts'
import { type DialectName, streamedAnswers } from '../kit/dialect-answers.ts'
import { expectNothingLeft } from '../kit/leftovers.ts'
import { eventually } from '../kit/signal.ts'
import { startUpstream, type Upstream } from '../kit/upstream.ts'
import type { UpstreamConnection } from '../kit/upstream-connection.ts'
import { findPython, Python, pythonVariable } from './choke-python.ts'
import { models, scriptReaders } from './choke-readers.ts'

const said = 'Hello there'
const messages = [{ role: 'user' as const, content: 'Hi' }]
const geminiModel = 'gemini/gemini-test'
/** Some heartbeats long. */
const HELD_MS = 250
const found = findPython()
const python = found === null ? null : new Python(found)

const directory = mkdtempSync(join(tmpdir(), 'sluice-queued-'))
const records: Exchange[] = []
let upstream: Upstream
let app: App
/** Lets the answer that is held go; null while none is. */
let release: (() => void) | null = null
let isHolding = false

const completion = JSON.stringify({
  ...{ id: 'chatcmpl-test', object: 'chat.completion', created: 1, model: 'gpt-test' },
  choices: [{ index: 0, message: { role: 'assistant', content: said }, finish_reason: 'stop' }],
})

async function respondJson(connection: UpstreamConnection): Promise<void> {
  await connection.head(200, { 'content-type': 'application/json' })
  await connection.chunk(completion)
  await connection.end()
}

const dialectOf = (path: string): DialectName => {
  if (path.includes(':streamGenerateContent')) return 'gemini'
  if (path.endsWith('/responses')) return 'responses'
  return path.endsWith('/messages') ? 'messages' : 'chat'
}

beforeAll(async () => {
  upstream = startUpstream(async (request, connection) => {
    const { stream } = JSON.parse(Buffer.from(await request.bytes()).toString())
    const { events } = streamedAnswers[dialectOf(request.path)]
    if (isHolding) {
      isHolding = false
      await new Promise<void>((resolve) => {
        release = resolve
      })
    }
    if (stream === false) return respondJson(connection)
    await connection.head(200, { 'content-type': 'text/event-stream' })
    for (const event of events) await connection.chunk(event)
    await connection.end()
  })
  const file = join(directory, 'sluice.json')
  const one = { concurrency: 1 }
  writeFileSync(file, JSON.stringify({ providers: { openai: one, anthropic: one, gemini: one } }))
  const started = await startAppWith(
    {
      ...{ PORT: '0', RETRIES_MAX: '0', CONFIG_FILE: file, STREAM_HEARTBEAT_INTERVAL_MS: '20' },
      ...{ OPENAI_API_KEY: 'sk-test', OPENAI_BASE_URL: `${upstream.url}/v1` },
      ...{ ANTHROPIC_API_KEY: 'sk-test', ANTHROPIC_BASE_URL: upstream.url },
      ...{ GEMINI_API_KEY: 'sk-test', GEMINI_BASE_URL: `${upstream.url}/v1beta` },
    },
    undefined,
    records,
  )
  app = started.app
})

afterEach(() => expectNothingLeft(app, { busyConnections: () => upstream.busyConnections }))

afterAll(async () => {
  await python?.stop()
  await app.stop(0)
  upstream.stop()
  rmSync(directory, { recursive: true, force: true })
})

/** What `read` makes of an answer that had to wait behind another one for the same model. */
async function behindAnother<Read>(model: string, read: () => Promise<Read>): Promise<Read> {
  records.length = 0
  isHolding = true
  const first = ask(app.url, jsonRequest('/v1/chat/completions', { model, messages, stream: true }))
  await eventually(() => release !== null, 'the first is with the provider')
  const reading = read()
  await eventually(() => app.leftovers().queued === 1, 'the second waits')
  await Bun.sleep(HELD_MS)
  release?.()
  release = null
  await first
  const outcome = await reading
  await eventually(() => records.length === 2, 'both records')
  const waited = records.find(({ queueWaitMs }) => queueWaitMs > 0)
  expect(waited?.queueWaitMs).toBeGreaterThan(HELD_MS / 2)
  expect(waited?.heartbeats).toBeGreaterThan(1)
  expect(waited?.endReason).toBe('completed')
  return outcome
}

for (const { name, provider, read } of scriptReaders) {
  test(name, async () => {
    const outcome = await behindAnother(models[provider], () => read(app.url.origin))
    expect(outcome).toEqual({ text: said, raised: null, isApiError: false })
  })
}

if (python === null) {
  test.skip(`the SDKs of Python (no python3 that has them; ${pythonVariable} names one)`, () => {})
} else {
  for (const { name, provider, read } of python.readers) {
    test(name, async () => {
      const outcome = await behindAnother(models[provider], () => read(app.url.origin))
      expect(outcome).toEqual({ text: said, raised: null, isApiError: false })
    })
  }
}

test('openai, responses', async () => {
  const client = new OpenAI({ apiKey: 'any', maxRetries: 0, baseURL: `${app.url.origin}/v1` })
  const text = await behindAnother(models.chat, async () => {
    let all = ''
    const stream = await client.responses.create({ model: models.chat, input: 'Hi', stream: true })
    for await (const event of stream) {
      if (event.type === 'response.output_text.delta') all += event.delta
    }
    return all
  })
  expect(text).toBe(said)
})

test('@google/genai', async () => {
  const httpOptions = { baseUrl: app.url.origin }
  const client = new GoogleGenAI({ apiKey: 'any', httpOptions })
  const text = await behindAnother(geminiModel, async () => {
    let all = ''
    const stream = await client.models.generateContentStream({
      model: geminiModel,
      contents: 'Hi',
    })
    for await (const chunk of stream) all += chunk.text ?? ''
    return all
  })
  expect(text).toBe(said)
})

test('Gemini as one JSON array, where only white space may stand between', async () => {
  const contents = [{ role: 'user', parts: [{ text: 'Hi' }] }]
  const path = `/v1beta/models/${geminiModel}:streamGenerateContent`
  const answer = await behindAnother(geminiModel, () =>
    ask(app.url, jsonRequest(path, { contents })),
  )
  expect(answer.text()).toStartWith('\n')
  expect(answer.text()).not.toContain('queued')
  const chunks = JSON.parse(answer.text()) as { candidates: { content: object }[] }[]
  const parts = chunks.flatMap(({ candidates }) => candidates.map(({ content }) => content))
  expect(JSON.stringify(parts)).toContain(' there')
})

test('one that wants no stream waits in silence, and has its whole answer', async () => {
  records.length = 0
  isHolding = true
  const body = { model: models.chat, messages, stream: false }
  const streamed = { ...body, stream: true }
  const first = ask(app.url, jsonRequest('/v1/chat/completions', streamed))
  await eventually(() => release !== null, 'the first is with the provider')
  const second = ask(app.url, jsonRequest('/v1/chat/completions', body))
  await eventually(() => app.leftovers().queued === 1, 'the second waits')
  await Bun.sleep(HELD_MS)
  release?.()
  release = null
  await first
  const answer = await second
  await eventually(() => records.length === 2, 'both records')
  const waited = records.find(({ queueWaitMs }) => queueWaitMs > 0)
  expect([answer.status, waited?.heartbeats]).toEqual([200, 0])
  expect(answer.text()).toBe(completion)
})
