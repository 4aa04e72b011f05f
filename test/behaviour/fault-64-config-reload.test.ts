/**
 * Row 64: the configuration changes under load. The exchange is atomic, what is under way keeps
 * what it began with, and what cannot be leaves everything as it was. How the executable follows
 * its file is in `test/supervisor/reload.test.ts`.
 */
import { afterEach, expect, test } from 'bun:test'
import type { Config } from '../../src/config/config.ts'
import { loadConfig } from '../../src/config/env.ts'
import { GatewayError } from '../../src/core/errors.ts'
import { fileOf } from '../config/file/files.ts'
import { eventsText, sse } from '../kit/answers.ts'
import { eventually } from '../kit/signal.ts'
import { startUpstream, type Upstream } from '../kit/upstream.ts'
import { endStands, providerEnvironment, type Stand, startStand } from './client-stand.ts'

const upstreams: Upstream[] = []

afterEach(async () => {
  await endStands()
  for (const upstream of upstreams.splice(0)) {
    await eventually(() => upstream.busyConnections === 0, 'connections of the other provider')
    upstream.stop()
  }
})

/** An answer in which every event carries the name of who gave it. */
const eventsOf = (name: string): string[] =>
  Array.from({ length: 5 }, (_, index) =>
    JSON.stringify({
      id: name,
      object: 'chat.completion.chunk',
      created: 1,
      model: name,
      choices: [
        {
          index: 0,
          delta: { role: 'assistant', content: `${name} ${index}` },
          finish_reason: index === 4 ? 'stop' : null,
        },
      ],
    }),
  )

const answerOf = (name: string): string => eventsText(eventsOf(name), true)

const scriptOf = (name: string, gapMs = 3) => sse(eventsOf(name), { gapMs, done: true })

/** A program whose provider `openai` is one, and a second place that only a file can name. */
async function startTwo(gapMs = 3) {
  const second = startUpstream(scriptOf('second', gapMs))
  upstreams.push(second)
  const stand = await startStand(scriptOf('first', gapMs), { API_KEYS: 'key-0' })
  return { stand, second }
}

/** What a file gives over the environment of the stand. */
function configOf(stand: Stand, file: object): Config {
  const environment = { ...providerEnvironment(stand.upstream), API_KEYS: 'key-0', KEY: 'key-1' }
  const loaded = loadConfig({ ...environment, CONFIG_FILE: fileOf(file) })
  if (!loaded.ok) throw new Error(loaded.problems.join('\n'))
  return loaded.config
}

const toFirst = { routes: { smart: { targets: ['openai/a'] } } }

const toSecond = (second: Upstream) => ({
  streamConfig: { bufferSize: 1024, heartbeatIntervalSecs: 0.5 },
  providers: { other: { protocol: 'openai-chat', baseUrl: `${second.url}/v1` } },
  routes: { smart: { targets: ['other/b'] } },
  keys: [{ name: 'extra', key: 'env:KEY' }],
})

const ask = (stand: Stand, key = 'key-0'): Promise<Response> =>
  fetch(new URL('/v1/chat/completions', stand.url), {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${key}` },
    body: JSON.stringify({ model: 'smart', stream: true, messages: [] }),
  })

test('of 200 requests during 20 reloads none fails, and each has one provider', async () => {
  const { stand, second } = await startTwo()
  const configs = [configOf(stand, toFirst), configOf(stand, toSecond(second))]
  stand.app.reload(configs[0] as Config)
  let begun = 0
  let reloads = 0
  const failures: string[] = []
  const answered = { first: 0, second: 0 }
  const client = async (): Promise<void> => {
    while (begun < 200) {
      // Every tenth request is met by another configuration than the one before.
      if (begun % 10 === 0 && reloads < 20) stand.app.reload(configs[++reloads % 2] as Config)
      begun++
      const response = await ask(stand)
      const text = await response.text()
      const name = response.headers.get('x-sluice-provider') === 'other' ? 'second' : 'first'
      if (response.status === 200 && text === answerOf(name)) answered[name]++
      else failures.push(`${response.status} ${text}`)
    }
  }
  await Promise.all(Array.from({ length: 10 }, client))
  expect(failures).toEqual([])
  expect(reloads).toBe(20)
  expect(answered.first + answered.second).toBe(begun)
  expect(Math.min(answered.first, answered.second)).toBeGreaterThan(40)
  expect(stand.upstream.requestCount + second.requestCount).toBe(begun)
  expect(stand.records.filter(({ endReason }) => endReason !== 'completed')).toEqual([])
})

test('a stream under way ends as it began, though its provider and its key are gone', async () => {
  const { stand, second } = await startTwo(40)
  stand.app.reload(configOf(stand, toSecond(second)))
  const response = await ask(stand, 'key-1')
  expect(response.headers.get('x-sluice-provider')).toBe('other')
  stand.app.reload(configOf(stand, toFirst))
  const refused = await ask(stand, 'key-1')
  expect(refused.status).toBe(401)
  await refused.text()
  const next = await ask(stand)
  expect(next.headers.get('x-sluice-provider')).toBe('openai')
  expect(await response.text()).toBe(answerOf('second'))
  expect(await next.text()).toBe(answerOf('first'))
})

test('what cannot be is refused as a whole, and the version tells which one holds', async () => {
  const { stand, second } = await startTwo()
  const versionOf = async (): Promise<string> =>
    ((await (await fetch(new URL('/readyz', stand.url))).json()) as { configuration: string })
      .configuration
  const good = configOf(stand, toFirst)
  stand.app.reload({ ...good, version: { count: 7, hash: '0123abcd' } })
  expect(await versionOf()).toBe('7-0123abcd')

  const wrong = configOf(stand, {
    ...toSecond(second),
    routes: { smart: { targets: ['other/b'] } },
  })
  const unusable = { name: 'broken', kind: 'no-such-kind', baseUrl: '', apiKey: null, models: [] }
  expect(() => stand.app.reload({ ...wrong, providers: [...wrong.providers, unusable] })).toThrow(
    GatewayError,
  )
  expect(await versionOf()).toBe('7-0123abcd')
  expect((await ask(stand, 'key-1')).status).toBe(401)
  const response = await ask(stand)
  expect(response.headers.get('x-sluice-provider')).toBe('openai')
  expect(await response.text()).toBe(answerOf('first'))
  expect(second.requestCount).toBe(0)
})

test('a clock that a reload shortens is kept to its new length', async () => {
  const stand = await startStand(
    async (_request, connection) => {
      await connection.head(200, { 'content-type': 'text/event-stream' })
      await connection.chunk(eventsText(eventsOf('first').slice(0, 1)))
      await connection.closed
    },
    { STREAM_HEARTBEAT_INTERVAL_MS: '0', API_KEYS: 'key-0' },
  )
  stand.app.reload(
    configOf(stand, { ...toFirst, streamConfig: { idleTimeoutMs: 60, heartbeatIntervalSecs: 0 } }),
  )
  // A sweep as coarse as the first configuration wants it would be 250 ms late at least.
  const durationsMs: number[] = []
  for (let asked = 0; asked < 5; asked++) {
    const startedAtMs = performance.now()
    const response = await ask(stand)
    expect(await response.text()).toContain('upstream_idle_timeout')
    durationsMs.push(performance.now() - startedAtMs)
  }
  expect(Math.min(...durationsMs)).toBeLessThan(200)
})
