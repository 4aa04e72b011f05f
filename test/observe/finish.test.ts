/** What is kept of a record. */
import { describe, expect, test } from 'bun:test'
import { Exchange } from '../../src/observe/exchange.ts'
import { finishedOf } from '../../src/observe/finish.ts'
import { exchangeOf, withAttempts } from './records.ts'

test('times are counted from the beginning of the request', () => {
  const finished = finishedOf(exchangeOf())
  expect(finished).toMatchObject({
    headersMs: 30,
    firstEventMs: 41,
    firstContentMs: 41,
    durationMs: 241,
    queueWaitMs: 0,
    overheadMs: 3,
    gapMaxMs: 20,
    stalls: 0,
    tokensPerSecond: 50,
    resumes: 0,
  })
  expect(finished.gapP50Ms).toBeCloseTo(20, 0)
  expect(finished.attempts).toMatchObject([
    {
      target: 'openai/gpt-test',
      kind: 'first',
      outcome: 'answered',
      headersMs: 30,
      answeredMs: 40,
    },
  ])
})

test('what did not happen is null', () => {
  const exchange = new Exchange('messages', 'POST')
  exchange.endedAtMs = exchange.startedAtMs + 4
  expect(finishedOf(exchange)).toMatchObject({
    headersMs: null,
    firstEventMs: null,
    firstContentMs: null,
    gapP50Ms: null,
    gapP99Ms: null,
    gapMaxMs: null,
    tokensPerSecond: null,
    durationMs: 4,
    overheadMs: 4,
    attempts: [],
  })
})

test('it survives JSON', () => {
  const finished = finishedOf(withAttempts(exchangeOf(), 'hedge'))
  expect(JSON.parse(JSON.stringify(finished))).toEqual(finished)
})

describe('overhead', () => {
  test('is neither the upload, nor the queue, nor the provider', () => {
    const exchange = exchangeOf({ uploadWaitMs: 1.5, queueWaitMs: 0.5 })
    expect(finishedOf(exchange).overheadMs).toBe(1)
  })

  test('of a response that heartbeats hold open ends where that opened', () => {
    // The provider answers long after: that is no time before the opening.
    const exchange = exchangeOf({ upstreamWaitMs: 5000 })
    expect(finishedOf(exchange).overheadMs).toBe(2)
  })

  test('of a request that never opened ends with it', () => {
    const exchange = exchangeOf({ openedAtMs: 0, upstreamWaitMs: 200 })
    expect(finishedOf(exchange).overheadMs).toBe(41)
  })
})
