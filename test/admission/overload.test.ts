/** The stages of shedding, driven by readings that the test makes up. */
import { describe, expect, test } from 'bun:test'
import type { OverloadLimits } from '../../src/admission/limits.ts'
import { Overload, type OverloadStage, type Readings } from '../../src/admission/overload.ts'
import { type KeyPriority, keyPriorities } from '../../src/config/client-key.ts'
import { GatewayError } from '../../src/core/errors.ts'

const limits: OverloadLimits = {
  memoryBytesMax: 1000,
  eventLoopLagMaxMs: 100,
  descriptorsMax: 200,
  concurrentRequestsMax: 10,
}

const calm: Readings = { memoryBytes: 100, descriptorsOpen: 20, latenessMs: 1 }

/** An overload whose clock is the count of its samples, four a second. */
function stand(changes: Partial<OverloadLimits> = {}, streams = 1000) {
  const seen = { evictions: 0, collections: 0, stages: [] as OverloadStage[] }
  const overload = new Overload(
    { ...limits, ...changes },
    {
      evict: () => seen.evictions < streams && ++seen.evictions > 0,
      collectGarbage: () => void seen.collections++,
      changed: (stage) => void seen.stages.push(stage),
    },
  )
  let samples = 0
  const sample = (readings: Partial<Readings>, times = 1): OverloadStage => {
    for (let done = 0; done < times; done++) {
      overload.sample({ ...calm, ...readings }, 250 * samples++)
    }
    return overload.stage
  }
  return { overload, seen, sample }
}

/** The error of a refusal; null where the request may pass. */
function refusal(
  overload: Overload,
  priority: KeyPriority = 'normal',
  inside = 0,
): GatewayError | null {
  try {
    overload.check(priority, inside)
    return null
  } catch (thrown) {
    if (thrown instanceof GatewayError) return thrown
    throw thrown
  }
}

describe('the stages', () => {
  test.each([
    [849, 'normal'],
    [850, 'strained'],
    [919, 'strained'],
    [920, 'shed-low'],
    [949, 'shed-low'],
    [950, 'shed-all'],
    [979, 'shed-all'],
    [980, 'evict'],
    [5000, 'evict'],
  ] as const)('memory of %i in 1000 is %s', (memoryBytes, stage) => {
    const { overload, sample } = stand()
    expect(sample({ memoryBytes })).toBe(stage)
    expect(overload.view().pressure).toBe(Math.min(1, memoryBytes / 1000))
    expect(overload.view().cause).toBe('memory')
  })

  test('the worst of the three counts, and is named', () => {
    const { overload, sample } = stand()
    sample({ memoryBytes: 860, descriptorsOpen: 190 })
    expect(overload.view()).toMatchObject({
      stage: 'shed-all',
      cause: 'descriptors',
      memory: { pressure: 0.86 },
      descriptors: { pressure: 0.95, open: 190, max: 200 },
    })
  })

  test('each is left below where it was entered, one after another', () => {
    const { seen, sample } = stand()
    const walk = [970, 931, 901, 899, 871, 869, 801, 860, 799].map((memoryBytes) =>
      sample({ memoryBytes }),
    )
    expect(walk).toEqual([
      'shed-all',
      'shed-all',
      'shed-all',
      'shed-low',
      'shed-low',
      'strained',
      'strained',
      'strained',
      'normal',
    ])
    expect(seen.stages).toEqual(['shed-all', 'shed-low', 'strained', 'normal'])
  })

  test('a pressure around a threshold changes the stage once', () => {
    const { seen, sample } = stand()
    for (let round = 0; round < 20; round++) sample({ memoryBytes: round % 2 === 0 ? 951 : 949 })
    expect(seen.stages).toEqual(['shed-all'])
  })

  test('limits of 0 and readings that there are none of are no pressure', () => {
    const off = { memoryBytesMax: 0, eventLoopLagMaxMs: 0, descriptorsMax: null }
    const { overload, sample } = stand(off)
    sample({ memoryBytes: 1e12, descriptorsOpen: null, latenessMs: 1e9 }, 20)
    expect(overload.view()).toMatchObject({ stage: 'normal', pressure: 0, cause: null })
    expect(overload.load).toBe('normal')
  })
})

describe('the event loop', () => {
  test('one long pause, or two, is no overload; the third within five seconds is', () => {
    const { overload, sample } = stand()
    expect(sample({ latenessMs: 5000 })).toBe('normal')
    expect(sample({}, 5)).toBe('normal')
    expect(sample({ latenessMs: 5000 })).toBe('normal')
    expect(sample({ latenessMs: 96 })).toBe('shed-all')
    expect(overload.view().eventLoop).toEqual({
      pressure: 0.96,
      lagMs: 96,
      worstMs: 5000,
      lagMaxMs: 100,
    })
    expect(overload.view().cause).toBe('event-loop')
  })

  test('it is forgotten after five seconds', () => {
    const { sample } = stand()
    expect(sample({ latenessMs: 1000 }, 3)).toBe('evict')
    expect(sample({}, 17)).toBe('evict')
    expect(sample({})).toBe('normal')
  })

  test('it costs nobody a stream', () => {
    const { seen, sample } = stand()
    sample({ latenessMs: 1000 }, 50)
    expect(seen).toMatchObject({ evictions: 0, collections: 0 })
  })
})

describe('requests', () => {
  test('pass while there is room', () => {
    const { overload, sample } = stand()
    sample({ memoryBytes: 900 })
    for (const priority of keyPriorities) {
      expect(refusal(overload, priority, 9)).toBeNull()
    }
    expect(overload.load).toBe('strained')
  })

  test('of low priority go first', () => {
    const { overload, sample } = stand()
    sample({ memoryBytes: 930 })
    expect(refusal(overload, 'low')?.code).toBe('overloaded')
    for (const priority of ['normal', 'high'] as const) {
      expect(refusal(overload, priority)).toBeNull()
    }
    expect(overload.load).toBe('strained')
    expect(overload.view().shed).toEqual({ lowPriority: 1, pressure: 0, concurrency: 0 })
  })

  test('all go at last, those of high priority too', () => {
    const { overload, sample } = stand()
    sample({ memoryBytes: 955 })
    for (const priority of keyPriorities) {
      expect(refusal(overload, priority)?.code).toBe('overloaded')
    }
    expect(overload.load).toBe('shedding')
    expect(overload.view().shed).toEqual({ lowPriority: 0, pressure: 3, concurrency: 0 })
  })

  test('above the bound go under any pressure', () => {
    const { overload } = stand()
    expect(refusal(overload, 'normal', 9)).toBeNull()
    expect(refusal(overload, 'normal', 10)).toMatchObject({ code: 'overloaded', status: 503 })
    expect(overload.view().shed).toEqual({ lowPriority: 0, pressure: 0, concurrency: 1 })
  })

  test('come back at random times of one to five seconds', () => {
    const { overload } = stand()
    const waits = Array.from({ length: 200 }, () => {
      const error = refusal(overload, 'normal', 10)
      return error?.detail.retryAfterMs ?? 0
    })
    expect(Math.min(...waits)).toBeGreaterThanOrEqual(1000)
    expect(Math.max(...waits)).toBeLessThanOrEqual(5000)
    expect(Math.max(...waits) - Math.min(...waits)).toBeGreaterThan(2000)
    expect(new Set(waits).size).toBeGreaterThan(150)
  })
})

describe('eviction', () => {
  test('comes after a collection, and takes one stream a look', () => {
    const { overload, seen, sample } = stand()
    sample({ memoryBytes: 985 })
    expect(seen).toMatchObject({ collections: 1, evictions: 0 })
    sample({ memoryBytes: 985 }, 5)
    expect(seen).toMatchObject({ collections: 1, evictions: 5 })
    expect(overload.view().evicted).toBe(5)
  })

  test('stops as soon as it is better, though nothing new is taken yet', () => {
    const { seen, sample } = stand()
    sample({ memoryBytes: 985 }, 3)
    expect(sample({ memoryBytes: 970 }, 10)).toBe('evict')
    expect(seen.evictions).toBe(2)
  })

  test('goes on with a collection every ten seconds', () => {
    const { seen, sample } = stand()
    sample({ memoryBytes: 1000 }, 81)
    expect(seen).toMatchObject({ collections: 3, evictions: 78 })
  })

  test('does not count what it could not end', () => {
    const { overload, sample } = stand({}, 2)
    sample({ memoryBytes: 1000 }, 20)
    expect(overload.view().evicted).toBe(2)
  })

  test('is not for want of descriptors, which connections that ask for nothing could cause', () => {
    const { seen, sample } = stand()
    expect(sample({ descriptorsOpen: 200 }, 10)).toBe('evict')
    expect(seen).toMatchObject({ collections: 0, evictions: 0 })
  })
})
