/**
 * Row 35: a stream without end. The total clock ends it, whatever comes; there is no bound on its
 * bytes, for what a client reads at its own pace is held nowhere.
 */
import { afterEach, describe, expect, test } from 'bun:test'
import { eventText } from '../kit/answers.ts'
import type { UpstreamScript } from '../kit/upstream.ts'
import { endStands } from './client-stand.ts'
import { lateMsMax } from './clock-stand.ts'
import {
  answerOf,
  begin,
  expectBroken,
  isPassthrough,
  type Pair,
  pairRows,
  passedRows,
  sideBySide,
  wholeOf,
} from './dialect-stand.ts'
import { chunked } from './provider-stand.ts'

afterEach(endStands)

const totalMs = 300
const total = { STREAM_TOTAL_TIMEOUT_MS: String(totalMs) }

/** The event with the first content of a pair's answer. */
const wordOf = (pair: Pair): string => answerOf(pair).events[answerOf(pair).untilContent - 1] ?? ''

/** Sends a text again and again until it is cut. */
const repeats = (text: string, gapMs: number): UpstreamScript => {
  return async (_request, connection) => {
    for (;;) {
      await connection.raw(chunked(text))
      if (gapMs > 0) await Bun.sleep(gapMs)
    }
  }
}

test('words without end', async () => {
  await sideBySide(pairRows, async (pair) => {
    const startedAtMs = performance.now()
    const begun = await begin(pair, repeats(wordOf(pair), 20), { environment: total })
    await expectBroken(begun, pair, 'upstream_total_timeout')
    const tookMs = performance.now() - startedAtMs
    expect(tookMs).toBeGreaterThan(totalMs - 10)
    expect(tookMs).toBeLessThan(totalMs + lateMsMax)
    expect((await begun.stand.record(0)).endReason).toBe('total_timeout')
  })
})

describe('as fast as they can be sent', () => {
  const rows = pairRows.filter(([, { client }]) => client === 'chat')
  test.each(rows)('%s', async (_name, pair) => {
    const flood = repeats(wordOf(pair).repeat(100), 0)
    const begun = await begin(pair, flood, { environment: total })
    const ending = await begun.response.ended()
    const last = begun.response.text().trimEnd().split('\n\n').at(-1)
    // Where a write waits for the client at that moment, no error can be written behind it.
    if (ending === 'complete') expect(last).toContain('upstream_total_timeout')
    else expect(ending).toBe('reset')
    expect((await begun.stand.record(0)).errorCode).toBe('upstream_total_timeout')
    expect(begun.response.text()).not.toContain('[DONE]')
    const { bytesOut, events } = await begun.stand.record(0)
    expect(events).toBeGreaterThan(100)
    expect(bytesOut).toBeGreaterThanOrEqual(begun.response.bodyBytes)
    expect(begun.stand.pool.getMetrics().overflow).toBe(0)
    await begun.stand.upstream.until(({ openConnections }) => openConnections === 0, 'the close')
  })
})

test('comments without end are ended by the first-token clock, then by the idle', async () => {
  await sideBySide(pairRows, async (pair) => {
    const environment = { STREAM_IDLE_TIMEOUT_MS: '200' }
    const begun = await begin(pair, repeats(': thinking\n\n', 20), { environment })
    await expectBroken(begun, pair, 'upstream_idle_timeout')
  })
})

test('one event without end is cut by the total clock, with a reset', async () => {
  await sideBySide(passedRows, async (pair) => {
    const environment = { ...total, STREAM_MAX_EVENT_BYTES: '4k' }
    const begun = await begin(pair, repeats('y'.repeat(1000), 5), { environment })
    // It had begun to pass, so no error can be written any more (row 34).
    expect(await begun.response.ended()).toBe('reset')
    expect((await begun.stand.record(0)).errorCode).toBe('upstream_total_timeout')
    expect(isPassthrough(pair)).toBe(true)
  })
})

test('what comes behind the end is not waited for', async () => {
  await sideBySide(passedRows, async (pair) => {
    const whole = wholeOf(pair)
    const rest = repeats(eventText('{"more":true}'), 20)
    const begun = await begin(pair, rest, { environment: total, begun: whole })
    await begun.response.ended()
    await begun.stand.upstream.until(({ openConnections }) => openConnections === 0, 'the close')
    expect(begun.response.text()).toStartWith(whole)
  })
})
