import { describe, expect, test } from 'bun:test'
import { Pauses } from '../../src/core/pause.ts'
import { plainTraits, type Target } from '../../src/provider/call.ts'
import type { Passer } from '../../src/resilience/gate.ts'
import { Slots } from '../../src/resilience/slots.ts'

const settings = { lengthMax: 10, waitMaxMs: 5000, isAdaptive: true }

const passer = (signal = new AbortController().signal): Passer => ({
  key: 'k',
  priority: 'normal',
  tokens: 10,
  signal,
  deadlineMs: 0,
  positioned: () => {},
})

const stand = (changes: Partial<typeof settings> = {}) =>
  new Slots({ ...settings, ...changes }, new Pauses())

/** `a/<model>` at a provider that takes `provider` at once, and `own` of this model. */
function limited(model: string, provider: number | null, own: number | null): Target {
  const settings = provider === null ? {} : { concurrencyMax: provider }
  const traits = { ...plainTraits, concurrencyMax: own }
  return { provider: { name: 'a', settings }, model, renamedTo: null, traits } as unknown as Target
}

test('whoever waits for a target holds no place of its provider', async () => {
  const slots = stand()
  const [narrow, wide] = [limited('narrow', 2, 1), limited('wide', 2, null)]
  const leave = slots.tryEnter(narrow)
  const waiting = slots.enterAny([narrow], passer())
  const others = slots.tryEnter(wide)
  expect(others).not.toBeNull()
  others?.()
  leave?.()
  const entered = await waiting
  entered.leave()
  expect(slots.view()).toEqual([
    { name: 'a/narrow', inside: 0, waiting: 0, limit: 1 },
    { name: 'a', inside: 0, waiting: 0, limit: 2 },
  ])
})

test('one that is refused at the second gate has left the first', async () => {
  const slots = stand({ waitMaxMs: 30 })
  const holder = slots.tryEnter(limited('wide', 1, null))
  const late = slots.enterAny([limited('narrow', 1, 1)], passer())
  await expect(late).rejects.toMatchObject({ code: 'overloaded' })
  expect(slots.view().map(({ inside }) => inside)).toEqual([1, 0])
  holder?.()
})

test('another limit of the operator counts from then on', () => {
  const slots = stand()
  const leaves = [slots.tryEnter(limited('m', 1, null)), slots.tryEnter(limited('m', 1, null))]
  expect(leaves[1]).toBeNull()
  leaves.push(slots.tryEnter(limited('m', 2, null)), slots.tryEnter(limited('m', 2, null)))
  expect([leaves[2] === null, leaves[3] === null]).toEqual([false, true])
  leaves.push(slots.tryEnter(limited('m', null, null)))
  expect(slots.view()).toEqual([{ name: 'a', inside: 3, waiting: 0, limit: null }])
  for (const leave of leaves) leave?.()
  expect(slots.view()[0]?.inside).toBe(0)
})

test('names that clients make up are not kept for ever', () => {
  const slots = stand()
  const held = slots.tryEnter(limited('held', null, 1))
  for (let index = 0; index < 5000; index += 1) slots.tryEnter(limited(`m${index}`, null, 1))?.()
  expect(slots.view().length).toBeLessThan(2000)
  expect(slots.tryEnter(limited('held', null, 1))).toBeNull()
  held?.()
})

describe('a provider that says that it is asked too often', () => {
  const target = limited('m', null, null)
  const fill = (slots: Slots, count: number) =>
    Array.from({ length: count }, () => slots.tryEnter(target)).filter((each) => each !== null)

  test.each([
    [{ status: 429 }, 7],
    [{ status: 529 }, 7],
    [{ status: 200, headers: new Headers({ 'x-ratelimit-remaining-requests': '0' }) }, 7],
    [{ status: 200, headers: new Headers({ 'x-ratelimit-remaining-tokens': '0' }) }, 7],
    [{ status: 200, headers: new Headers({ 'anthropic-ratelimit-tokens-remaining': '0' }) }, 7],
    [{ status: 200, headers: new Headers({ 'x-ratelimit-remaining-requests': '10' }) }, null],
    [{ status: 500 }, null],
  ])('%p makes the limit %p of ten', (said, limit) => {
    const slots = stand()
    const leaves = fill(slots, 10)
    slots.refused(target, said)
    expect(slots.view()[0]?.limit).toBe(limit)
    for (const leave of leaves) leave()
  })

  test('is asked as much as before once it answers again', () => {
    const slots = stand()
    const leaves = fill(slots, 10)
    slots.refused(target, { status: 429 })
    for (const leave of leaves.splice(0)) leave()
    const limits: (number | null)[] = []
    for (let round = 0; round < 2000 && limits.at(-1) !== null; round += 1) {
      const inside = fill(slots, 60)
      for (const leave of inside) {
        slots.answered(target)
        leave()
      }
      limits.push(slots.view()[0]?.limit ?? null)
    }
    expect(limits[0]).toBeGreaterThanOrEqual(7)
    expect(limits.at(-1)).toBeNull()
    expect(limits.length).toBeLessThan(100)
  })

  test('is asked as before where that is not wanted', () => {
    const slots = stand({ isAdaptive: false })
    slots.refused(target, { status: 429 })
    expect([slots.view(), slots.tryEnter(target) === null]).toEqual([[], false])
  })
})
