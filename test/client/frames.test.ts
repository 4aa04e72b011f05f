/** Frames: how often, how late, and on screens of any speed; and the figures of a stream. */
import { afterEach, describe, expect, test } from 'bun:test'
import { Frames } from '../../src/client/frames.ts'
import { GapHistogram } from '../../src/client/gap-histogram.ts'
import { Meter } from '../../src/client/metrics.ts'
import { eventually } from '../kit/signal.ts'
import { randomFrom } from '../protocol/replay.ts'

const own = { request: globalThis.requestAnimationFrame, cancel: globalThis.cancelAnimationFrame }
afterEach(() => {
  globalThis.requestAnimationFrame = own.request
  globalThis.cancelAnimationFrame = own.cancel
})

/** A screen that shows a frame every so many milliseconds, as browsers tell it. */
function startScreen(frameMs: number): Disposable {
  let waiting = new Map<number, FrameRequestCallback>()
  let last = 0
  globalThis.requestAnimationFrame = (callback) => {
    waiting.set(++last, callback)
    return last
  }
  globalThis.cancelAnimationFrame = (id) => void waiting.delete(id)
  const timer = setInterval(() => {
    const due = waiting
    waiting = new Map()
    for (const callback of due.values()) callback(performance.now())
  }, frameMs)
  return { [Symbol.dispose]: () => clearInterval(timer) }
}

/** Changes something every millisecond for a while, and gives the times at which it was drawn. */
async function drawings(whileMs: number) {
  const times: number[] = []
  let [changes, drawn] = [0, 0]
  const frames = new Frames(() => {
    times.push(performance.now())
    drawn = changes
  })
  const startMs = performance.now()
  while (performance.now() - startMs < whileMs) {
    changes += 1
    frames.change()
    await Bun.sleep(1)
  }
  await eventually(() => drawn === changes, 'the last change', 1000)
  const spanMs = (times.at(-1) ?? 0) - (times[0] ?? 0)
  return { times, perSecond: ((times.length - 1) * 1000) / spanMs }
}

describe('frames', () => {
  test.each([
    ['no screen', 0],
    ['a screen of 60', 16.7],
    ['a screen of 144', 6.9],
    ['a screen of 240', 4.2],
  ])('are 60 a second at most: %s', async (_name, frameMs) => {
    using _screen = frameMs === 0 ? null : startScreen(frameMs)
    const { times, perSecond } = await drawings(500)
    expect(perSecond).toBeLessThanOrEqual(61.5)
    expect(times.length).toBeGreaterThan(5)
  })

  test('come at once where that is asked for, and then not again', async () => {
    let drawn = 0
    const frames = new Frames(() => {
      drawn += 1
    })
    frames.flush()
    expect(drawn).toBe(0)
    frames.change()
    frames.flush()
    expect(drawn).toBe(1)
    frames.change()
    frames.stop()
    await Bun.sleep(150)
    expect(drawn).toBe(1)
  })
})

describe('figures', () => {
  test('percentiles are within 2 % of those of a sorted list', () => {
    const random = randomFrom(3)
    const histogram = new GapHistogram()
    const gaps = Array.from({ length: 5000 }, () => 0.1 * 10 ** (random() * 4))
    for (const gap of gaps) histogram.add(gap)
    const sorted = gaps.toSorted((a, b) => a - b)
    for (const share of [0.01, 0.5, 0.9, 0.99, 1]) {
      const exact = sorted[Math.ceil(share * gaps.length) - 1] ?? 0
      const told = histogram.percentileMs(share) ?? 0
      expect(Math.abs(told - exact) / exact).toBeLessThan(0.02)
    }
    expect(histogram.maxMs).toBe(sorted.at(-1) ?? 0)
  })

  test('are null where nothing was measured, and as the clock says where something was', () => {
    let now = 1000
    const meter = new Meter(() => now)
    const none = { firstContentMs: null, gapP50Ms: null, gapMaxMs: null, eventsPerSecond: null }
    expect(meter.read(null)).toMatchObject(none)
    now += 300
    for (let index = 0; index < 201; index += 1) {
      meter.content()
      now += 10
    }
    meter.end()
    now += 5000
    const figures = meter.read(101)
    expect(figures).toMatchObject({ firstContentMs: 300, durationMs: 2310, contentEvents: 201 })
    expect(figures.eventsPerSecond).toBe(100)
    expect(figures.tokensPerSecond).toBe(50)
    expect(figures.gapMaxMs).toBe(10)
    expect(figures.gapP50Ms).toBeCloseTo(10, 0)
    expect(figures.recentGapsMs).toHaveLength(96)
  })
})
