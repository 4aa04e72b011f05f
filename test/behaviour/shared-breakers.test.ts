/** Breakers that workers and machines share: what one learns of a target, all obey. */
import { afterEach, expect, setDefaultTimeout, test } from 'bun:test'
import type { News } from '../../src/app/news.ts'
import { type App, startApp } from '../../src/app.ts'
import type { Config } from '../../src/config/config.ts'
import { configOf } from '../config/file/files.ts'
import { chatEvents, json, sse } from '../kit/answers.ts'
import { binaryPath } from '../kit/binary.ts'
import { expectNothingLeft } from '../kit/leftovers.ts'
import { describeWithRedis, startRedis } from '../kit/redis.ts'
import { eventually } from '../kit/signal.ts'
import { startUpstream, type Upstream } from '../kit/upstream.ts'
import { endWorkerStands, startWorkers } from './worker-stand.ts'

setDefaultTimeout(30_000)

const ends: (() => Promise<void> | void)[] = []

afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end()
  await endWorkerStands()
})

const ill = json(500, { error: { message: 'broken' } })

/** A provider that fails until it is told to be well. */
function startAiling(): { upstream: Upstream; heal(): void } {
  let isWell = false
  const good = sse(chatEvents(['Hello']), { done: true })
  const upstream = startUpstream((request, connection) =>
    (isWell ? good : ill)(request, connection),
  )
  ends.push(() => void upstream.stop())
  return {
    upstream,
    heal() {
      isWell = true
    },
  }
}

const environmentOf = ({ url }: Upstream) => ({
  PORT: '0',
  RETRIES_MAX: '0',
  OPENAI_API_KEY: 'sk-test',
  OPENAI_BASE_URL: `${url}/v1`,
  BREAKER_OPEN_MS: '1000',
})

/** Two apps in this process, and a count of what one told the other. */
async function startTwo(config: Config) {
  const told: News[] = []
  const apps: App[] = []
  const log = { request() {}, line() {} }
  for (const id of [0, 1]) {
    const announce = (news: News): void => {
      told.push(news)
      // As it comes from another process: as JSON, and later.
      const text = JSON.stringify(news)
      queueMicrotask(() => apps[1 - id]?.hear(JSON.parse(text)))
    }
    const app = await startApp(config, { id, total: 2 }, { log, announce })
    apps.push(app)
    ends.push(() => app.stop(0))
  }
  const [first, second] = apps
  if (first === undefined || second === undefined) throw new Error('two were started')
  return { first, second, told }
}

const ask = async (url: URL): Promise<number> => {
  const response = await fetch(new URL('/v1/chat/completions', url), {
    method: 'POST',
    keepalive: false,
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ model: 'gpt-test', stream: true, messages: [] }),
  })
  await response.text()
  return response.status
}

interface Listed {
  readonly worker: { readonly id: number }
  readonly breakers: readonly { target: string; state: string; openForMs: number }[]
}

const list = async (url: URL): Promise<Listed> =>
  (await fetch(new URL('/api/breakers', url), { keepalive: false })).json() as Promise<Listed>

const stateOf = async (app: App): Promise<string> =>
  (await list(app.url)).breakers.map(({ state }) => state)[0] ?? 'none'

/** One opens, both are open; the other's probe is good, both are closed. */
async function opensAndCloses(first: App, second: App, heal: () => void): Promise<void> {
  for (let index = 0; index < 5; index += 1) expect(await ask(first.url)).toBe(500)
  await eventually(async () => (await stateOf(second)) === 'open', 'the other is open')
  expect(await stateOf(first)).toBe('open')
  heal()
  // The only target is asked while it is open too, but then nobody learns from it.
  await eventually(async () => (await list(second.url)).breakers[0]?.openForMs === 0, 'it is due')
  expect(await ask(second.url)).toBe(200)
  expect(await stateOf(second)).toBe('closed')
  await eventually(async () => (await stateOf(first)) === 'closed', 'the one is closed')
}

test('two workers: by the parent, one message a change', async () => {
  const { upstream, heal } = startAiling()
  const { first, second, told } = await startTwo(configOf({}, environmentOf(upstream)))
  await opensAndCloses(first, second, heal)
  const states = told.map((news) =>
    news.type === 'told' ? JSON.parse(news.text).state : news.type,
  )
  expect(states).toEqual(['open', 'closed'])
  for (const app of [first, second]) await expectNothingLeft(app, {})
})

test('two workers: what an operator sets at one holds at the other', async () => {
  const { upstream, heal } = startAiling()
  heal()
  const { first, second, told } = await startTwo(configOf({}, environmentOf(upstream)))
  const set = async (override: string) => {
    const body = JSON.stringify({ target: 'openai/gpt-test', override })
    const headers = { 'content-type': 'application/json' }
    const url = new URL('/api/breakers', first.url)
    expect((await fetch(url, { method: 'PUT', headers, body, keepalive: false })).status).toBe(200)
  }
  await set('open')
  await eventually(async () => (await stateOf(second)) === 'open', 'the other is open')
  await set('auto')
  await eventually(async () => (await stateOf(second)) === 'none', 'the other is left to itself')
  expect(told).toHaveLength(2)
})

test('the executable with two workers', async () => {
  await binaryPath()
  const stand = await startWorkers(ill, { WORKERS: '2', BREAKER_OPEN_MS: '60000' })
  const url = new URL(stand.program.url)
  const seen = new Map<number, string>()
  const look = async (): Promise<string[]> => {
    const { worker, breakers } = await list(url)
    seen.set(worker.id, breakers[0]?.state ?? 'none')
    return [...seen.values()]
  }
  // Who starts later than the news does not hear of it.
  await eventually(async () => (await look()).length === 2, 'both workers are there', 20_000)
  // Of nine failures one worker sees five or more, and the other too few to open by itself.
  for (let index = 0; index < 9; index += 1) await ask(url)
  await eventually(
    async () => (await look()).every((state) => state === 'open'),
    () => `both workers have it open, not ${[...seen.values()]}`,
    20_000,
  )
}, 120_000)

describeWithRedis('two machines', () => {
  test('by Redis; while it is away each goes by itself', async () => {
    const redis = await startRedis()
    ends.push(() => redis.close())
    const { upstream, heal } = startAiling()
    const environment = { ...environmentOf(upstream), REDIS_URL: redis.url }
    const config = configOf({}, environment)
    const log = { request() {}, line() {} }
    const [first, second] = await Promise.all(
      [0, 0].map(() => startApp(config, { id: 0, total: 0 }, { log })),
    )
    if (first === undefined || second === undefined) throw new Error('two were started')
    ends.push(async () => void (await Promise.all([first.stop(0), second.stop(0)])))
    await opensAndCloses(first, second, heal)
    await redis.kill()
    expect([await ask(first.url), await ask(second.url)]).toEqual([200, 200])
    for (const app of [first, second]) await expectNothingLeft(app, {})
  })
})
