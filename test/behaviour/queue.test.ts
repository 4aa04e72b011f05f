/** Requests that wait for their turn, where a provider or target has all it may have. */
import { afterEach, describe, expect, test } from 'bun:test'
import { createLog } from '../../src/observe/log.ts'
import { chatEvents, eventText, inTurn, json } from '../kit/answers.ts'
import { eventually } from '../kit/signal.ts'
import type { UpstreamScript } from '../kit/upstream.ts'
import { endStands } from './client-stand.ts'
import { answering, answerText, startTargets } from './targets-stand.ts'

afterEach(endStands)

const one = { traits: [{ concurrencyMax: 1 }] }
const slowHeartbeat = { STREAM_HEARTBEAT_INTERVAL_MS: '10000' }

/** Answers that end when the test says so. */
function held() {
  const ends: (() => void)[] = []
  const script: UpstreamScript = async (_request, connection) => {
    await connection.head(200, { 'content-type': 'text/event-stream' })
    const [role = '', first = '', ...rest] = chatEvents(['held'])
    await connection.chunk(eventText(role) + eventText(first))
    await new Promise<void>((resolve) => void ends.push(resolve))
    for (const event of [...rest, '[DONE]']) await connection.chunk(eventText(event))
    await connection.end()
  }
  return { script, ends }
}

test('one follows the other, and nobody is asked for two at once', async () => {
  const { script, ends } = held()
  const stand = await startTargets([script], one, {}, slowHeartbeat)
  const first = await stand.begin()
  await eventually(() => ends.length === 1, 'the first is answered')
  const second = await stand.begin()
  await eventually(() => stand.app.leftovers().queued === 1, 'the second waits')
  expect(stand.upstreams[0]?.requestCount).toBe(1)
  ends[0]?.()
  await first.response.ended()
  await eventually(() => ends.length === 2, 'the second is answered')
  ends[1]?.()
  await second.response.ended()
  expect(second.response.text()).toContain('held')
  const record = await stand.record(1)
  expect(record.queueWaitMs).toBeGreaterThan(0)
  expect(record.endReason).toBe('completed')
})

test('a client that leaves while it waits is forgotten, and its request not sent', async () => {
  const { script, ends } = held()
  const stand = await startTargets([script], one, {}, slowHeartbeat)
  const first = await stand.begin()
  await eventually(() => ends.length === 1, 'the first is answered')
  const second = await stand.begin()
  await eventually(() => stand.app.leftovers().queued === 1, 'the second waits')
  second.client.close()
  await eventually(() => stand.app.leftovers().queued === 0, 'nobody waits', 500)
  expect((await stand.record(0)).endReason).toBe('client_gone')
  ends[0]?.()
  await first.response.ended()
  expect(stand.upstreams[0]?.requestCount).toBe(1)
})

test('a stream that waits gets heartbeats that tell its place', async () => {
  const { script, ends } = held()
  const stand = await startTargets([script], one, {}, { STREAM_HEARTBEAT_INTERVAL_MS: '50' })
  const first = await stand.begin()
  await eventually(() => ends.length === 1, 'the first is answered')
  const second = await stand.begin()
  await second.response.until((r) => /: sluice queued position=1\n/.test(r.text()), 'its place')
  ends[0]?.()
  await first.response.ended()
  await eventually(() => ends.length === 2, 'the second is answered')
  ends[1]?.()
  await second.response.ended()
  expect(second.response.text()).toEndWith('data: [DONE]\n\n')
})

describe('it is turned away with 503', () => {
  test('when it has waited as long as it may', async () => {
    const { script, ends } = held()
    const stand = await startTargets([script], one, { queueWaitMaxMs: 100 }, slowHeartbeat)
    const first = await stand.begin()
    await eventually(() => ends.length === 1, 'the first is answered')
    const refused = await stand.chat()
    expect([refused.status, JSON.parse(refused.text()).error.code]).toEqual([503, 'overloaded'])
    expect(refused.header('retry-after')).not.toBeNull()
    ends[0]?.()
    await first.response.ended()
  })

  test('at once where the queue is full', async () => {
    const { script, ends } = held()
    const stand = await startTargets([script], one, { queueLengthMax: 1 }, slowHeartbeat)
    const first = await stand.begin()
    await eventually(() => ends.length === 1, 'the first is answered')
    const second = await stand.begin()
    await eventually(() => stand.app.leftovers().queued === 1, 'the second waits')
    expect((await stand.chat()).status).toBe(503)
    ends[0]?.()
    await eventually(() => ends.length === 2, 'the second is answered')
    ends[1]?.()
    await Promise.all([first.response.ended(), second.response.ended()])
  })
})

test('keys share by the answers that they asked for, and not by requests', async () => {
  const { script, ends } = held()
  const keys = { API_KEYS: 'sk-long, sk-short', ...slowHeartbeat }
  const stand = await startTargets([script], one, {}, keys)
  const begin = (key: string, max_tokens: number) =>
    stand.begin({ max_tokens }, { authorization: `Bearer ${key}` })
  const begun = [await begin('sk-long', 1)]
  await eventually(() => ends.length === 1, 'the first is answered')
  const asked = [
    ['sk-long', 8000],
    ['sk-long', 8001],
    ['sk-short', 10],
    ['sk-short', 11],
  ] as const
  for (const [index, [key, tokens]] of asked.entries()) {
    begun.push(await begin(key, tokens))
    await eventually(() => stand.app.leftovers().queued === index + 1, 'it waits')
  }
  const order: number[] = []
  for (const index of begun.keys()) {
    await eventually(() => ends.length > index, `answer ${index}`)
    const request = await stand.upstreams[0]?.request(index)
    order.push(JSON.parse(Buffer.from((await request?.bytes()) ?? []).toString()).max_tokens)
    ends[index]?.()
  }
  for (const { response } of begun) await response.ended()
  expect(order).toEqual([1, 10, 11, 8000, 8001])
})

test('an operator sees who waits for what', async () => {
  const { script, ends } = held()
  const stand = await startTargets([script], one, {}, slowHeartbeat)
  const gates = async (): Promise<unknown> => {
    const { response } = await stand.send({ path: '/api/queue' })
    await response.ended()
    return JSON.parse(response.text()).gates
  }
  expect(await gates()).toEqual([])
  const first = await stand.begin()
  await eventually(() => ends.length === 1, 'the first is answered')
  const second = await stand.begin()
  await eventually(() => stand.app.leftovers().queued === 1, 'the second waits')
  const provider = { name: 'a', waiting: 0, limit: null }
  expect(await gates()).toEqual([
    { name: 'a/m-a', inside: 1, waiting: 1, limit: 1 },
    { ...provider, inside: 1 },
  ])
  ends[0]?.()
  await first.response.ended()
  await eventually(() => ends.length === 2, 'the second is answered')
  ends[1]?.()
  await second.response.ended()
  await eventually(() => stand.app.leftovers().slots === 0, 'nobody is inside')
  expect(await gates()).toEqual([
    { name: 'a/m-a', inside: 0, waiting: 0, limit: 1 },
    { ...provider, inside: 0 },
  ])
})

test('the time of waiting is no overhead, and in the log', async () => {
  const { script, ends } = held()
  const stand = await startTargets([script], one, {}, slowHeartbeat)
  const first = await stand.begin()
  await eventually(() => ends.length === 1, 'the first is answered')
  const second = await stand.begin()
  await eventually(() => stand.app.leftovers().queued === 1, 'the second waits')
  await Bun.sleep(300)
  ends[0]?.()
  await first.response.ended()
  await eventually(() => ends.length === 2, 'the second is answered')
  ends[1]?.()
  await second.response.ended()
  expect(Number(second.response.header('x-sluice-overhead-ms'))).toBeLessThan(250)
  const lines: string[] = []
  const log = createLog({ level: 'info', format: 'json', worker: 0 }, (line) => lines.push(line))
  log.request(await stand.record(0))
  log.request(await stand.record(1))
  const [before, waited] = lines.map((line) => JSON.parse(line).queueWaitMs)
  expect([before, waited >= 290]).toEqual([null, true])
})

test('a provider that failed is not asked while another one is only busy', async () => {
  const busy = held()
  const refusing = json(500, { error: { message: 'broken' } })
  const traits = [{ concurrencyMax: 1 }, {}]
  const settings = { retriesMax: 0, breakerFailures: 1 }
  const stand = await startTargets([busy.script, refusing], { traits }, settings, slowHeartbeat)
  const first = await stand.begin()
  await eventually(() => busy.ends.length === 1, 'the first is answered')
  // This one opens the breaker of the second provider, and then waits for the first.
  const second = await stand.begin()
  await eventually(() => stand.app.leftovers().queued === 1, 'the second waits')
  const third = await stand.begin()
  await eventually(() => stand.app.leftovers().queued === 2, 'the third waits')
  expect(stand.upstreams[1]?.requestCount).toBe(1)
  for (const index of [0, 1, 2]) {
    await eventually(() => busy.ends.length > index, `answer ${index}`)
    busy.ends[index]?.()
  }
  for (const { response } of [first, second, third]) {
    await response.ended()
    expect(response.text()).toContain('held')
  }
})

test('of two targets that are full, the one that is free first answers', async () => {
  const [a, b] = [held(), held()]
  const traits = [{ concurrencyMax: 1 }, { concurrencyMax: 1 }]
  const stand = await startTargets([a.script, b.script], { traits }, {}, slowHeartbeat)
  const begun = [await stand.begin(), await stand.begin()]
  await eventually(() => a.ends.length + b.ends.length === 2, 'both are busy')
  const third = await stand.begin()
  await eventually(() => (stand.app.leftovers().queued ?? 0) > 0, 'the third waits')
  b.ends[0]?.()
  await eventually(() => b.ends.length === 2, 'the second target has it')
  expect(stand.app.leftovers().queued).toBe(0)
  for (const end of a.ends.concat(b.ends)) end()
  for (const { response } of [...begun, third]) await response.ended()
})

test('a provider that refuses for want of capacity is asked less, until it answers', async () => {
  const refusing = json(429, { error: { message: 'm' } }, { 'retry-after': '60' })
  const stand = await startTargets([inTurn(refusing, answering('then'))], {}, { retriesMax: 0 })
  const refused = await stand.chat()
  expect(refused.status).toBe(429)
  const answers = await Promise.all(Array.from({ length: 5 }, () => stand.chat()))
  for (const answer of answers) expect(answer.text()).toBe(answerText('then'))
})
