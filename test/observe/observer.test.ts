/** What a worker remembers: the last requests, and sums by name within their bounds. */
import { describe, expect, test } from 'bun:test'
import { AttemptFacts } from '../../src/observe/attempt-facts.ts'
import { OTHER } from '../../src/observe/known-models.ts'
import { Observer } from '../../src/observe/observer.ts'
import { topPerforming } from '../../src/observe/performance.ts'
import { isNotable, RecentRequests } from '../../src/observe/recent.ts'
import type { Totals } from '../../src/observe/totals.ts'
import { exchangeOf, finishedWith } from './records.ts'

const WINDOW_MS = 300_000

describe('recent requests', () => {
  test('are the last thousand, the newest first', () => {
    const recent = new RecentRequests()
    for (let index = 0; index < 2500; index += 1) recent.add(finishedWith({ id: `req_${index}` }))
    const list = recent.list({ limit: 2000 })
    expect(list.length).toBe(1000)
    expect([list[0]?.id, list.at(-1)?.id]).toEqual(['req_2499', 'req_1500'])
    expect(recent.list().length).toBe(100)
    expect(recent.find('req_1500')?.id).toBe('req_1500')
    expect(recent.find('req_1499')).toBeNull()
  })

  test('keep what failed, however many succeed after it', () => {
    const recent = new RecentRequests()
    recent.add(finishedWith({ id: 'req_bad', errorCode: 'upstream_reset', provider: 'x' }))
    recent.add(finishedWith({ id: 'req_slow', firstContentMs: 12_000 }))
    for (let index = 0; index < 2000; index += 1) recent.add(finishedWith())
    expect(recent.list({ notable: true }).map(({ id }) => id)).toEqual(['req_slow', 'req_bad'])
    expect(recent.list({ failed: true }).map(({ id }) => id)).toEqual(['req_bad'])
    expect(recent.list({ failed: true, provider: 'y' })).toEqual([])
    expect(recent.find('req_bad')?.errorCode).toBe('upstream_reset')
  })

  test.each([
    [{}, false],
    [{ stalls: 1 }, true],
    [{ recovery: 'prefill' }, true],
    [{ errorCode: 'client_gone', status: 499 }, false],
    [{ errorCode: 'upstream_error', status: 400 }, false],
    [{ errorCode: 'internal_error', status: 500 }, true],
    [{ streaming: true, durationMs: 60_000, firstContentMs: 100 }, false],
    [{ streaming: false, durationMs: 60_000, firstContentMs: null }, true],
    [{ streaming: true, durationMs: 60_000, firstContentMs: null }, true],
  ] as const)('%j: worth a look is %p', (fields, notable) => {
    expect(isNotable(finishedWith(fields))).toBe(notable)
  })
})

describe('sums', () => {
  test('are of all, by provider, and by target of a route', () => {
    const observer = new Observer()
    observer.models.configure(['openai/gpt-test', 'anthropic/claude-test'])
    const claude = { provider: 'anthropic', upstreamModel: 'claude-test', route: 'smart' }
    observer.record(exchangeOf())
    observer.record(exchangeOf({ route: 'smart' }))
    observer.record(exchangeOf(claude))
    observer.record(exchangeOf(claude))
    observer.record(exchangeOf({ provider: null, upstreamModel: null, endReason: 'rejected' }))
    const byName = ({ totals, ...name }: { totals: { requests: number } }) => [
      name,
      totals.requests,
    ]
    expect(observer.totals(WINDOW_MS).totals.requests).toBe(5)
    expect(observer.totals(WINDOW_MS).totals.gapMs.count).toBe(45)
    expect(observer.byProvider(WINDOW_MS).map(byName)).toMatchObject([
      [{ provider: 'openai' }, 2],
      [{ provider: 'anthropic' }, 2],
    ])
    expect(observer.byVariant(WINDOW_MS).map(byName)).toMatchObject([
      [{ route: null, provider: 'openai', model: 'gpt-test' }, 1],
      [{ route: 'smart', provider: 'openai', model: 'gpt-test' }, 1],
      [{ route: 'smart', provider: 'anthropic', model: 'claude-test' }, 2],
    ])
  })

  test('have each attempt where it was made, and the request where it ended', () => {
    const observer = new Observer()
    observer.models.configure(['openai/gpt-test', 'anthropic/claude-test'])
    for (let index = 0; index < 3; index += 1) {
      const exchange = exchangeOf({ route: 'smart', attempts: 2 })
      const failed = new AttemptFacts('anthropic/claude-test#2', 'first', exchange)
      failed.end('upstream_reset')
      exchange.attemptLog.unshift(failed)
      observer.record(exchange)
    }
    const sumsOf = ({ requests, errors, attempts, failedAttempts, answerMs }: Totals) => {
      return [requests, errors, attempts, failedAttempts, answerMs.count]
    }
    expect(sumsOf(observer.totals(WINDOW_MS).totals)).toEqual([3, 0, 6, 3, 3])
    const providers = observer.byProvider(WINDOW_MS)
    expect(providers.map(({ provider, totals }) => [provider, sumsOf(totals)])).toEqual([
      ['openai', [3, 0, 3, 0, 3]],
      ['anthropic', [0, 0, 3, 3, 0]],
    ])
    const variants = observer.byVariant(WINDOW_MS)
    expect(variants.map(({ route, model, totals }) => [route, model, sumsOf(totals)])).toEqual([
      ['smart', 'gpt-test', [3, 0, 3, 0, 3]],
      ['smart', 'claude-test', [0, 0, 3, 3, 0]],
    ])
    expect(topPerforming(providers)).toBe('openai')
  })

  test('of names that only callers say are one, and there are never more than a bound', () => {
    const observer = new Observer()
    observer.models.configure(['openai/gpt-test'])
    for (let index = 0; index < 1000; index += 1) {
      observer.record(exchangeOf({ upstreamModel: `made-up-${index}` }))
    }
    expect(observer.byVariant(WINDOW_MS)).toMatchObject([
      { provider: 'openai', model: OTHER, totals: { requests: 1000 } },
    ])
    for (let index = 0; index < 500; index += 1) {
      observer.record(exchangeOf({ provider: `p${index}`, route: `r${index}` }))
    }
    const providers = observer.byProvider(WINDOW_MS)
    const variants = observer.byVariant(WINDOW_MS)
    expect(providers.length).toBeLessThanOrEqual(33)
    expect(variants.length).toBeLessThanOrEqual(65)
    const sum = (list: readonly { totals: { requests: number } }[]): number =>
      list.reduce((all, { totals }) => all + totals.requests, 0)
    expect(sum(providers)).toBe(1500)
    expect(sum(variants)).toBe(1500)
  })

  test('have the name of a model that a list of the provider has', () => {
    const observer = new Observer()
    observer.models.learn(['openai/new-model'])
    observer.record(exchangeOf({ upstreamModel: 'new-model' }))
    expect(observer.byVariant(WINDOW_MS)).toMatchObject([{ model: 'new-model' }])
    expect(observer.models.nameOf('openai', null)).toBeNull()
    expect(observer.models.nameOf('azure', 'new-model')).toBe(OTHER)
  })

  test('go by the clock that is given', () => {
    let now = 1_800_000_000_000
    const observer = new Observer(() => now)
    observer.record(exchangeOf())
    now += 1000
    expect(observer.points(0).map(({ totals }) => totals.requests)).toEqual([1])
    now += 600_000
    expect(observer.totals(WINDOW_MS).totals.requests).toBe(0)
    expect(observer.byProvider(WINDOW_MS)).toEqual([])
  })
})

test('what one worker remembers is handed on to the next', async () => {
  const before = new Observer()
  before.models.configure(['openai/gpt-test'])
  const failed = exchangeOf({ errorCode: 'upstream_reset', route: 'smart' })
  before.record(failed)
  for (let index = 0; index < 300; index += 1) before.record(exchangeOf())
  const after = new Observer()
  const own = exchangeOf({ provider: 'anthropic', upstreamModel: 'claude-test' })
  after.record(own)
  await after.inherit(JSON.parse(JSON.stringify(before.bequeath())))
  const recent = after.recent.list({ limit: 1000 })
  expect([recent.length, recent[0]?.id]).toEqual([201, own.id])
  expect(after.recent.list({ failed: true }).map(({ id }) => id)).toEqual([failed.id])
  expect(after.totals(WINDOW_MS).totals.requests).toBe(302)
  expect(
    after.byProvider(WINDOW_MS).map(({ provider, totals }) => [provider, totals.requests]),
  ).toEqual([
    ['anthropic', 1],
    ['openai', 301],
  ])
  const variants = after.byVariant(WINDOW_MS)
  expect(variants.map(({ route, model, totals }) => [route, model, totals.requests])).toEqual([
    [null, OTHER, 1],
    ['smart', 'gpt-test', 1],
    [null, 'gpt-test', 300],
  ])
  for (let index = 0; index < 1200; index += 1) after.record(exchangeOf())
  expect(after.recent.list({ limit: 2000 }).length).toBe(1000)
})

test('listeners are told of each request, with its record', () => {
  const observer = new Observer()
  const told: string[] = []
  observer.onFinished(({ id }, exchange) => {
    expect(exchange.id).toBe(id)
    told.push(id)
  })
  const exchange = exchangeOf()
  observer.record(exchange)
  expect(told).toEqual([exchange.id])
})
