import { describe, expect, test } from 'bun:test'
import { nowMs } from '../../src/core/clock.ts'
import { GatewayError } from '../../src/core/errors.ts'
import { Pauses } from '../../src/core/pause.ts'
import { AdaptiveLimit } from '../../src/resilience/adaptive-limit.ts'
import { Gate, type Passer } from '../../src/resilience/gate.ts'

const settings = { lengthMax: 10, waitMaxMs: 5000 }

function stand(limit: number, changes: Partial<typeof settings> = {}) {
  const pauses = new Pauses()
  const gate = new Gate(limit, { ...settings, ...changes }, pauses)
  const abort = new AbortController()
  const positions: (number | null)[] = []
  const passer = (changed: Partial<Passer> = {}): Passer => ({
    key: 'k',
    priority: 'normal',
    tokens: 10,
    signal: abort.signal,
    deadlineMs: 0,
    positioned: (position) => void positions.push(position?.() ?? null),
    ...changed,
  })
  const codeOf = (entering: Promise<unknown>) =>
    entering.then(
      () => 'entered',
      (error: GatewayError) => error.code,
    )
  return { gate, pauses, abort, positions, passer, codeOf }
}

test('as many as the limit are inside, and the next one follows who leaves', async () => {
  const { gate, passer, pauses, positions } = stand(2)
  const [first] = await Promise.all([gate.enter(passer()), gate.enter(passer())])
  const third = gate.enter(passer())
  expect([gate.inside, gate.waiting, positions]).toEqual([2, 1, [1]])
  first?.()
  first?.()
  const leave = await third
  expect([gate.inside, gate.waiting, pauses.size, positions]).toEqual([2, 0, 0, [1, null]])
  leave()
  expect(gate.inside).toBe(1)
})

test('nobody passes those who wait', async () => {
  const { gate, passer } = stand(1)
  const first = await gate.enter(passer())
  const second = gate.enter(passer())
  expect(gate.tryEnter()).toBeNull()
  first()
  const leave = await second
  expect(gate.tryEnter()).toBeNull()
  leave()
  expect(gate.tryEnter()).not.toBeNull()
})

test('another limit lets those in who wait, and sends nobody away', async () => {
  const { gate, passer } = stand(1)
  const leaves = [await gate.enter(passer())]
  const waiting = [gate.enter(passer()), gate.enter(passer())]
  gate.setLimit(3)
  leaves.push(...(await Promise.all(waiting)))
  gate.setLimit(1)
  expect([gate.inside, gate.isOpen]).toEqual([3, false])
  for (const leave of leaves) leave()
  expect([gate.inside, gate.isOpen]).toEqual([0, true])
})

describe('it turns away', () => {
  test('at once where the queue is full', async () => {
    const { gate, passer, codeOf } = stand(1, { lengthMax: 1 })
    await gate.enter(passer())
    const waiting = codeOf(gate.enter(passer()))
    expect(await codeOf(gate.enter(passer()))).toBe('overloaded')
    gate.setLimit(2)
    expect(await waiting).toBe('entered')
  })

  test('the last of a key that floods, where another comes to a full queue', async () => {
    const { gate, passer, codeOf } = stand(1, { lengthMax: 3 })
    const leave = await gate.enter(passer())
    const flood = [1, 2, 3].map(() => codeOf(gate.enter(passer({ key: 'flood' }))))
    const order: string[] = []
    const other = gate.enter(passer({ key: 'other' })).then((leaveOther) => {
      order.push('other')
      leaveOther()
    })
    expect(await flood[2]).toBe('overloaded')
    expect(gate.waiting).toBe(3)
    expect(await codeOf(gate.enter(passer({ key: 'flood' })))).toBe('overloaded')
    gate.setLimit(4)
    await other
    leave()
    expect([await flood[0], await flood[1], order]).toEqual(['entered', 'entered', ['other']])
  })

  test('nobody for a pace of long ago', async () => {
    const { gate, passer, pauses } = stand(1, { waitMaxMs: 150 })
    const slow = await gate.enter(passer())
    await Bun.sleep(250)
    slow()
    // One that takes longer than anybody may wait; then the provider is quick again.
    const leave = await gate.enter(passer())
    await Bun.sleep(200)
    const next = gate.enter(passer())
    leave()
    const leaveNext = await next
    leaveNext()
    for (let index = 0; index < 30; index += 1) (await gate.enter(passer()))()
    const held = await gate.enter(passer())
    const waiting = gate.enter(passer())
    expect(gate.waiting).toBe(1)
    held()
    const leaveLast = await waiting
    leaveLast()
    expect([gate.inside, gate.waiting, pauses.size]).toEqual([0, 0, 0])
  })

  test('nobody for the time before there was a limit', async () => {
    const { gate, passer, codeOf } = stand(Number.POSITIVE_INFINITY, { waitMaxMs: 50 })
    const first = await gate.enter(passer())
    await Bun.sleep(100)
    gate.setLimit(1)
    first()
    const held = await gate.enter(passer())
    const waiting = codeOf(gate.enter(passer()))
    held()
    expect(await waiting).toBe('entered')
  })

  test('who has waited as long as it may', async () => {
    const { gate, passer, codeOf, pauses } = stand(1, { waitMaxMs: 30 })
    await gate.enter(passer())
    expect(await codeOf(gate.enter(passer()))).toBe('overloaded')
    expect([gate.waiting, pauses.size]).toEqual([0, 0])
  })

  test('at once who could not be served in time', async () => {
    const { gate, passer, codeOf } = stand(1)
    // Two who leave 80 ms apart while a third waits: the pace is known.
    let leave = await gate.enter(passer())
    for (let index = 0; index < 2; index += 1) {
      const next = gate.enter(passer())
      void gate.enter(passer()).then(
        (done) => done(),
        () => {},
      )
      await Bun.sleep(80)
      leave()
      leave = await next
    }
    const waitingBefore = gate.waiting
    const refused = codeOf(gate.enter(passer({ deadlineMs: nowMs() + 40 })))
    // Known at once: it never stood in the queue.
    expect(gate.waiting).toBe(waitingBefore)
    expect(await refused).toBe('overloaded')
    leave()
  })

  test('who leaves while it waits', async () => {
    const { gate, passer, codeOf, abort, pauses } = stand(1)
    await gate.enter(passer({ signal: new AbortController().signal }))
    const waiting = codeOf(gate.enter(passer()))
    abort.abort(new GatewayError('client_gone'))
    expect(await waiting).toBe('client_gone')
    expect([gate.waiting, pauses.size]).toEqual([0, 0])
    expect(await codeOf(gate.enter(passer()))).toBe('client_gone')
  })
})

describe('an adaptive limit', () => {
  test('is none until a refusal, then less than what was under way', () => {
    const adaptive = new AdaptiveLimit()
    adaptive.answered(500)
    expect(adaptive.limit).toBe(Number.POSITIVE_INFINITY)
    adaptive.refused(100, 0)
    expect(adaptive.limit).toBe(70)
    adaptive.refused(100, 999)
    expect(adaptive.limit).toBe(70)
    adaptive.refused(70, 1001)
    expect(adaptive.limit).toBe(49)
  })

  test('grows by one for as many answers as it has places, and only where they are used', () => {
    const adaptive = new AdaptiveLimit(100)
    adaptive.refused(20, 0)
    expect(adaptive.limit).toBe(14)
    for (let index = 0; index < 15; index += 1) adaptive.answered(14)
    expect(adaptive.limit).toBe(15)
    for (let index = 0; index < 1000; index += 1) adaptive.answered(2)
    expect(adaptive.limit).toBe(15)
    for (let index = 0; index < 100_000; index += 1) adaptive.answered(100)
    expect(adaptive.limit).toBe(100)
  })

  test('never falls below one', () => {
    const adaptive = new AdaptiveLimit()
    for (let index = 0; index < 100; index += 1) adaptive.refused(1, index * 2000)
    expect(adaptive.limit).toBe(1)
  })
})
