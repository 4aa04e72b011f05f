/** A first target that goes down and comes back: served all the while, asked little, used again. */
import { afterEach, expect, test } from 'bun:test'
import { json } from '../kit/answers.ts'
import { eventually } from '../kit/signal.ts'
import type { UpstreamScript } from '../kit/upstream.ts'
import { endStands } from './client-stand.ts'
import { answering, answerText, startTargets } from './targets-stand.ts'

afterEach(endStands)

/** The times of the issue divided by 20: an outage of 3 s for one of 60 s. */
const OUTAGE_MS = 3000
const breaker = { breakerOpenMs: 250, breakerOpenMaxMs: 3000, breakerSlowStartMs: 500 } as const

test('nobody notices the outage, and the traffic is back soon after it', async () => {
  let isDown = false
  let askedWhileDown = 0
  const flapping: UpstreamScript = async (request, connection) => {
    if (isDown) askedWhileDown += 1
    const answer = isDown ? json(503, { error: { message: 'down' } }) : answering('from a')
    await answer(request, connection)
  }
  const stand = await startTargets([flapping, answering('from b')], {}, breaker)
  const texts = [answerText('from a'), answerText('from b')]
  const served = async (): Promise<string> => {
    const response = await stand.chat()
    expect(response.status).toBe(200)
    const text = response.text()
    expect(texts).toContain(text)
    return text
  }
  expect(await served()).toBe(answerText('from a'))

  isDown = true
  const downSinceMs = performance.now()
  while (performance.now() - downSinceMs < OUTAGE_MS) {
    expect(await served()).toBe(answerText('from b'))
    await Bun.sleep(10)
  }
  expect(askedWhileDown).toBeGreaterThan(0)
  expect(askedWhileDown).toBeLessThan(10)

  isDown = false
  const upSinceMs = performance.now()
  // Twenty in a row from the first target: its share is whole again.
  let inARow = 0
  await eventually(
    async () => {
      inARow = (await served()) === texts[0] ? inARow + 1 : 0
      return inARow >= 20
    },
    'the traffic is back on the first target',
    10_000,
  )
  // 30 s in the times of the issue, with as much again for a slow machine.
  expect(performance.now() - upSinceMs).toBeLessThan(3000 + 3000)
}, 30_000)
