/** What `/api/ai/performance` tells of requests over real sockets, and that it is as documented. */
import { afterEach, expect, test } from 'bun:test'
import type { PerformanceAnswer } from '../../src/server/performance-answer.ts'
import { performanceSchemas } from '../../src/server/performance-schemas.ts'
import { json, silence } from '../kit/answers.ts'
import { ask, jsonRequest } from '../kit/client.ts'
import { eventually } from '../kit/signal.ts'
import { endStands } from './client-stand.ts'
import { answering, startTargets, type TargetsStand } from './targets-stand.ts'

afterEach(endStands)

/** An answer that the documentation describes, to the last field. */
async function told(stand: TargetsStand, query = ''): Promise<PerformanceAnswer> {
  const response = await ask(stand.app.url, { path: `/api/ai/performance${query}` })
  expect(response.status).toBe(200)
  const answer: unknown = JSON.parse(response.text())
  const parsed = performanceSchemas.Performance.safeParse(answer)
  expect(parsed.error?.issues ?? []).toEqual([])
  expect(parsed.data).toEqual(answer as typeof parsed.data)
  return answer as PerformanceAnswer
}

const broken = json(500, { error: { message: 'broken' } })

test('before the first request there is nothing to tell, and no number is made up', async () => {
  const stand = await startTargets([answering('from a')])
  expect((await told(stand)).performance).toMatchObject({
    totalRequests: 0,
    errorRate: null,
    averageLatency: null,
    averageFirstTokenLatency: null,
    topPerformingProvider: null,
    costUsd: 0,
    latencyMs: { count: 0, p50: null, p99: null, max: null },
  })
  expect((await told(stand, '?metric=provider&provider=a')).stats?.totalRequests).toBe(0)
  expect((await told(stand, '?metric=provider')).providers).toEqual([])
  expect((await told(stand, '?metric=variant')).variants).toEqual([])
  expect((await told(stand, '?metric=streaming')).streaming?.totalStreams).toBe(0)
  expect((await told(stand, '?metric=health')).health?.status).toBe('healthy')
})

test('a provider that always fails over is seen to fail, the other is better', async () => {
  const stand = await startTargets([broken, answering('from b')], {}, { retriesMax: 0 })
  for (let index = 0; index < 3; index += 1) expect((await stand.chat()).status).toBe(200)
  await stand.record(2)
  const { performance } = await told(stand)
  expect(performance).toMatchObject({
    totalRequests: 3,
    totalStreamingRequests: 3,
    totalErrors: 0,
    attempts: 6,
    failedAttempts: 3,
    failovers: 3,
    topPerformingProvider: 'b',
    endReasons: { completed: 3 },
  })
  const { providers = [] } = await told(stand, '?metric=provider')
  expect(providers).toMatchObject([
    { provider: 'b', totalRequests: 3, attemptErrorRate: 0, answerMs: { count: 3 } },
    { provider: 'a', totalRequests: 0, attemptErrorRate: 1, answerMs: { count: 0 } },
  ])
  const { variants = [] } = await told(stand, '?metric=variant')
  expect(variants).toMatchObject([
    { route: 'smart', provider: 'b', model: 'm-b', share: 1, totalErrors: 0 },
    { route: 'smart', provider: 'a', model: 'm-a', share: 0, attemptErrorRate: 1 },
  ])
})

test('targets of a weighted route stand beside each other', async () => {
  const stand = await startTargets([answering('from a'), answering('from b')], {
    strategy: 'weighted',
    traits: [{ weight: 1 }, { weight: 1 }],
  })
  for (let index = 0; index < 24; index += 1) await stand.chat()
  await stand.record(23)
  const { variants = [] } = await told(stand, '?metric=variant')
  expect(variants.map(({ provider }) => provider).sort()).toEqual(['a', 'b'])
  expect(variants.reduce((sum, { totalRequests }) => sum + totalRequests, 0)).toBe(24)
  expect(variants.reduce((sum, { share }) => sum + (share ?? 0), 0)).toBeCloseTo(1, 2)
  for (const { firstTokenMs, totalRequests } of variants) {
    expect(firstTokenMs.count).toBe(totalRequests)
  }
})

test('what is wrong is told: failures, open breakers, and whose fault it was', async () => {
  const stand = await startTargets([broken], {}, { retriesMax: 0 })
  for (let index = 0; index < 10; index += 1) await stand.chat()
  await stand.record(9)
  const { health } = await told(stand, '?metric=health')
  expect(health).toMatchObject({ status: 'failing', totalErrors: 10, errorRate: 1 })
  expect(health?.breakers).toMatchObject([{ target: 'a/m-a', state: 'open' }])
  expect(health?.recentErrors.length).toBe(10)
  expect(health?.recentErrors[0]).toMatchObject({ errorCode: 'upstream_error', status: 500 })

  // What callers do wrong is no error of the service.
  const { response } = await stand.send(jsonRequest('/v1/chat/completions', { model: 'nobody' }))
  await response.ended()
  expect(response.status).toBe(404)
  await stand.record(10)
  expect((await told(stand)).performance).toMatchObject({ totalRequests: 11, totalErrors: 10 })
})

test('requests under way are counted apart from those that ended', async () => {
  const stand = await startTargets([silence])
  const { client } = await stand.begin()
  await stand.upstreams[0]?.request(0)
  expect((await told(stand)).performance).toMatchObject({ totalRequests: 0, liveRequests: 1 })
  expect((await told(stand, '?metric=streaming')).streaming?.liveStreams).toBe(1)
  client.close()
  await stand.record(0)
  await eventually(async () => (await told(stand)).performance?.liveRequests === 0, 'it has left')
  expect((await told(stand)).performance).toMatchObject({
    totalRequests: 1,
    totalErrors: 0,
    endReasons: { client_gone: 1 },
  })
})
