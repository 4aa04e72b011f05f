import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import {
  FairQueue,
  type Priority,
  priorities,
  type Waiting,
} from '../../src/resilience/fair-queue.ts'

interface Named extends Waiting {
  readonly name: string
}

const waiting = (key: string, priority: Priority = 'normal', tokens = 100): Named => ({
  name: key,
  key,
  priority,
  tokens,
})

const drain = (queue: FairQueue<Named>): string[] => {
  const names: string[] = []
  for (let next = queue.next(); next !== null; next = queue.next()) names.push(next.name)
  return names
}

test('one key is served in its own order', () => {
  const queue = new FairQueue<Named>()
  const items = ['a1', 'a2', 'a3'].map((name) => ({ ...waiting('a'), name }))
  for (const item of items) queue.add(item)
  expect(drain(queue)).toEqual(['a1', 'a2', 'a3'])
})

test('one that floods waits behind itself', () => {
  const queue = new FairQueue<Named>()
  for (let index = 0; index < 100; index += 1) queue.add(waiting('flood'))
  queue.next()
  for (const key of ['a', 'b', 'c']) queue.add(waiting(key))
  expect(drain(queue).slice(0, 4)).toEqual(expect.arrayContaining(['a', 'b', 'c']))
})

test('keys share by what their requests cost', () => {
  const queue = new FairQueue<Named>()
  for (let index = 0; index < 100; index += 1) queue.add(waiting('big', 'normal', 400))
  for (let index = 0; index < 100; index += 1) queue.add(waiting('small', 'normal', 100))
  const first = drain(queue).slice(0, 50)
  const small = first.filter((name) => name === 'small').length
  expect(small).toBeGreaterThanOrEqual(38)
  expect(small).toBeLessThanOrEqual(42)
})

test('classes share by their weights, and none is left out', () => {
  const queue = new FairQueue<Named>()
  for (const priority of priorities) {
    for (let index = 0; index < 200; index += 1)
      queue.add({ ...waiting('k', priority), name: priority })
  }
  const first = drain(queue).slice(0, 210)
  const count = (name: string): number => first.filter((each) => each === name).length
  expect(count('high')).toBeGreaterThan(150)
  expect(count('normal')).toBeGreaterThan(30)
  expect(count('low')).toBeGreaterThan(5)
})

describe('who gives up', () => {
  test('is not served, and costs its key nothing', () => {
    const queue = new FairQueue<Named>()
    const given = Array.from({ length: 50 }, () => waiting('a'))
    for (const item of given) queue.add(item)
    for (const item of given) queue.leave(item)
    for (const item of given) queue.leave(item)
    expect([queue.size, queue.next()]).toEqual([0, null])
    queue.add(waiting('b'))
    queue.add(waiting('a'))
    queue.add(waiting('b'))
    expect(drain(queue)).toEqual(['b', 'a', 'b'])
  })
})

test('those behind one that gives up have its turn', () => {
  const queue = new FairQueue<Named>()
  const [first, second] = [waiting('a'), waiting('a')]
  queue.add(first)
  queue.add(waiting('b'))
  queue.add(second)
  queue.leave(first)
  expect(queue.positionOf(second)).toBe(1)
  expect(drain(queue)).toEqual(['a', 'b'])
})

describe('the one to give way where there are too many', () => {
  test('is of the key that floods, and never one that came once', () => {
    const queue = new FairQueue<Named>()
    for (let index = 0; index < 50; index += 1) queue.add(waiting('flood'))
    for (let index = 0; index < 50; index += 1) queue.add(waiting(`k${index}`, 'normal', 5000))
    for (let index = 0; index < 49; index += 1) {
      const last = queue.last()
      expect(last?.name).toBe('flood')
      if (last !== null) queue.leave(last)
    }
    expect(queue.size).toBe(51)
  })

  test('is the one that came last where all have as much', () => {
    const queue = new FairQueue<Named>()
    for (const key of ['a', 'b', 'c']) queue.add(waiting(key))
    expect(queue.last()?.name).toBe('c')
    expect(new FairQueue<Named>().last()).toBeNull()
  })

  test('is of the class that has most for its weight', () => {
    const queue = new FairQueue<Named>()
    for (let index = 0; index < 100; index += 1) queue.add(waiting(`h${index}`, 'high'))
    for (let index = 0; index < 6; index += 1) queue.add(waiting(`l${index}`, 'low'))
    expect(queue.last()?.priority).toBe('high')
    queue.add(waiting('l6', 'low'))
    expect(queue.last()?.priority).toBe('low')
  })
})

test('a key that asks for more waits for those who ask for less, also when it comes anew', () => {
  const queue = new FairQueue<Named>()
  const given = [1, 2, 3].map(() => waiting('a', 'normal', 300))
  for (const item of given) queue.add(item)
  for (let index = 0; index < 5; index += 1) queue.add(waiting('b'))
  expect([1, 2, 3].map(() => queue.next()?.name)).toEqual(['b', 'b', 'a'])
  // It gives up and comes again, as one that has had nothing would: no sooner, and no later.
  for (const item of given) queue.leave(item)
  queue.add(waiting('a', 'normal', 150))
  queue.add(waiting('c', 'normal', 150))
  expect(drain(queue)).toEqual(['b', 'b', 'a', 'c', 'b'])
})

test('who was just served is served again within one round of those who wait', () => {
  const queue = new FairQueue<Named>()
  for (let index = 0; index < 400; index += 1) queue.add(waiting('flood'))
  const others = 20
  for (let index = 0; index < others; index += 1) queue.add(waiting(`k${index}`))
  let served = 0
  // One after another comes back as soon as it was served, and the flood never ends.
  for (let turn = 0; turn < 1000; turn += 1) {
    const next = queue.next()
    if (next?.name === 'k0') served += 1
    if (next !== null) queue.add(waiting(next.name))
  }
  expect(served).toBeGreaterThanOrEqual(Math.floor(1000 / (others + 1)) - 1)
  expect(served).toBeLessThanOrEqual(Math.ceil(1000 / (others + 1)) + 1)
})

describe('one that floods for long', () => {
  const flooded = (): FairQueue<Named> => {
    const queue = new FairQueue<Named>()
    for (let index = 0; index < 400; index += 1) queue.add(waiting('flood'))
    for (let turn = 0; turn < 300; turn += 1) {
      queue.next()
      queue.add(waiting('flood'))
    }
    return queue
  }

  test('lives on what the others leave, also within a burst of them', () => {
    const queue = flooded()
    for (let index = 0; index < 50; index += 1) queue.add(waiting(`k${index}`))
    // One of the flood's was next already when they came.
    const first = Array.from({ length: 51 }, () => queue.next()?.name)
    expect(first.filter((name) => name === 'flood')).toHaveLength(1)
  })

  test('is not left out where the others take all there is', () => {
    const queue = flooded()
    const others = 100
    for (let index = 0; index < others; index += 1) queue.add(waiting(`k${index}`))
    const turns = 5000
    const served = new Map<string, number>()
    for (let turn = 0; turn < turns; turn += 1) {
      const { name = '' } = queue.next() ?? {}
      served.set(name, (served.get(name) ?? 0) + 1)
      queue.add(waiting(name))
    }
    const share = turns / (others + 1)
    for (const count of served.values()) {
      expect(count).toBeGreaterThan(share / 2)
      expect(count).toBeLessThan(share * 2)
    }
    expect(served.size).toBe(others + 1)
  })
})

test('a position is about the number of those who are served before', () => {
  const queue = new FairQueue<Named>()
  const items = Array.from({ length: 30 }, (_, index) => waiting(`k${index}`))
  for (const item of items) queue.add(item)
  for (const item of items) {
    const position = queue.positionOf(item)
    expect(position).toBeGreaterThanOrEqual(1)
    expect(position).toBeLessThanOrEqual(30)
  }
  expect(queue.positionOf(waiting('nobody'))).toBe(0)
})

test('everybody is served exactly once, unless they left, whatever happens in which order', () => {
  const act = fc.record({
    act: fc.constantFrom('add', 'add', 'next', 'leave'),
    key: fc.constantFrom('a', 'b', 'c', 'd'),
    priority: fc.constantFrom(...priorities),
    tokens: fc.integer({ min: 1, max: 100_000 }),
    pick: fc.nat(50),
  })
  fc.assert(
    fc.property(fc.array(act, { maxLength: 200 }), (acts) => {
      const queue = new FairQueue<Named>()
      const inside: Named[] = []
      const served = new Set<Named>()
      const take = (item: Named | null): void => {
        if (item === null) return
        expect(served.has(item)).toBe(false)
        served.add(item)
        inside.splice(inside.indexOf(item), 1)
      }
      for (const { act: what, key, priority, tokens, pick } of acts) {
        if (what === 'add') {
          const item = waiting(key, priority, tokens)
          inside.push(item)
          queue.add(item)
        } else if (what === 'next') take(queue.next())
        else if (inside.length > 0) {
          const [left] = inside.splice(pick % inside.length, 1)
          if (left !== undefined) queue.leave(left)
        }
        expect(queue.size).toBe(inside.length)
      }
      while (queue.size > 0) take(queue.next())
      expect(inside).toEqual([])
    }),
  )
})

test('whoever is served is due first, as counted without any short cut', () => {
  const act = fc.record({
    act: fc.constantFrom('add', 'add', 'next', 'leave'),
    key: fc.constantFrom('a', 'b', 'c', 'd'),
    tokens: fc.integer({ min: 1, max: 5 }),
    pick: fc.nat(50),
  })
  fc.assert(
    fc.property(fc.array(act, { maxLength: 200 }), (acts) => {
      const queue = new FairQueue<Named>()
      let inside: Named[] = []
      let now = 0
      /** Where the first request of each key that waits begins. */
      const starts = new Map<string, number>()
      const firstOf = (key: string): Named | undefined => inside.find((item) => item.key === key)
      const remove = (item: Named): void => {
        inside = inside.filter((other) => other !== item)
        if (inside.length === 0) now = 0
        if (firstOf(item.key) === undefined) starts.delete(item.key)
      }
      const dueOf = ({ key }: Named): number =>
        (starts.get(key) ?? Number.NaN) + (firstOf(key)?.tokens ?? 0)
      for (const { act, key, tokens, pick } of acts) {
        if (act === 'add') {
          const item = waiting(key, 'normal', tokens)
          if (!starts.has(key)) starts.set(key, now)
          inside.push(item)
          queue.add(item)
        } else if (act === 'next') {
          const next = queue.next()
          if (next === null) continue
          const dueAt = dueOf(next)
          expect(dueAt).toBe(Math.min(...inside.map(dueOf)))
          expect(firstOf(next.key)).toBe(next)
          now = Math.max(now, dueAt)
          starts.set(next.key, dueAt)
          remove(next)
        } else {
          const left = inside[pick % Math.max(1, inside.length)]
          if (left === undefined) continue
          queue.leave(left)
          remove(left)
        }
      }
    }),
    { numRuns: 500 },
  )
})
