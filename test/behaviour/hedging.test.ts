/** When a hedge is started and when none is; what becomes of the two is row 68 of the matrix. */
import { afterEach, expect, test } from 'bun:test'
import { silence } from '../kit/answers.ts'
import type { UpstreamScript } from '../kit/upstream.ts'
import { endStands } from './client-stand.ts'
import { answering, answerText, startTargets } from './targets-stand.ts'

afterEach(endStands)

const route = { hedge: true } as const

/** Answers when `ms` have passed. */
const late =
  (ms: number, text: string): UpstreamScript =>
  async (request, connection) => {
    await Bun.sleep(ms)
    await answering(text)(request, connection)
  }

test('a first that is in time starts no hedge', async () => {
  const settings = { hedgeDelayMinMs: 3000, hedgeDelayUnknownMs: 3000 }
  const stand = await startTargets([answering('from a'), silence], route, settings)
  expect((await stand.chat()).text()).toBe(answerText('from a'))
  expect(stand.upstreams[1]?.requestCount).toBe(0)
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
