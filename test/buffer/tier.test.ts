import { expect, test } from 'bun:test'
import { type Slot, Tier } from '../../src/buffer/tier.ts'

function owned(slot: Slot | null, owner: object): Slot {
  if (slot === null) throw new Error('the tier has no free buffer')
  slot.owner = owner
  return slot
}

test('only the owner can give a buffer back', () => {
  const tier = new Tier(64)
  const owner = {}
  const slot = owned(tier.make(), owner)
  slot.bytes.fill(9)
  expect(tier.give(slot, {}, 0)).toBe(false)
  expect(slot.bytes[63]).toBe(9)
  expect(tier.inUse).toBe(1)
  expect(tier.give(slot, owner, 0)).toBe(true)
  expect(tier.give(slot, owner, 0)).toBe(false)
  expect(tier).toMatchObject({ available: 1, inUse: 0 })
})

test('the list holds when both ends are worked at', () => {
  const tier = new Tier(64)
  const owner = {}
  const [first, second, third] = [tier.make(), tier.make(), tier.make()]
  for (const [index, slot] of [first, second, third].entries()) {
    tier.give(owned(slot, owner), owner, index)
  }
  tier.dropOldest()
  expect(tier.oldestFreedAtMs).toBe(1)
  expect(first.bytes.byteLength).toBe(0)
  expect(tier.take()).toBe(third)
  expect(tier.take()).toBe(second)
  expect(tier.take()).toBeNull()
  expect(tier.oldestFreedAtMs).toBe(Number.POSITIVE_INFINITY)
  tier.give(owned(third, owner), owner, 5)
  expect(tier.oldestFreedAtMs).toBe(5)
  tier.dropOldest()
  tier.dropOldest()
  expect(tier.take()).toBeNull()
  expect(tier).toMatchObject({ available: 0, inUse: 1, misses: 3, hits: 2, trimmed: 2 })
})
