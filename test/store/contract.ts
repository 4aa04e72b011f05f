/** What holds for every store, as tests over any of them. */
import { afterEach, beforeEach, describe, expect, test } from 'bun:test'
import type { Claim, Taken } from '../../src/store/store.ts'
import {
  backToBudget,
  backToRate,
  budget,
  lease,
  leave,
  rate,
  refusal,
  remaining,
  renewal,
  type StoreStand,
} from './stand.ts'

/** What a test has: the store, fresh for each, and a way to take from it. */
interface Stage {
  readonly stand: () => StoreStand
  readonly take: (...claims: Claim[]) => Promise<Taken>
}

/** Defines the suite over the stores that `open` makes; each test gets a fresh one. */
export function storeContract(name: string, open: () => Promise<StoreStand>): void {
  describe(name, () => {
    let stand: StoreStand
    beforeEach(async () => {
      stand = await open()
    })
    afterEach(() => stand.close())
    const take = async (...claims: Claim[]): Promise<Taken> => stand.store.take(claims)
    const stage: Stage = { stand: () => stand, take }
    describe('rates', () => defineRates(stage))
    describe('corrected rates', () => defineCorrectedRates(stage))
    describe('places', () => definePlaces(stage))
    describe('budgets', () => defineBudgets(stage))
    describe('several at once', () => defineSeveral(stage))
    describe('the whole', () => defineWhole(stage))
  })
}

function defineRates({ stand, take }: Stage): void {
  test('admit the limit at once, and then one whenever one has come back', async () => {
    for (let left = 9; left >= 0; left -= 1) {
      const taken = await take(rate('a'))
      expect([taken.ok, ...remaining(taken)]).toEqual([true, left])
    }
    const taken = await take(rate('a'))
    expect(refusal(taken)).toEqual({ refused: 0, retryAfterMs: 100 })
    expect(taken.standings).toEqual([{ remaining: 0, resetMs: 1000 }])
    await stand().advance(99)
    expect(refusal(await take(rate('a')))).toEqual({ refused: 0, retryAfterMs: 1 })
    await stand().advance(1)
    expect((await take(rate('a'))).ok).toBe(true)
    expect((await take(rate('a'))).ok).toBe(false)
  })

  test.each([1, 3, 7, 999])('admit exactly %d where that does not divide the period', async (n) => {
    let admitted = 0
    for (let tries = 0; tries < n + 3; tries += 1) {
      admitted += (await take(rate('a', 1, n))).ok ? 1 : 0
    }
    expect(admitted).toBe(n)
  })

  test('are exact where units are many', async () => {
    const claim = rate('a', 2_333_333, 7_000_000, 60_000)
    for (let tries = 0; tries < 3; tries += 1) expect((await take(claim)).ok).toBe(true)
    expect(remaining(await take(claim))).toEqual([1])
    expect((await take({ ...claim, cost: 1 })).ok).toBe(true)
    expect((await take({ ...claim, cost: 1 })).ok).toBe(false)
  })

  test('count each key for itself, and are idle again after a period', async () => {
    await take(rate('a', 10))
    expect((await take(rate('b', 10))).ok).toBe(true)
    await stand().advance(1000)
    expect((await take(rate('a', 0))).standings).toEqual([{ remaining: 10, resetMs: 0 }])
  })

  test('never admit what costs more than the limit', async () => {
    const taken = await take(rate('a', 11))
    expect(refusal(taken)).toEqual({ refused: 0, retryAfterMs: Number.POSITIVE_INFINITY })
    expect(remaining(taken)).toEqual([10])
  })
}

function defineCorrectedRates({ stand, take }: Stage): void {
  test('go back by what is given back, and never below nothing', async () => {
    await take(rate('a', 8))
    await stand().store.settle([backToRate(rate('a'), 5)])
    expect(remaining(await take(rate('a', 0)))).toEqual([7])
    await stand().store.settle([backToRate(rate('a'), 500)])
    expect((await take(rate('a', 0))).standings).toEqual([{ remaining: 10, resetMs: 0 }])
    expect((await take(rate('a', 10))).ok).toBe(true)
    expect((await take(rate('a', 1))).ok).toBe(false)
  })

  test('take more later, as a debt that is waited for', async () => {
    await take(rate('a', 8))
    await stand().store.settle([backToRate(rate('a'), -12)])
    expect(refusal(await take(rate('a')))).toEqual({ refused: 0, retryAfterMs: 1100 })
    await stand().advance(1100)
    expect((await take(rate('a'))).ok).toBe(true)
  })

  test('obey another limit from the next claim on', async () => {
    await take(rate('a', 10))
    expect(remaining(await take(rate('a', 5, 20)))).toEqual([5])
    expect((await take(rate('a', 1, 4))).ok).toBe(false)
  })
}

function definePlaces({ stand, take }: Stage): void {
  test('are as many as there are, and free when they are left', async () => {
    expect(remaining(await take(lease('a', 'x')))).toEqual([1])
    expect(remaining(await take(lease('a', 'y')))).toEqual([0])
    expect(refusal(await take(lease('a', 'z')))).toEqual({ refused: 0, retryAfterMs: 1000 })
    await stand().store.settle([leave('a', 'x')])
    await stand().store.settle([leave('a', 'x'), leave('nobody', 'x')])
    expect((await take(lease('a', 'z'))).ok).toBe(true)
    expect((await take(lease('a', 'x'))).ok).toBe(false)
  })

  test('are taken once by one id', async () => {
    await take(lease('a', 'x'))
    expect(remaining(await take(lease('a', 'x')))).toEqual([1])
    await take(lease('a', 'y'))
    expect((await take(lease('a', 'x'))).ok).toBe(true)
  })

  test('lapse when nobody renews them, to the millisecond', async () => {
    await take(lease('a', 'x'))
    await stand().advance(10_000)
    const taken = await take(lease('a', 'y'))
    expect(taken.standings).toEqual([{ remaining: 0, resetMs: 5000 }])
    await stand().advance(4999)
    expect(refusal(await take(lease('a', 'z')))).toEqual({ refused: 0, retryAfterMs: 1 })
    await stand().advance(1)
    expect((await take(lease('a', 'z'))).ok).toBe(true)
  })

  test('last while they are renewed, and are there again after they lapsed', async () => {
    const claim = lease('a', 'x', 1)
    await take(claim)
    for (let times = 0; times < 4; times += 1) {
      await stand().advance(10_000)
      await stand().store.renew([renewal(claim)])
      expect((await take(lease('a', 'y', 1))).ok).toBe(false)
    }
    await stand().advance(20_000)
    await stand().store.renew([renewal(claim)])
    expect((await take(lease('a', 'y', 1))).ok).toBe(false)
  })
}

function defineBudgets({ stand, take }: Stage): void {
  const endsAt = (): number => stand().clock.wallMs() + 5000

  test('are spent to the last unit', async () => {
    const claim = budget('a', 40, 100, endsAt())
    expect((await take(claim)).standings).toEqual([{ remaining: 60, resetMs: 5000 }])
    expect(remaining(await take(claim))).toEqual([20])
    expect(refusal(await take(claim))).toEqual({ refused: 0, retryAfterMs: 5000 })
    expect(remaining(await take({ ...claim, amount: 20 }))).toEqual([0])
    // What costs nothing, or nobody knows what, is not let in for free.
    expect((await take({ ...claim, amount: 0 })).ok).toBe(false)
  })

  test('get back what was not used, and can be overdrawn', async () => {
    const claim = budget('a', 60, 100, endsAt())
    await take(claim)
    await stand().store.settle([backToBudget(claim, 50)])
    expect(remaining(await take(claim))).toEqual([30])
    await stand().store.settle([backToBudget(claim, -130)])
    expect(remaining(await take({ ...claim, amount: 1 }))).toEqual([0])
    await stand().store.settle([backToBudget(claim, 101)])
    expect(remaining(await take({ ...claim, amount: 1 }))).toEqual([0])
    await stand().store.settle([backToBudget(claim, 10_000)])
    expect(remaining(await take({ ...claim, amount: 1 }))).toEqual([99])
  })

  test('of a window that is over have nothing in them', async () => {
    const claim = budget('a', 100, 100, endsAt())
    await take(claim)
    await stand().advance(5000)
    expect((await take({ ...claim, endsAtMs: endsAt() })).ok).toBe(true)
  })

  test('hold amounts of many digits', async () => {
    const max = 9_000_000_000_000_000
    const claim = budget('a', max - 1, max, endsAt())
    expect(remaining(await take(claim))).toEqual([1])
    expect((await take({ ...claim, amount: 2 })).ok).toBe(false)
    expect((await take({ ...claim, amount: 1 })).ok).toBe(true)
  })
}

function defineSeveral({ stand, take }: Stage): void {
  test('are taken all or not at all, wherever the one is that does not fit', async () => {
    const endsAtMs = stand().clock.wallMs() + 60_000
    const fitting: Claim[] = [
      rate('r', 2),
      lease('l', 'x'),
      budget('b', 10, 100, endsAtMs),
      rate('t', 5),
    ]
    await take(rate('full', 10))
    for (let at = 0; at <= fitting.length; at += 1) {
      const taken = await take(...fitting.toSpliced(at, 0, rate('full', 1)))
      expect(refusal(taken)).toEqual({ refused: at, retryAfterMs: 100 })
      expect(remaining(taken)).toEqual([10, 2, 100, 10].toSpliced(at, 0, 0))
    }
    expect(remaining(await take(...fitting))).toEqual([8, 1, 90, 5])
  })

  test('see what those before them took', async () => {
    expect(remaining(await take(rate('a', 4), rate('a', 4)))).toEqual([2, 2])
    expect(refusal(await take(rate('a', 2), rate('a', 1))).refused).toBe(1)
    expect(remaining(await take(rate('a', 2)))).toEqual([0])
    expect(refusal(await take(lease('l', 'x', 1), lease('l', 'y', 1))).refused).toBe(1)
    expect((await take(lease('l', 'y', 1))).ok).toBe(true)
  })

  test('leave a place that was there as it was', async () => {
    await take(lease('l', 'x'), rate('full', 10))
    await stand().advance(50)
    expect((await take(lease('l', 'x'), rate('full', 5))).ok).toBe(false)
    const { standings } = await take(lease('l', 'y'))
    expect(standings).toEqual([{ remaining: 0, resetMs: 14_950 }])
  })

  test('are none, and then nothing happens', async () => {
    expect(await take()).toEqual({ ok: true, standings: [] })
    await stand().store.settle([])
    await stand().store.renew([])
  })

  test('are settled in one step', async () => {
    const spent = budget('b', 10, 10, stand().clock.wallMs() + 60_000)
    await take(rate('r', 10), lease('l', 'x', 1), spent)
    await stand().store.settle([
      backToRate(rate('r'), 10),
      leave('l', 'x'),
      backToBudget(spent, 10),
    ])
    expect((await take(rate('r', 10), lease('l', 'y', 1), spent)).ok).toBe(true)
  })

  test('count for everyone who shares the store', async () => {
    await take(rate('r', 7), lease('l', 'x'))
    const taken = await stand().other.take([rate('r', 1), lease('l', 'y')])
    expect(remaining(taken)).toEqual([2, 0])
    await stand().other.settle([leave('l', 'x'), leave('l', 'y')])
    expect(remaining(await take(lease('l', 'z')))).toEqual([1])
  })
}

function defineWhole({ stand, take }: Stage): void {
  test('is counted, and closed twice without harm', async () => {
    await take(rate('a'))
    await stand().store.settle([backToRate(rate('a'), 1)])
    expect(stand().store.view()).toMatchObject({
      name: stand().store.name,
      state: 'ready',
      failures: 0,
      decidedLocally: 0,
      undecided: 0,
      lostSettlements: 0,
    })
    expect(stand().store.view().operations).toBeGreaterThanOrEqual(2)
    await stand().store.close()
    await stand().store.close()
  })
}
