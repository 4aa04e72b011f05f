import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { Breaker } from '../../src/resilience/breaker.ts'
import { BreakerTable } from '../../src/resilience/breaker-table.ts'
import type { Permit } from '../../src/resilience/breakers.ts'
import { OutcomeWindow } from '../../src/resilience/outcome-window.ts'

const settings = {
  breakerFailures: 5,
  breakerWindowMs: 30_000,
  breakerOpenMs: 5000,
  breakerOpenMaxMs: 60_000,
  breakerSlowStartMs: 10_000,
}

/** A breaker with a clock that the test moves, and without jitter. */
function stand() {
  let nowMs = 1000
  const breaker = new Breaker(settings, () => 1)
  const admit = (): Permit | null => breaker.admit(() => nowMs)
  const must = (): Permit => {
    const permit = admit()
    if (permit === null) throw new Error('not admitted')
    return permit
  }
  return {
    breaker,
    admit,
    must,
    pass: (ms: number) => {
      nowMs += ms
    },
    share: () => breaker.share(nowMs),
    fail: (times: number) => {
      for (let index = 0; index < times; index += 1) must().failure()
    },
  }
}

describe('it opens', () => {
  test('at the fifth failure in a row', () => {
    const { breaker, fail, admit } = stand()
    fail(4)
    expect(breaker.state()).toBe('closed')
    fail(1)
    expect([breaker.state(), admit()]).toEqual(['open', null])
  })

  test('not where a success is between', () => {
    const { breaker, fail, must } = stand()
    fail(4)
    must().success()
    fail(4)
    expect(breaker.state()).toBe('closed')
  })

  test('at half of twenty within the window', () => {
    const { breaker, must, pass } = stand()
    for (let index = 0; index < 10; index += 1) {
      expect(breaker.state()).toBe('closed')
      must().success()
      must().failure()
      pass(100)
    }
    expect(breaker.state()).toBe('open')
  })

  test('not at half of twenty over a longer time', () => {
    const { breaker, must, pass } = stand()
    for (let index = 0; index < 30; index += 1) {
      must().success()
      must().failure()
      pass(4000)
    }
    expect(breaker.state()).toBe('closed')
  })

  test('not by what is neither success nor failure', () => {
    const { breaker, must } = stand()
    for (let index = 0; index < 50; index += 1) must().release()
    expect(breaker.state()).toBe('closed')
  })
})

describe('while it is open', () => {
  test('one probe is let through when its time has come, and no second', () => {
    const { breaker, fail, admit, pass, share } = stand()
    fail(5)
    pass(4999)
    expect([admit(), share()]).toEqual([null, 0])
    pass(2)
    expect(share()).toBe(1)
    expect(admit()).not.toBeNull()
    expect([breaker.state(), admit(), share()]).toEqual(['half-open', null, 0])
  })

  test('a failed probe doubles the time, up to the most', () => {
    const { fail, must, pass, admit } = stand()
    fail(5)
    for (const openMs of [5000, 10_000, 20_000, 40_000, 60_000, 60_000]) {
      pass(openMs - 1)
      expect(admit()).toBeNull()
      pass(2)
      must().failure()
    }
  })

  test('a probe that ends as neither leaves its place to the next', () => {
    const { fail, must, pass, admit, breaker } = stand()
    fail(5)
    pass(5001)
    must().release()
    expect(breaker.state()).toBe('open')
    expect(admit()).not.toBeNull()
  })

  test('what began before and fails in it makes nothing longer', () => {
    const { fail, must, pass, admit } = stand()
    const early = [must(), must(), must()]
    fail(5)
    for (const permit of early) permit.failure()
    pass(5001)
    expect(admit()).not.toBeNull()
  })
})

test('after a good probe its share grows to all of it', () => {
  const { fail, must, pass, share, breaker } = stand()
  fail(5)
  pass(5001)
  must().success()
  expect(breaker.state()).toBe('closed')
  expect(share()).toBeCloseTo(0.1)
  pass(5000)
  expect(share()).toBeCloseTo(0.55)
  pass(5000)
  expect(share()).toBe(1)
})

test('an operator opens and closes it until it is left to itself again', () => {
  const table = new BreakerTable(settings)
  table.set('a/m', 'open')
  expect([table.admit('a/m'), table.share('a/m')]).toEqual([null, 0])
  table.set('a/m', 'closed')
  for (let index = 0; index < 10; index += 1) table.admit('a/m')?.failure()
  expect(table.admit('a/m')).not.toBeNull()
  expect(table.list()).toMatchObject([{ target: 'a/m', state: 'closed', override: 'closed' }])
  table.set('a/m', 'auto')
  expect(table.list()).toEqual([])
})

test('names without end leave a table that has one', () => {
  const table = new BreakerTable(settings)
  for (let index = 0; index < 5000; index += 1) table.admit(`a/${index}`)?.success()
  expect(table.list().length).toBeLessThanOrEqual(2048)
})

test('nor do names that all fail, and what an operator has set is kept', () => {
  const table = new BreakerTable(settings)
  table.set('a/m', 'open')
  for (let index = 0; index < 2500; index += 1) {
    for (let failure = 0; failure < 5; failure += 1) table.admit(`a/${index}`)?.failure()
  }
  expect(table.list().length).toBeLessThanOrEqual(2048)
  expect(table.list().find(({ target }) => target === 'a/m')?.override).toBe('open')
})

test('jitter keeps the opening between 80 and 100 percent', () => {
  fc.assert(
    fc.property(fc.double({ min: 0, max: 1, noNaN: true }), (dice) => {
      const breaker = new Breaker(settings, () => dice)
      for (let index = 0; index < 5; index += 1) breaker.failed(0)
      expect(breaker.opensInMs(0)).toBeGreaterThanOrEqual(4000)
      expect(breaker.opensInMs(0)).toBeLessThanOrEqual(5000)
    }),
  )
})

test('a permit counts once, and a probe never sticks, whatever happens in which order', () => {
  const acts = fc.array(
    fc.record({
      act: fc.constantFrom('admit', 'success', 'failure', 'release', 'pass'),
      pick: fc.nat(20),
    }),
    { maxLength: 200 },
  )
  fc.assert(
    fc.property(acts, (list) => {
      const { admit, pass, breaker } = stand()
      const permits: Permit[] = []
      for (const { act, pick } of list) {
        if (act === 'pass') pass(pick * 1000)
        else if (act === 'admit') {
          const permit = admit()
          if (permit !== null) permits.push(permit)
        } else permits[pick % Math.max(1, permits.length)]?.[act as 'success']()
      }
      for (const permit of permits) permit.release()
      expect(breaker.state()).not.toBe('half-open')
      pass(60_001)
      expect(admit()).not.toBeNull()
    }),
  )
})

test('the window forgets by itself', () => {
  const window = new OutcomeWindow(30_000)
  for (let index = 0; index < 10; index += 1) window.add(false, index * 100)
  expect(window.counts(1000)).toEqual({ failures: 10, total: 10 })
  expect(window.counts(29_000)).toEqual({ failures: 10, total: 10 })
  expect(window.counts(33_000)).toEqual({ failures: 0, total: 0 })
  window.add(true, 10_000_000)
  expect(window.counts(10_000_000)).toEqual({ failures: 0, total: 1 })
})
