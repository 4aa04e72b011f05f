/**
 * Row 2: an address that swallows connection attempts. They are given up after five seconds, which
 * is no setting; so all cases wait for them side by side.
 */
import { afterEach, expect, test } from 'bun:test'
import { silence } from '../kit/answers.ts'
import { startBlackHole } from '../kit/dead-ends.ts'
import { endStands } from './client-stand.ts'
import { allAt, askPair, expectRefused, pairs } from './dialect-stand.ts'
import { errorOf } from './provider-stand.ts'
import { answering, answerText, requestCounts, startTargets } from './targets-stand.ts'

afterEach(endStands)

/** Expects that a connection was given up at its clock, on a shared machine. */
function expectGivenUp(tookMs: number): void {
  expect(tookMs).toBeGreaterThan(4900)
  expect(tookMs).toBeLessThan(8000)
}

test('it is given up after five seconds, and never tried again on the same target', async () => {
  const hole = await startBlackHole()
  const origin = `http://127.0.0.1:${hole.port}`
  const inHole = { A_BASE_URL: `${origin}/v1` }

  const alone = async (stream: boolean): Promise<void> => {
    const stand = await startTargets([silence], {}, {}, inHole)
    const startedAtMs = performance.now()
    const response = await stand.chat({ stream })
    expectGivenUp(performance.now() - startedAtMs)
    expect([response.status, errorOf(response).code]).toEqual([504, 'upstream_connect_timeout'])
    expect([response.ending, (await stand.record(0)).attempts]).toEqual(['complete', 1])
    expect((await stand.record(0)).endReason).toBe('headers_timeout')
  }
  const withAnother = async (): Promise<void> => {
    const stand = await startTargets([silence, answering('from b')], {}, {}, inHole)
    const response = await stand.chat()
    expect([response.status, response.text()]).toEqual([200, answerText('from b')])
    expect(requestCounts(stand)).toEqual([0, 1])
    const [first, second, ...more] = (await stand.record(0)).attemptLog
    expect([first?.outcome, second?.kind]).toEqual(['upstream_connect_timeout', 'failover'])
    expect(more).toEqual([])
    expectGivenUp((second?.startedAtMs ?? 0) - (first?.startedAtMs ?? 0))
  }
  const inDialects = pairs.map(async (pair) => {
    const { response } = await askPair(pair, silence, { environment: allAt(origin) })
    expectRefused(response, pair, 'upstream_connect_timeout')
  })
  await Promise.all([alone(true), alone(false), withAnother(), ...inDialects])
  await hole.stop()
}, 20_000)
