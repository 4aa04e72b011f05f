/** When the first target is late the next starts too; the first content wins, the loser is left. */
import { afterEach, expect, test } from 'bun:test'
import { json, silence } from '../kit/answers.ts'
import { eventually } from '../kit/signal.ts'
import type { UpstreamScript } from '../kit/upstream.ts'
import { answering, answerText, endTargetStands, startTargets } from './targets-stand.ts'

afterEach(endTargetStands)

const route = { hedge: true } as const

/** Answers when `ms` have passed. */
const late =
  (ms: number, text: string): UpstreamScript =>
  async (request, connection) => {
    await Bun.sleep(ms)
    await answering(text)(request, connection)
  }

test('the hedge wins, the first is cancelled at once, and both are on record', async () => {
  const stand = await startTargets([silence, answering('from b')], route)
  const response = await stand.chat()
  const answeredAtMs = performance.now()
  const [first] = stand.upstreams
  await eventually(() => first?.busyConnections === 0, 'the loser is let go', 1000)
  expect(performance.now() - answeredAtMs).toBeLessThan(500)
  expect(response.text()).toBe(answerText('from b'))
  expect(response.header('x-sluice-provider')).toBe('b')
  const { attemptLog } = await stand.record(0)
  expect(attemptLog.map(({ target, kind, outcome }) => [target, kind, outcome])).toEqual([
    ['a/m-a', 'first', 'outrun'],
    ['b/m-b', 'hedge', 'answered'],
  ])
})

test('the first wins though the hedge has started', async () => {
  const stand = await startTargets([late(150, 'from a'), silence], route)
  const response = await stand.chat()
  expect(response.text()).toBe(answerText('from a'))
  expect(response.header('x-sluice-provider')).toBe('a')
  expect((await stand.record(0)).attemptLog.map(({ outcome }) => outcome)).toEqual([
    'answered',
    'outrun',
  ])
})

test('a first that is in time starts no hedge', async () => {
  const stand = await startTargets([answering('from a'), silence], route)
  expect((await stand.chat()).text()).toBe(answerText('from a'))
  expect(stand.upstreams[1]?.requestCount).toBe(0)
})

test('a hedge that fails leaves the first alone', async () => {
  const stand = await startTargets([late(200, 'from a'), json(500, { error: {} })], route)
  expect((await stand.chat()).text()).toBe(answerText('from a'))
  expect(stand.upstreams[1]?.requestCount).toBe(1)
})

test('a first that fails behind a hedge leaves the request to the hedge', async () => {
  const failing: UpstreamScript = async (_, connection) => {
    await Bun.sleep(120)
    connection.reset()
  }
  const stand = await startTargets([failing, late(300, 'from b')], route, { retriesMax: 0 })
  expect((await stand.chat()).text()).toBe(answerText('from b'))
})

test('the budget: one in hand, then one for every twenty requests', async () => {
  const stand = await startTargets([late(100, 'from a'), late(100, 'from b')], route)
  for (let index = 0; index < 5; index += 1) await stand.chat()
  expect(stand.upstreams[1]?.requestCount).toBe(1)
  expect(stand.upstreams[0]?.requestCount).toBe(5)
})

test('none where the operator, the route or the caller of a whole answer wants none', async () => {
  const slow = [late(150, 'from a'), answering('from b')] as const
  const off = await startTargets(slow, route, { hedge: false })
  await off.chat()
  const plain = await startTargets(slow, { hedge: false })
  await plain.chat()
  const whole = await startTargets([silence, silence], route)
  const begun = await whole.begin({ stream: false })
  await whole.upstreams[0]?.request(0)
  await Bun.sleep(120)
  begun.client.close()
  for (const stand of [off, plain, whole]) expect(stand.upstreams[1]?.requestCount).toBe(0)
})

test('a client that leaves while both run cancels both', async () => {
  const stand = await startTargets([silence, silence], route)
  const { client } = await stand.begin()
  await stand.upstreams[1]?.request(0)
  client.close()
  for (const upstream of stand.upstreams) {
    await eventually(() => upstream.busyConnections === 0, 'the provider is let go', 1000)
  }
  expect((await stand.record(0)).endReason).toBe('client_gone')
})

test('a caller`s own error ends it, whatever the other would say', async () => {
  const refusing: UpstreamScript = async (request, connection) => {
    await Bun.sleep(120)
    await json(400, { error: { message: 'No.', code: 'bad' } })(request, connection)
  }
  const stand = await startTargets([refusing, silence], route)
  expect((await stand.chat()).status).toBe(400)
})

test('a loser does not count against its breaker', async () => {
  const stand = await startTargets([silence, answering('from b')], route, {
    hedgeBudgetPercent: 100,
    breakerFailures: 2,
  })
  for (let index = 0; index < 4; index += 1) await stand.chat()
  expect(stand.upstreams.map(({ requestCount }) => requestCount)).toEqual([4, 4])
})
