/** What two workers tell of their requests, together: lists, ends, and sums. */
import { afterAll, beforeAll, expect, setDefaultTimeout, test } from 'bun:test'
import type { LiveStream } from '../../src/observe/live.ts'
import type { PerformanceAnswer } from '../../src/server/performance-answer.ts'
import { chatEvents, eventText, sendJson } from '../kit/answers.ts'
import { ask, jsonRequest, RawClient } from '../kit/client.ts'
import { descendants, isAlive } from '../kit/processes.ts'
import { type Program, startBinary } from '../kit/program.ts'
import type { RawResponse } from '../kit/response.ts'
import { eventually } from '../kit/signal.ts'
import { startUpstream, type Upstream } from '../kit/upstream.ts'

setDefaultTimeout(60_000)

const STREAMS = 16
const headers = { authorization: 'Bearer token-of-the-operator' }
const [role = '', ...words] = chatEvents(['Hello', ' there'])

let upstream: Upstream
let program: Program
const release = Promise.withResolvers<void>()

beforeAll(async () => {
  upstream = startUpstream(async (request, connection) => {
    const body = await request.text()
    if (body.includes('gpt-broken')) return await sendJson(connection, 500, { error: {} })
    await connection.head(200, { 'content-type': 'text/event-stream' })
    await connection.chunk([role, words[0] ?? ''].map(eventText).join(''))
    await Promise.race([release.promise, connection.closed])
    if (connection.isClosed) return
    await connection.chunk([...words.slice(1), '[DONE]'].map(eventText).join(''))
    await connection.end()
  })
  program = await startBinary(
    {
      WORKERS: '2',
      ADMIN_TOKEN: 'token-of-the-operator',
      OPENAI_API_KEY: 'sk-test',
      OPENAI_BASE_URL: `${upstream.url}/v1`,
      RETRIES_MAX: '0',
      SHUTDOWN_GRACE_MS: '500',
      LOG_LEVEL: 'silent',
    },
    { readyWithinMs: 30_000 },
  )
  // A worker that starts late gets no connection before that.
  await eventually(async () => (await list()).workers === 2, 'both workers are there', 20_000)
})

afterAll(async () => {
  await program.stop()
  upstream.stop()
})

async function operate<Answer>(path: string, method = 'GET') {
  const response = await ask(program.url, { method, path, headers })
  return { status: response.status, body: JSON.parse(response.text()) as Answer }
}

interface Listed {
  readonly streams: readonly LiveStream[]
  readonly total: number
  readonly workers: number
}

const list = async (): Promise<Listed> => (await operate<Listed>('/api/streams')).body

/** Asks on a connection of its own: which worker has it is the kernel's choice. */
async function begin(model = 'gpt-test'): Promise<RawResponse> {
  const client = await RawClient.connect(program.url)
  const body = { model, stream: true, messages: [] }
  const response = client.request(jsonRequest('/v1/chat/completions', body))
  response.ended().finally(() => client.close())
  return response
}

async function beginAll(count: number): Promise<readonly RawResponse[]> {
  const begun = await Promise.all(Array.from({ length: count }, () => begin()))
  await Promise.all(begun.map((each) => each.until((r) => r.text().includes('Hello'), 'content')))
  return begun
}

const idOf = (response: RawResponse): string => response.header('x-request-id') ?? ''

test('whichever worker is asked tells and ends those of both; sums are what was sent', async () => {
  const begun = await beginAll(STREAMS)
  const { streams, total, workers } = await list()
  expect([total, workers]).toEqual([STREAMS, 2])
  expect(streams.map(({ id }) => id).sort()).toEqual(begun.map(idOf).sort())
  expect(new Set(streams.map(({ worker }) => worker)).size).toBe(2)
  expect(streams.map(({ at }) => at)).toEqual(streams.map(({ at }) => at).sort())

  const ended = begun.slice(0, STREAMS / 2)
  const seen = await Promise.all(
    ended.map((each) => operate<{ state: string }>(`/api/streams/${idOf(each)}`)),
  )
  expect(seen.map(({ body }) => body.state)).toEqual(ended.map(() => 'live'))
  const answers = await Promise.all(
    ended.map((each) => operate(`/api/streams/${idOf(each)}`, 'DELETE')),
  )
  expect(answers.map(({ status }) => status)).toEqual(ended.map(() => 200))
  for (const response of ended) {
    await response.ended()
    expect(response.text()).toContain('ended_by_operator')
  }
  expect((await operate('/api/streams/req_x', 'DELETE')).status).toBe(404)
  expect((await list()).total).toBe(STREAMS / 2)

  release.resolve()
  for (const response of begun.slice(STREAMS / 2)) expect(await response.ended()).toBe('complete')
  const broken = await Promise.all(Array.from({ length: 4 }, () => begin('gpt-broken')))
  for (const response of broken) await response.ended()

  const { body } = await operate<PerformanceAnswer>('/api/ai/performance?window=1h')
  expect(body.workers).toBe(2)
  expect(body.performance).toMatchObject({
    totalRequests: STREAMS + 4,
    totalErrors: STREAMS / 2 + 4,
    endReasons: { completed: STREAMS / 2, evicted: STREAMS / 2, upstream_error: 4 },
    firstTokenMs: { count: STREAMS },
    gapMs: { count: STREAMS / 2 },
    topPerformingProvider: 'openai',
    liveRequests: 0,
  })
  const health = await operate<PerformanceAnswer>('/api/ai/performance?metric=health')
  expect(health.body.health).toMatchObject({ status: 'failing', totalErrors: STREAMS / 2 + 4 })
  expect(health.body.health?.workers.length).toBe(2)
  expect(health.body.health?.recentErrors.length).toBe(10)
  const provider = await operate<PerformanceAnswer>(
    '/api/ai/performance?metric=provider&provider=openai',
  )
  expect(provider.body.stats?.totalRequests).toBe(STREAMS + 4)
  const nobody = await operate('/api/ai/performance?metric=provider&provider=nobody')
  expect(nobody.status).toBe(404)
})

test('what was remembered stays when the workers are replaced', async () => {
  const told = async (path: string): Promise<PerformanceAnswer> =>
    (await operate<PerformanceAnswer>(`/api/ai/performance${path}`)).body
  const before = await told('?window=1h')
  const { id = '' } = (await told('?metric=health')).health?.recentErrors[0] ?? {}
  const old = descendants(program.pid)
  program.signal('SIGHUP')
  await eventually(() => !old.some(isAlive), 'the old workers are gone', 30_000)
  const requests = async (): Promise<unknown> =>
    (await told('?window=1h')).performance?.totalRequests
  await eventually(
    async () => (await requests()) === before.performance?.totalRequests,
    'the new ones have what the old ones had',
    20_000,
  )
  const after = await told('?window=1h')
  expect(after.performance).toMatchObject({
    totalRequests: before.performance?.totalRequests,
    totalErrors: before.performance?.totalErrors,
    endReasons: before.performance?.endReasons,
    firstTokenMs: before.performance?.firstTokenMs,
    gapMs: before.performance?.gapMs,
  })
  expect(after.coveredMs).toBeGreaterThan(before.coveredMs)
  expect((await operate<{ state: string }>(`/api/streams/${id}`)).body.state).toBe('ended')
})
