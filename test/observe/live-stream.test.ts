/** A request under way as an operator sees it. */
import { expect, test } from 'bun:test'
import { Exchange } from '../../src/observe/exchange.ts'
import { liveDetailOf, liveStreamOf, phaseOf } from '../../src/observe/live-stream.ts'
import { type ExchangeFields, exchangeOf } from './records.ts'

const under = (fields: ExchangeFields = {}): Exchange =>
  Object.assign(new Exchange('messages', 'POST'), fields)

test.each([
  [{}, 'queued'],
  [{ attempts: 1 }, 'waiting'],
  [{ attempts: 1, firstEventAtMs: 5 }, 'waiting'],
  [{ attempts: 1, firstContentAtMs: 5 }, 'streaming'],
  [{ attempts: 1, firstContentAtMs: 5, blockedSinceMs: 6 }, 'blocked'],
  [{ attempts: 1, firstContentAtMs: 5, blockedSinceMs: 6, clientGoneAtMs: 7 }, 'detached'],
] as const)('%j is %s', (fields, phase) => {
  expect(phaseOf(under(fields))).toBe(phase)
})

test('one that waits for its turn tells for how long, and its place', () => {
  const exchange = under({ queuePosition: () => 3 })
  exchange.queuedAtMs = exchange.startedAtMs + 10
  const live = liveStreamOf(exchange, 2, exchange.startedAtMs + 60)
  expect(live).toMatchObject({
    worker: 2,
    phase: 'queued',
    ageMs: 60,
    queueWaitMs: 50,
    queuePosition: 3,
    firstContentMs: null,
    sinceEventMs: null,
    eventsPerSecond: null,
    gapMaxMs: null,
  })
})

test('one that streams tells how it goes', () => {
  const exchange = exchangeOf({ queuePosition: () => 3, backpressureMs: 5 })
  const at = exchange.startedAtMs + 241
  exchange.blockedSinceMs = at - 10
  expect(liveDetailOf(exchange, 0, at)).toMatchObject({
    phase: 'blocked',
    queuePosition: null,
    firstContentMs: 41,
    firstEventMs: 41,
    sinceEventMs: 20,
    eventsPerSecond: 55,
    gapMaxMs: 20,
    backpressureMs: 15,
    attempts: 1,
    attemptLog: [{ target: 'openai/gpt-test', outcome: 'answered', answeredMs: 40 }],
  })
})

test('it survives JSON', () => {
  const exchange = exchangeOf()
  const live = liveDetailOf(exchange, 1, exchange.startedAtMs + 500)
  expect(JSON.parse(JSON.stringify(live))).toEqual(live)
})
