/**
 * Retries on one target and breakers, where they are no row of the fault matrix: rows 27 to 31 have
 * the backoffs and budgets.
 */
import { afterEach, expect, test } from 'bun:test'
import { inTurn, json, silence } from '../kit/answers.ts'
import { jsonRequest } from '../kit/client.ts'
import { eventually } from '../kit/signal.ts'
import type { UpstreamScript } from '../kit/upstream.ts'
import { endStands, startStand } from './client-stand.ts'
import { refuses } from './provider-stand.ts'
import { answering, answerText, startTargets } from './targets-stand.ts'

afterEach(endStands)

test('a client that leaves during a backoff ends it at once', async () => {
  const stand = await startTargets([refuses(429, 'rate', { 'retry-after': '3' })])
  const { client } = await stand.begin()
  await eventually(() => stand.app.leftovers().pauses === 1, 'the backoff has begun')
  client.close()
  await eventually(() => stand.app.leftovers().pauses === 0, 'the backoff is over', 500)
  expect((await stand.record(0)).endReason).toBe('client_gone')
  expect(stand.upstreams[0]?.requestCount).toBe(1)
})

test('an upload is not sent twice where the provider may have taken it', async () => {
  const stand = await startStand(refuses(500), { RETRIES_MAX: '2', RETRY_BASE_MS: '1' })
  const { response } = await stand.ask(jsonRequest('/v1/batches', { input_file_id: 'f' }))
  await response.ended()
  expect([response.status, stand.upstream.requestCount]).toEqual([500, 1])
})

test('an upload is sent again where the provider refused it', async () => {
  const stand = await startStand(inTurn(refuses(429), json(200, { id: 'batch_1' })), {
    RETRIES_MAX: '2',
    RETRY_BASE_MS: '1',
  })
  const { response } = await stand.ask(jsonRequest('/v1/batches', { input_file_id: 'f' }))
  await response.ended()
  expect([response.status, stand.upstream.requestCount]).toEqual([200, 2])
})

test('the last target is asked though its breaker is open', async () => {
  const stand = await startTargets(
    [inTurn(refuses(500), answering('back'))],
    {},
    {
      breakerFailures: 1,
      retriesMax: 0,
    },
  )
  expect((await stand.chat()).status).toBe(500)
  expect((await stand.chat()).text()).toBe(answerText('back'))
})

test('an open breaker keeps the first target alone, and its probe brings it back', async () => {
  const stand = await startTargets(
    [inTurn(refuses(500), answering('from a')), answering('from b')],
    {},
    { breakerFailures: 1, retriesMax: 0, breakerOpenMs: 400, breakerSlowStartMs: 0 },
  )
  expect((await stand.chat()).text()).toBe(answerText('from b'))
  expect((await stand.chat()).text()).toBe(answerText('from b'))
  expect(stand.upstreams[0]?.requestCount).toBe(1)
  await eventually(
    async () => (await stand.chat()).text() === answerText('from a'),
    'the probe has come',
  )
})

test('a probe whose client leaves lets the next request probe', async () => {
  const stand = await startTargets(
    [inTurn(refuses(500), silence, answering('from a')), answering('from b')],
    {},
    { breakerFailures: 1, retriesMax: 0, breakerOpenMs: 1, breakerSlowStartMs: 0 },
  )
  await stand.chat()
  await Bun.sleep(5)
  const probe = await stand.begin()
  await stand.upstreams[0]?.request(1)
  expect((await stand.chat()).text()).toBe(answerText('from b'))
  probe.client.close()
  await stand.record(2)
  expect((await stand.chat()).text()).toBe(answerText('from a'))
})

test('failures in the middle of answers count too', async () => {
  const breaking: UpstreamScript = async (_, connection) => {
    await connection.head(200, { 'content-type': 'text/event-stream' })
    await connection.chunk('data: {"choices":[{"index":0,"delta":{"content":"x"}}]}\n\n')
    await connection.end()
  }
  const stand = await startTargets([breaking, answering('from b')])
  const chats = []
  for (let index = 0; index < 12; index += 1) chats.push((await stand.chat()).text())
  expect(chats.at(-1)).toBe(answerText('from b'))
  expect(stand.upstreams[0]?.requestCount).toBeLessThan(12)
})
