/** What the routes about performance and streams can be asked, and how they refuse the rest. */
import { expect, test } from 'bun:test'
import type { PerformanceQuery, StreamsQuery } from '../../src/server/performance-answer.ts'
import { ask } from '../kit/client.ts'
import { errorCode, noObservation, startEdge } from './edge.ts'

/** An edge that takes down what its workers are asked. */
function asking() {
  const asked: (PerformanceQuery | StreamsQuery)[] = []
  const edge = startEdge({
    observation: {
      ...noObservation,
      performance(query) {
        asked.push(query)
        return noObservation.performance(query)
      },
      streams(query) {
        asked.push(query)
        return noObservation.streams(query)
      },
    },
  })
  return { edge, asked }
}

test.each([
  ['/api/ai/performance', { metric: 'summary', provider: null, windowMs: 300_000 }],
  ['/api/ai/performance?window=1m', { metric: 'summary', provider: null, windowMs: 60_000 }],
  ['/api/ai/performance?metric=health&window=24h', { metric: 'health', windowMs: 86_400_000 }],
  ['/api/ai/performance?metric=streaming&window=10s', { windowMs: 10_000 }],
  ['/api/ai/performance?metric=variant&window=1d', { metric: 'variant', windowMs: 86_400_000 }],
  ['/api/ai/performance?metric=provider&provider=x', { metric: 'provider', provider: 'x' }],
  ['/api/ai/performance?metric=provider&provider=', { metric: 'provider', provider: null }],
  ['/api/streams', { limit: 100, provider: null, phase: null }],
  ['/api/streams?limit=1000&phase=blocked&provider=x', { limit: 1000, phase: 'blocked' }],
])('%s is understood', async (path, expected) => {
  const { edge, asked } = asking()
  await using _edge = edge
  const response = await ask(edge.url, { path })
  expect(response.status).toBe(200)
  expect(response.header('cache-control')).toBe('no-store')
  expect(asked).toMatchObject([expected])
})

test.each([
  ['/api/ai/performance?metric=other', 'metric'],
  ['/api/ai/performance?metrics=summary', 'metrics'],
  ['/api/ai/performance?window=5', 'window'],
  ['/api/ai/performance?window=9s', 'window'],
  ['/api/ai/performance?window=25h', 'window'],
  ['/api/ai/performance?window=-5m', 'window'],
  ['/api/ai/performance?window=1w', 'window'],
  ['/api/ai/performance?window=5m&window=1h', 'window'],
  ['/api/ai/performance?provider=openai', 'provider'],
  ['/api/streams?limit=0', 'limit'],
  ['/api/streams?limit=1001', 'limit'],
  ['/api/streams?limit=ten', 'limit'],
  ['/api/streams?phase=gone', 'phase'],
  ['/api/streams?state=live', 'state'],
])('%s is refused, with the parameter at fault', async (path, param) => {
  const { edge, asked } = asking()
  await using _edge = edge
  const response = await ask(edge.url, { path })
  expect([response.status, errorCode(response)]).toEqual([400, 'invalid_request'])
  expect(JSON.parse(response.text()).error.param).toBe(param)
  expect(asked).toEqual([])
})

test.each([
  ['/api/ai/performance', 'GET, HEAD'],
  ['/api/streams', 'GET, HEAD'],
  ['/api/streams/req_x', 'GET, HEAD, DELETE'],
])('%s takes %s', async (path, allow) => {
  await using edge = startEdge()
  const response = await ask(edge.url, { method: 'POST', path })
  expect([response.status, response.header('allow')]).toEqual([405, allow])
})
