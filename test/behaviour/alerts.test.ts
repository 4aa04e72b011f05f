/**
 * Alerts from end to end: a provider that fails and recovers, a rule about it, a receiver that is
 * told once of each, and an operator who looks and who silences.
 */
import { afterEach, expect, test } from 'bun:test'
import { type App, startApp } from '../../src/app.ts'
import type { AlertRule } from '../../src/config/alert-rules.ts'
import type { Config } from '../../src/config/config.ts'
import { loadConfig } from '../../src/config/env.ts'
import type { AlertsView } from '../../src/observe/alerts/view.ts'
import { sendJson } from '../kit/answers.ts'
import { ask, jsonRequest } from '../kit/client.ts'
import { expectNothingLeft } from '../kit/leftovers.ts'
import { eventually } from '../kit/signal.ts'
import { startUpstream, type Upstream } from '../kit/upstream.ts'
import { type Receiver, startReceiver } from '../kit/webhook-receiver.ts'
import { providerEnvironment } from './client-stand.ts'

const secret = 'what-messages-are-signed-with'

const failures: AlertRule = {
  ...{ name: 'failures', metric: 'errorRate', above: 0.5, windowSeconds: 1, forSeconds: 0 },
  ...{ minimumRequests: 2, provider: 'openai', route: null, key: null, silenceSeconds: 3600 },
}

/** A provider that fails while it is told to, the program, and who is told of alerts. */
interface AlertStand {
  readonly app: App
  readonly upstream: Upstream
  readonly receiver: Receiver
  readonly config: Config
  /** Whether the provider fails. */
  readonly scene: { fails: boolean }
  /** Asks until `isDone`. */
  askUntil(isDone: () => boolean | Promise<boolean>, what: string): Promise<void>
  view(): Promise<AlertsView>
  state(rule: string): Promise<string | undefined>
}

let stand: AlertStand | null = null

afterEach(async () => {
  if (stand === null) return
  const { app, upstream, receiver } = stand
  stand = null
  await expectNothingLeft(app, { busyConnections: () => upstream.busyConnections })
  await app.stop(0)
  upstream.stop()
  await receiver[Symbol.asyncDispose]()
})

/** The rules are looked at twenty times a second, which no file can say. */
const alertsOf = (receiver: Receiver, rules: readonly AlertRule[]): Config['alerts'] => ({
  ...{ everySeconds: 0.05, rules, webhook: { url: receiver.url, secret } },
})

async function startAlertStand(
  rules: readonly AlertRule[],
  environment: Record<string, string> = {},
): Promise<AlertStand> {
  const scene = { fails: true }
  const usage = { prompt_tokens: 1, completion_tokens: 1, total_tokens: 2 }
  const good = { id: 'c', object: 'chat.completion', created: 1, model: 'm', choices: [], usage }
  const upstream = startUpstream(async (_request, connection) => {
    await sendJson(connection, scene.fails ? 500 : 200, scene.fails ? { error: {} } : good)
  })
  const receiver = startReceiver(secret)
  const loaded = loadConfig({ ...providerEnvironment(upstream), BREAKER: '0', ...environment })
  if (!loaded.ok) throw new Error(loaded.problems.join('\n'))
  const config = { ...loaded.config, alerts: alertsOf(receiver, rules) }
  const log = { request: () => {}, line: () => {} }
  const app = await startApp(config, { id: 0, total: 0 }, { log })
  const view = async (): Promise<AlertsView> =>
    JSON.parse((await ask(app.url, { path: '/api/alerts' })).text())
  stand = {
    ...{ app, upstream, receiver, config, scene, view },
    state: async (rule) => (await view()).rules.find(({ name }) => name === rule)?.state,
    askUntil: (isDone, what) =>
      eventually(async () => {
        await ask(app.url, jsonRequest('/v1/chat/completions', { model: 'openai/x', messages: [] }))
        return await isDone()
      }, what),
  }
  return stand
}

const typesOf = ({ received }: Receiver): string[] => received.map(({ body }) => body.type)

test('a provider that fails is told of once, and so is its recovery', async () => {
  const { receiver, scene, askUntil, view, state } = await startAlertStand([failures])
  await askUntil(() => receiver.received.length > 0, 'somebody is told')
  expect(receiver.received[0]?.body.data).toMatchObject({
    ...{ rule: 'failures', state: 'firing', provider: 'openai', value: 1, above: 0.5 },
  })
  const looks = Date.now() + 300
  await askUntil(() => Date.now() > looks, 'several looks')
  expect(typesOf(receiver)).toEqual(['alert.firing'])
  scene.fails = false
  await askUntil(() => receiver.received.length > 1, 'the end is told')
  expect(typesOf(receiver)).toEqual(['alert.firing', 'alert.resolved'])
  expect(receiver.faults).toEqual([])
  expect(await state('failures')).toBe('resolved')
  const { webhook } = await view()
  expect(webhook).toMatchObject({ delivered: 2, lost: 0, waiting: 0 })
  expect(webhook?.last.map(({ id }) => id)).toEqual(receiver.received.map(({ id }) => id).reverse())
  expect(JSON.stringify(await view())).not.toContain('of-the-address')
})

test('a rule that an operator has silenced is looked at, and tells nobody', async () => {
  const { app, receiver, askUntil, state, view } = await startAlertStand([failures])
  const put = (rule: string, silenceSeconds: unknown) => {
    const request = jsonRequest(`/api/alerts/${rule}`, { silenceSeconds })
    return ask(app.url, { ...request, method: 'PUT' })
  }
  expect((await put('failures', 3600)).status).toBe(200)
  expect((await view()).rules[0]?.silencedUntil).toBeGreaterThan(Date.now() + 3_000_000)
  await askUntil(async () => (await state('failures')) === 'firing', 'it fires')
  const looks = Date.now() + 200
  await askUntil(() => Date.now() > looks, 'several looks')
  expect(receiver.received).toEqual([])
  expect((await put('failures', 0)).status).toBe(200)
  await askUntil(() => receiver.received.length > 0, 'somebody is told')
  expect((await put('unknown', 60)).status).toBe(404)
  expect((await put('failures', -1)).status).toBe(400)
})

test('a reload keeps the states of rules that stay, and ends those that go', async () => {
  const other = { ...failures, name: 'other' }
  const { app, receiver, config, askUntil, state } = await startAlertStand([failures, other])
  await askUntil(() => receiver.received.length === 2, 'both are told')
  const alerts = alertsOf(receiver, [failures])
  app.reload({ ...config, alerts })
  await askUntil(() => receiver.received.length === 3, 'the end of the one that is gone')
  expect(receiver.received[2]?.body).toMatchObject({
    type: 'alert.resolved',
    data: { rule: 'other' },
  })
  expect([await state('failures'), await state('other')]).toEqual(['firing', undefined])
})

test('rules that come with a reload are looked at, where there were none', async () => {
  const { app, receiver, config, askUntil, view } = await startAlertStand([])
  expect((await view()).rules).toEqual([])
  app.reload({ ...config, alerts: alertsOf(receiver, [failures]) })
  await askUntil(() => receiver.received.length > 0, 'somebody is told')
})

test('open breakers, and those who wait', async () => {
  const rest = { windowSeconds: 60, minimumRequests: 0, provider: null, above: 0 }
  const rules: AlertRule[] = [
    { ...failures, ...rest, name: 'breaker', metric: 'breakerOpen' },
    { ...failures, ...rest, name: 'queue', metric: 'queueWaiting' },
    { ...failures, ...rest, name: 'pool', metric: 'poolOverflow' },
  ]
  const environment = { BREAKER: '1', BREAKER_FAILURES: '2' }
  const { receiver, askUntil, state } = await startAlertStand(rules, environment)
  await askUntil(() => receiver.received.length > 0, 'the breaker is told')
  expect(receiver.received[0]?.body.data).toMatchObject({
    ...{ rule: 'breaker', value: 1, targets: ['openai/x'] },
  })
  expect([await state('queue'), await state('pool')]).toEqual(['inactive', 'inactive'])
})
