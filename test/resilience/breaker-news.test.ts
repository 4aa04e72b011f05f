/** Breakers of several processes: what one learns, all obey, and nobody tells it twice. */
import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { newsOf, newsText } from '../../src/resilience/breaker-news.ts'
import { BreakerTable } from '../../src/resilience/breaker-table.ts'
import type { Permit } from '../../src/resilience/breakers.ts'

const settings = {
  breakerFailures: 5,
  breakerWindowMs: 30_000,
  breakerOpenMs: 5000,
  breakerOpenMaxMs: 60_000,
  breakerSlowStartMs: 10_000,
}

/** Processes on one clock, without jitter; what one publishes waits until it is delivered. */
function processes(count: number) {
  let nowMs = 1000
  const waiting: { readonly from: number; readonly text: string }[] = []
  const tables = Array.from(
    { length: count },
    (_, from) =>
      new BreakerTable(
        settings,
        () => nowMs,
        () => 1,
        (text) => void waiting.push({ from, text }),
      ),
  )
  const table = (index: number): BreakerTable => {
    const found = tables[index]
    if (found === undefined) throw new Error(`no process ${index}`)
    return found
  }
  const admit = (index: number): Permit | null => table(index).admit('a/m')
  const must = (index: number): Permit => {
    const permit = admit(index)
    if (permit === null) throw new Error('not admitted')
    return permit
  }
  return {
    table,
    admit,
    must,
    fail: (index: number, times = 5) => {
      for (let turn = 0; turn < times; turn += 1) must(index).failure()
    },
    pass: (ms: number) => {
      nowMs += ms
    },
    /** Gives out what was published. @returns how many messages that were. */
    deliver: (): number => {
      const all = waiting.splice(0)
      for (const { from, text } of all) {
        for (const [index, each] of tables.entries()) if (index !== from) each.hear(text)
      }
      return all.length
    },
    states: () => tables.map((each) => each.list().map(({ state }) => state)[0] ?? 'none'),
  }
}

describe('an opening', () => {
  test('opens the others for the same time, by one message and without an echo', () => {
    const { fail, deliver, states, admit, pass, table } = processes(3)
    fail(0)
    pass(1000)
    expect([deliver(), deliver(), states()]).toEqual([1, 0, ['open', 'open', 'open']])
    expect([table(0).list()[0]?.openForMs, table(1).list()[0]?.openForMs]).toEqual([4000, 5000])
    pass(4999)
    expect(admit(1)).toBeNull()
    pass(2)
    expect(admit(1)).not.toBeNull()
  })

  test('that two saw at once is one outage: the next is twice as long, not four times', () => {
    const { fail, deliver, must, pass, table } = processes(2)
    fail(0)
    fail(1)
    expect(deliver()).toBe(2)
    pass(5001)
    const probes = [must(0), must(1)]
    probes[0]?.failure()
    expect(deliver()).toBe(1)
    // What the other's probe finds out is known already.
    probes[1]?.failure()
    expect(deliver()).toBe(0)
    expect([table(0), table(1)].map((each) => each.list()[0]?.openForMs)).toEqual([10_000, 10_000])
    expect([table(0), table(1)].map((each) => each.list()[0]?.state)).toEqual(['open', 'open'])
  })

  test('that is told late makes nothing shorter', () => {
    const { fail, deliver, pass, must, table } = processes(2)
    fail(0)
    deliver()
    pass(5001)
    must(1).failure()
    table(1).hear(newsText({ target: 'a/m', state: 'open', openForMs: 1, outages: 1 }))
    expect(table(1).list()[0]?.openForMs).toBe(10_000)
  })

  test('is over at the latest when any opening is', () => {
    const { table } = processes(1)
    table(0).hear(newsText({ target: 'a/m', state: 'open', openForMs: 1e12, outages: 1e12 }))
    expect(table(0).list()[0]?.openForMs).toBe(60_000)
  })

  test('does not count failures of requests that were under way', () => {
    const { fail, deliver, must, pass, table } = processes(2)
    const early = Array.from({ length: 6 }, () => must(1))
    fail(0)
    deliver()
    for (const permit of early) permit.failure()
    expect([deliver(), table(1).list()[0]?.openForMs]).toEqual([0, 5000])
    pass(5001)
    must(1).success()
    expect([deliver(), table(1).list()[0]?.consecutiveFailures]).toEqual([1, 0])
  })
})

describe('a good probe', () => {
  test('of one closes all, and each begins with a small share', () => {
    const { fail, deliver, must, pass, states, table } = processes(3)
    fail(0)
    deliver()
    pass(5001)
    must(2).success()
    expect([deliver(), deliver(), states()]).toEqual([1, 0, ['closed', 'closed', 'closed']])
    expect(table(0).share('a/m')).toBeCloseTo(0.1)
  })

  test('of another: an own one that fails later is one failure and no outage', () => {
    const { fail, deliver, must, pass, states, table } = processes(2)
    fail(0)
    deliver()
    pass(5001)
    const [good, bad] = [must(0), must(1)]
    good.success()
    deliver()
    bad.failure()
    expect([deliver(), states()]).toEqual([0, ['closed', 'closed']])
    expect(table(1).list()[0]?.consecutiveFailures).toBe(1)
  })

  test('that is late does not end the probe of the next outage', () => {
    const { fail, deliver, must, admit, pass } = processes(2)
    fail(0)
    deliver()
    pass(5001)
    const late = must(1)
    must(0).success()
    deliver()
    fail(0)
    deliver()
    pass(60_001)
    must(1)
    late.release()
    expect(admit(1)).toBeNull()
  })

  test('of a breaker that nobody has here is nothing', () => {
    const { table } = processes(1)
    table(0).hear(newsText({ target: 'a/m', state: 'closed' }))
    expect(table(0).list()).toEqual([])
  })
})

test('what an operator sets holds everywhere, until it is left to itself', () => {
  const { table, deliver, admit, fail, states } = processes(2)
  table(0).set('a/m', 'open')
  expect([deliver(), deliver(), admit(1)]).toEqual([1, 0, null])
  table(1).set('a/m', 'auto')
  expect([deliver(), states()]).toEqual([1, ['none', 'none']])
  table(1).set('a/m', 'closed')
  deliver()
  fail(0, 20)
  expect([deliver(), states()]).toEqual([0, ['closed', 'closed']])
})

test('calm makes an outage the first again, wherever it is seen', () => {
  const { fail, deliver, must, pass, table } = processes(2)
  fail(0)
  pass(5001)
  must(0).failure()
  deliver()
  pass(10_001)
  must(0).success()
  deliver()
  pass(200_000)
  must(0).success()
  fail(0)
  deliver()
  expect(table(1).list()[0]?.openForMs).toBe(5000)
  pass(5001)
  must(1).failure()
  expect(table(1).list()[0]?.openForMs).toBe(10_000)
})

test('there is a message for each change of state, and none for anything else', () => {
  const acts = fc.array(
    fc.record({
      process: fc.nat(2),
      act: fc.constantFrom('success', 'failure', 'release', 'pass'),
      ms: fc.nat(9000),
    }),
    { maxLength: 100 },
  )
  fc.assert(
    fc.property(acts, (list) => {
      const { admit, deliver, pass, states } = processes(3)
      for (const { process, act, ms } of list) {
        const before = states()[process]
        if (act === 'pass') pass(ms)
        else admit(process)?.[act]()
        const after = states()[process]
        const isChanged = before !== after && !(before === 'none' && after === 'closed')
        const isReopened = before === 'open' && after === 'open' && act === 'failure'
        expect(deliver()).toBeLessThanOrEqual(isChanged || isReopened ? 1 : 0)
        expect(new Set(states().filter((state) => state !== 'none')).size).toBeLessThanOrEqual(1)
      }
    }),
  )
})

test('what is no news is nothing', () => {
  const texts = ['', 'null', '[]', '{"state":"open"}', '{"target":1,"override":"open"}']
  const others = [
    { target: 'a/m', override: 'ajar' },
    { target: 'a/m', state: 'half-open' },
    { target: 'a/m', state: 'open', openForMs: -1, outages: 1 },
    { target: 'a/m', state: 'open', openForMs: '5', outages: 1 },
    { target: 'a/m', state: 'open', openForMs: 5 },
    { target: 'a'.repeat(301), override: 'open' },
  ]
  for (const text of [...texts, ...others.map((each) => JSON.stringify(each))]) {
    expect([text, newsOf(text)]).toEqual([text, null])
  }
  const { table } = processes(1)
  for (const text of texts) table(0).hear(text)
  expect(table(0).list()).toEqual([])
})
