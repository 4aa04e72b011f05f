/** What holds for a store that counts in a wall clock when that clock is put back. */
import { expect, test } from 'bun:test'
import { lease, rate, refusal, remaining, type StoreStand } from './stand.ts'

/** Defines the tests; `open` makes a fresh store each time. */
export function clockStepTests(name: string, open: () => Promise<StoreStand>): void {
  test(`${name}: a clock that is put back refuses nobody for long`, async () => {
    const stand = await open()
    await stand.store.take([rate('a', 10), lease('l', 'x', 3)])
    await stand.advance(-3_600_000)
    expect(refusal(await stand.store.take([rate('a')]))).toEqual({ refused: 0, retryAfterMs: 100 })
    await stand.store.take([rate('b'), lease('l', 'y', 3)])
    // What came back before the clock moved on is not counted again.
    await stand.store.settle([{ kind: 'rate', key: 'a', giveBack: 0, limit: 10, periodMs: 1000 }])
    await stand.advance(100)
    expect((await stand.store.take([rate('a')])).ok).toBe(true)
    await stand.advance(15_000)
    expect(remaining(await stand.store.take([lease('l', 'z', 3)]))).toEqual([2])
    await stand.close()
  })

  test(`${name}: a clock that jumps ahead gives one burst more, and no more`, async () => {
    const stand = await open()
    await stand.store.take([rate('a', 10)])
    await stand.advance(3_600_000)
    expect((await stand.store.take([rate('a', 10)])).ok).toBe(true)
    expect((await stand.store.take([rate('a', 1)])).ok).toBe(false)
    await stand.close()
  })
}
