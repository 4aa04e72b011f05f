/**
 * Secrets that can be told apart, in every place that holds one, and everything that the executable
 * gives out while things go right and wrong: no secret and no prompt is in any of it.
 */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { sendJson } from '../kit/answers.ts'
import { ask, RawClient, type RequestToSend } from '../kit/client.ts'
import { closedPort } from '../kit/dead-ends.ts'
import { type Program, startBinary } from '../kit/program.ts'
import { startUpstream, type Upstream } from '../kit/upstream.ts'
import { bodyOf, chat } from './request-stand.ts'

const secrets = {
  OPENAI_API_KEY: 'sk-canaryOpenai0123456789abcdefABCDEF',
  ANTHROPIC_API_KEY: 'sk-ant-canaryAnthropic0123456789abcdef',
  GEMINI_API_KEY: 'AIzaCanaryGemini0123456789abcdefghijklm',
  GROQ_API_KEY: 'gsk_canaryGroq0123456789abcdef',
  API_KEYS: 'canary-client-key-0123456789,canary-other-key-9876543210',
  KEY_SECRET: 'canary-key-secret-0123456789abcdef012345',
  ADMIN_TOKEN: 'canary-admin-token-0123456789abcdef0123456789',
} as const
const [clientKey = ''] = secrets.API_KEYS.split(',')
const prompt = 'canary-prompt-do-not-log'
const tried = 'canary-tried-key-31415926'

/** What nobody may see: the secrets, and half of each, for a mask that shows too much. */
const hidden = [...Object.values(secrets).flatMap((text) => text.split(',')), prompt, tried]
const canaries = hidden.flatMap((text) => [text, text.slice(0, 16), text.slice(-12)])

let upstream: Upstream
let program: Program
/** Everything that came out, with where it came from. */
const outputs: (readonly [where: string, text: string])[] = []

const headers = { authorization: `Bearer ${clientKey}` }
const messages = [{ role: 'user', content: prompt }]
const asking = (behaviour: string, provider = 'openai', stream = false): RequestToSend =>
  chat({ model: `${provider}/${behaviour}`, messages, stream }, headers)

/** A provider that gives away what it was sent, in every way that providers do. */
async function tellAll(authorization: string, model: string): Promise<readonly [number, unknown]> {
  const key = authorization.replace('Bearer ', '')
  const error = { message: `Incorrect API key provided: ${key}.`, type: 'x', code: key, param: key }
  if (model.includes('unauthorized')) return [401, { error }]
  if (model.includes('forbidden')) return [403, { error }]
  if (model.includes('invalid')) return [400, { error }]
  if (model.includes('broken')) return [500, { error, key }]
  return [200, { id: 'x', object: 'chat.completion', choices: [] }]
}

beforeAll(async () => {
  upstream = startUpstream(async (request, connection) => {
    const asked = await request.text()
    const sent = ['authorization', 'x-api-key', 'x-goog-api-key'].map((name) =>
      request.header(name),
    )
    const key = sent.find((value) => value !== null) ?? ''
    if (asked.includes('html')) {
      await connection.head(502, { 'content-type': 'text/html', server: key })
      await connection.chunk(`<h1>${key}</h1>`)
      return connection.end()
    }
    if (asked.includes('event')) {
      await connection.head(200, { 'content-type': 'text/event-stream' })
      await connection.chunk(`data: {"error":{"message":"bad key ${key}","code":"${key}"}}\n\n`)
      return connection.end()
    }
    if (asked.includes('redirect')) {
      return connection.head(302, { location: `http://x/?key=${key}`, 'content-length': '0' })
    }
    if (asked.includes('reset')) return connection.reset()
    const [status, body] = await tellAll(key, asked)
    await sendJson(connection, status, body, { 'set-cookie': key, 'x-key': key })
  })
  program = await startBinary({
    ...secrets,
    OPENAI_BASE_URL: `${upstream.url}/v1`,
    ANTHROPIC_BASE_URL: upstream.url,
    GEMINI_BASE_URL: upstream.url,
    GROQ_BASE_URL: `http://127.0.0.1:${closedPort()}/v1`,
    RETRIES_MAX: '0',
    LOG_LEVEL: 'debug',
    LOG_FORMAT: 'json',
  })
}, 150_000)

afterAll(async () => {
  await program?.stop()
  upstream?.stop()
})

async function record(where: string, request: RequestToSend): Promise<number> {
  const response = await ask(program.url, request)
  const head = response.headers.map((line) => line.join(': ')).join('\n')
  outputs.push([where, `${response.statusLine}\n${head}\n\n${response.text()}`])
  return response.status
}

const behaviours = [
  ...['ok', 'unauthorized', 'forbidden', 'invalid', 'broken', 'html', 'event', 'redirect', 'reset'],
]

describe('answers', () => {
  test.each(behaviours)('of a provider that tells its key: %s', async (behaviour) => {
    for (const provider of ['openai', 'anthropic', 'gemini']) {
      for (const stream of [false, true]) {
        const status = await record(behaviour, asking(behaviour, provider, stream))
        expect(status).not.toBe(401)
      }
    }
    expect(upstream.requestCount).toBeGreaterThan(0)
  })

  test('of a provider that is not there', async () => {
    expect(await record('closed port', asking('any', 'groq'))).toBe(502)
  })

  test.each<[string, RequestToSend, number]>([
    ['wrong key', chat({}, { authorization: `Bearer ${tried}` }), 401],
    ['wrong key in the query', { path: `/v1beta/models?key=${tried}` }, 401],
    ['wrong key of Anthropic', { path: '/v1/models', headers: { 'x-api-key': tried } }, 401],
    ['broken body', { ...bodyOf(`{"model":"${prompt}`), headers }, 400],
    ['unknown model', chat({ model: 'nobody', messages }, headers), 404],
    ['unknown path', { path: `/nothing/${tried}`, headers }, 404],
    ['health', { path: '/healthz' }, 200],
    ['readiness', { path: '/readyz' }, 200],
    ['models', { path: '/v1/models', headers }, 200],
    ['document', { path: '/docs/json' }, 200],
    ['page', { path: '/docs' }, 200],
    [
      'metrics',
      {
        path: '/buffer-pool-metrics',
        headers: { authorization: `Bearer ${secrets.ADMIN_TOKEN}` },
      },
      200,
    ],
    [
      'metrics with a wrong token',
      { path: '/buffer-pool-metrics', headers: { authorization: `Bearer ${tried}` } },
      401,
    ],
  ])('of our own: %s', async (where, request, status) => {
    expect(await record(where, request)).toBe(status)
  })

  test('a client that goes', async () => {
    const client = await RawClient.connect(program.url)
    await client.send('POST /v1/chat/completions HTTP/1.1\r\nhost: a\r\ncontent-length: 999\r\n')
    await client.send(`authorization: Bearer ${clientKey}\r\n\r\n{"model":"${prompt}`)
    client.reset()
    await program.untilLog(/client_gone/)
  })
})

test('no secret and no prompt is in any of it', async () => {
  await program.stop()
  outputs.push(['log', program.log])
  expect(program.log.split('\n').length).toBeGreaterThan(50)
  expect(outputs.length).toBeGreaterThan(60)
  const found = outputs.flatMap(([where, text]) =>
    canaries.filter((canary) => text.includes(canary)).map((canary) => `${where}: ${canary}`),
  )
  expect([...new Set(found)]).toEqual([])
})
