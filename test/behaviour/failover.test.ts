/**
 * The next target answers on whatever the phase rule allows. Faults that are rows of the matrix
 * have files of their own, in which they are tried with another target too.
 */
import { afterEach, describe, expect, test } from 'bun:test'
import { json, silence } from '../kit/answers.ts'
import { ask } from '../kit/client.ts'
import type { UpstreamScript } from '../kit/upstream.ts'
import { endStands } from './client-stand.ts'
import { raw, refuses } from './provider-stand.ts'
import { answering, answerText, startTargets } from './targets-stand.ts'

afterEach(endStands)

/** What the first target does; the second then answers, and the client sees nothing of it. */
const failures: readonly [name: string, script: UpstreamScript, outcome: string][] = [
  ['404 of the model', refuses(404, 'model_not_found'), 'upstream_error'],
  ['a malformed head', raw('HTTQ/9 nonsense\r\n\r\n'), 'upstream_bad_response'],
  [
    'a redirect',
    raw('HTTP/1.1 302 Found\r\nlocation: http://127.0.0.1:1/\r\n\r\n'),
    'upstream_redirect_blocked',
  ],
]

describe('the next target answers after', () => {
  test.each(failures)('%s', async (_, script, outcome) => {
    const stand = await startTargets([script, answering('from b')], {}, { retriesMax: 0 })
    const response = await stand.chat()
    expect([response.status, response.text()]).toEqual([200, answerText('from b')])
    expect(response.header('x-sluice-provider')).toBe('b')
    expect(response.header('x-sluice-model')).toBe('m-b')
    const record = await stand.record(0)
    expect(record.attemptLog.at(-1)?.outcome).toBe('answered')
    expect(record.attemptLog.at(-1)?.kind).toBe('failover')
    expect(record.attemptLog.at(-2)?.outcome).toBe(outcome as 'upstream_error')
    expect(response.header('x-sluice-attempts')).toBe(String(record.attemptLog.length))
    expect([record.provider, record.upstreamModel, record.route]).toEqual(['b', 'm-b', 'smart'])
    expect(record.inputTokens).toBe(3)
  })
})

describe('a prompt that is too long', () => {
  const tooLong = refuses(400, 'context_length_exceeded')
  test('goes to a target that is known to hold more', async () => {
    const stand = await startTargets([tooLong, answering('from b'), answering('from c')], {
      traits: [{ contextTokens: 8000 }, { contextTokens: 8000 }, { contextTokens: 200_000 }],
    })
    expect((await stand.chat()).text()).toBe(answerText('from c'))
    expect(stand.upstreams.map(({ requestCount }) => requestCount)).toEqual([1, 0, 1])
  })

  test('is the caller`s where none is known to', async () => {
    const stand = await startTargets([tooLong, answering('from b')])
    const response = await stand.chat()
    expect(JSON.parse(response.text()).error.code).toBe('context_length_exceeded')
    expect(stand.upstreams[1]?.requestCount).toBe(0)
  })
})

test('callers that want no stream are served by the next target too, halfway or not', async () => {
  const half: UpstreamScript = async (_, connection) => {
    await connection.head(200, { 'content-type': 'application/json', 'content-length': '500' })
    await connection.raw('{"id":"x","choices":[')
    connection.reset()
  }
  const whole = {
    id: 'chatcmpl-b',
    object: 'chat.completion',
    created: 1,
    model: 'm',
    choices: [{ index: 0, message: { role: 'assistant', content: 'b' }, finish_reason: 'stop' }],
    usage: { prompt_tokens: 5, completion_tokens: 1, total_tokens: 6 },
  }
  const stand = await startTargets([half, json(200, whole)], {}, { retriesMax: 0 })
  const response = await stand.chat({ stream: false })
  expect(JSON.parse(response.text())).toEqual(whole)
  expect((await stand.record(0)).inputTokens).toBe(5)
})

test('fallbacks that the request names come behind its own targets', async () => {
  const stand = await startTargets([refuses(500, null), answering('from b')])
  const response = await stand.chat({ model: 'a/x' }, { 'x-sluice-fallbacks': 'b/y' })
  expect([response.text(), response.header('x-sluice-model')]).toEqual([answerText('from b'), 'y'])
  expect(await stand.upstreams[1]?.requests[0]?.json()).toMatchObject({ model: 'y' })
})

test('a target that has all the requests it may have is passed over', async () => {
  const stand = await startTargets([silence, answering('from b')], {
    traits: [{ concurrencyMax: 1 }, { concurrencyMax: 1 }],
  })
  const first = await stand.begin()
  await stand.upstreams[0]?.request(0)
  expect((await stand.chat()).text()).toBe(answerText('from b'))
  first.client.close()
})

test('where every target is full the client is told to come back', async () => {
  const traits = [{ concurrencyMax: 1 }]
  const stand = await startTargets([silence], { traits }, { queueLengthMax: 0 })
  const first = await stand.begin()
  await stand.upstreams[0]?.request(0)
  const refused = await stand.chat()
  expect([refused.status, JSON.parse(refused.text()).error.code]).toEqual([503, 'overloaded'])
  expect(refused.header('retry-after')).toBe('1')
  first.client.close()
})

test('routes are in the list of models, and are found by name', async () => {
  const list = json(200, { object: 'list', data: [{ id: 'm-a', object: 'model' }] })
  const stand = await startTargets([list, answering('no list')])
  const response = await ask(stand.app.url, { path: '/v1/models' })
  const ids = (JSON.parse(response.text()).data as { id: string }[]).map(({ id }) => id)
  expect(ids).toContain('smart')
  expect(ids).toContain('a/m-a')
  const one = await ask(stand.app.url, { path: '/v1/models/smart' })
  expect([one.status, JSON.parse(one.text()).owned_by]).toEqual([200, 'sluice'])
})
