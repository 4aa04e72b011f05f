import { describe, expect, test } from 'bun:test'
import { streamRequestToUpstream } from '../../src/intake/stream.ts'
import { eventually } from '../kit/signal.ts'
import { randomFrom, testSeed } from './random.ts'

/** A source that gives what it is told to, when it is told to. */
function controlled() {
  let controller: ReadableStreamDefaultController<Uint8Array> | null = null
  const seen = { pulls: 0, cancelled: null as unknown }
  const body = new ReadableStream<Uint8Array>(
    {
      start: (given) => {
        controller = given
      },
      pull: () => {
        seen.pulls += 1
      },
      cancel: (reason) => {
        seen.cancelled = reason
      },
    },
    { highWaterMark: 0 },
  )
  if (controller === null) throw new Error('a stream starts at once')
  return { body, seen, controller: controller as ReadableStreamDefaultController<Uint8Array> }
}

/** A source of chunks of these sizes, each ready when it is asked for. */
function ofSizes(sizes: readonly number[]): ReadableStream<Uint8Array> {
  let next = 0
  let at = 0
  return new ReadableStream(
    {
      pull(controller) {
        const size = sizes[next]
        next += 1
        if (size === undefined) return controller.close()
        controller.enqueue(Uint8Array.from({ length: size }, (_, index) => (at + index) % 251))
        at += size
      },
    },
    { highWaterMark: 0 },
  )
}

async function sizesOf(body: ReadableStream<Uint8Array>): Promise<number[]> {
  const sizes: number[] = []
  for await (const chunk of body) sizes.push(chunk.length)
  return sizes
}

describe('chunks', () => {
  test('what arrived together is joined up to the size', async () => {
    const { body, controller } = controlled()
    for (const size of [3, 4, 5, 1, 20]) controller.enqueue(new Uint8Array(size))
    controller.close()
    const sent = streamRequestToUpstream(body, { chunkBytes: 10 })
    expect(await sizesOf(sent.body)).toEqual([10, 10, 10, 3])
  })

  test('what is larger is split', async () => {
    const sent = streamRequestToUpstream(ofSizes([25]), { chunkBytes: 10 })
    expect(await sizesOf(sent.body)).toEqual([10, 10, 5])
  })

  test('what is alone does not wait for more', async () => {
    const { body, controller } = controlled()
    const reader = streamRequestToUpstream(body, { chunkBytes: 1000 }).body.getReader()
    for (const size of [1, 7, 30]) {
      const arrival = reader.read()
      controller.enqueue(new Uint8Array(size))
      expect((await arrival).value?.length).toBe(size)
    }
    controller.close()
    expect((await reader.read()).done).toBe(true)
  })

  test('are the same bytes, in order, for any sizes', async () => {
    const seed = testSeed()
    const random = randomFrom(seed)
    for (let round = 0; round < 200; round += 1) {
      const sizes = Array.from({ length: 20 }, () => Math.floor(random() ** 3 * 300))
      const chunkBytes = 1 + Math.floor(random() * 100)
      const sent = streamRequestToUpstream(ofSizes(sizes), { chunkBytes })
      let at = 0
      for await (const chunk of sent.body) {
        expect(chunk.length).toBeLessThanOrEqual(chunkBytes)
        expect(chunk.length).toBeGreaterThan(0)
        for (const byte of chunk) {
          if (byte !== at % 251) throw new Error(`seed ${seed}, byte ${at}`)
          at += 1
        }
        if (random() < 0.1) await new Promise((resolve) => setImmediate(resolve))
      }
      const total = sizes.reduce((sum, size) => sum + size, 0)
      expect(at).toBe(total)
      expect(sent.metrics().totalBytes).toBe(total)
    }
  })
})

describe('back-pressure', () => {
  test('nothing is read before the provider asks', async () => {
    const { body, seen } = controlled()
    streamRequestToUpstream(body, { chunkBytes: 10 })
    await new Promise((resolve) => setImmediate(resolve))
    expect(seen.pulls).toBe(0)
  })

  test('one chunk is read ahead, and no more', async () => {
    let given = 0
    const source = new ReadableStream<Uint8Array>(
      {
        pull(controller) {
          given += 10
          controller.enqueue(new Uint8Array(10))
        },
      },
      { highWaterMark: 0 },
    )
    const sent = streamRequestToUpstream(source, { chunkBytes: 100 })
    const reader = sent.body.getReader()
    await reader.read()
    await eventually(() => given >= 100, 'a chunk is read ahead')
    for (let turn = 0; turn < 20; turn += 1) await new Promise((resolve) => setImmediate(resolve))
    expect(given).toBeLessThanOrEqual(130)
    await reader.cancel()
  })

  test('is counted and timed', async () => {
    const sent = streamRequestToUpstream(ofSizes(Array(8).fill(100)), { chunkBytes: 100 })
    let pauses = 0
    for await (const _ of sent.body) {
      pauses += 1
      if (pauses <= 3) await Bun.sleep(30)
    }
    const found = sent.metrics()
    expect(found).toMatchObject({ totalBytes: 800, chunkCount: 8, avgChunkSize: 100 })
    expect(found.backpressureEvents).toBe(3)
    expect(found.backpressureTime).toBeGreaterThan(60)
    expect(found.backpressureTime).toBeLessThanOrEqual(found.duration)
    expect(found.throughput).toBeCloseTo(800 / (found.duration / 1000), 3)
  })

  test('is not a slow client', async () => {
    const { body, controller } = controlled()
    const sent = streamRequestToUpstream(body, { chunkBytes: 10 })
    const reader = sent.body.getReader()
    for (let round = 0; round < 4; round += 1) {
      const arrival = reader.read()
      await Bun.sleep(15)
      controller.enqueue(new Uint8Array(10))
      await arrival
    }
    await reader.cancel()
    expect(sent.metrics()).toMatchObject({ chunkCount: 4, backpressureEvents: 0 })
  })
})

test('a provider that takes its time while nothing is there is no back-pressure', async () => {
  const { body, controller } = controlled()
  const sent = streamRequestToUpstream(body, { chunkBytes: 10 })
  const reader = sent.body.getReader()
  for (let round = 0; round < 4; round += 1) {
    const arrival = reader.read()
    controller.enqueue(new Uint8Array(10))
    await arrival
    await Bun.sleep(15)
  }
  await reader.cancel()
  expect(sent.metrics()).toMatchObject({ chunkCount: 4, backpressureEvents: 0 })
})

test('progress is told after each chunk', async () => {
  const told: number[] = []
  const onProgress = (bytes: number) => void told.push(bytes)
  const sent = streamRequestToUpstream(ofSizes([4, 4, 4]), { chunkBytes: 4, onProgress })
  await sizesOf(sent.body)
  expect(told).toEqual([4, 8, 12])
})

describe('a chunk', () => {
  test('that was given away is freed when the next one is asked for', async () => {
    const chunk = new Uint8Array(10)
    const part = new Uint8Array(new ArrayBuffer(50), 0, 10)
    const { body, controller } = controlled()
    const reader = streamRequestToUpstream(body, {
      chunkBytes: 10,
      freesChunks: true,
    }).body.getReader()
    controller.enqueue(chunk)
    controller.enqueue(part)
    await reader.read()
    expect(chunk.length).toBe(10)
    await reader.read()
    expect(chunk.length).toBe(0)
    controller.close()
    await reader.read()
    // Something else may live in the rest of its buffer.
    expect(part.length).toBe(10)
  })

  test('that was not is left alone', async () => {
    const chunk = new Uint8Array(10)
    const { body, controller } = controlled()
    controller.enqueue(chunk)
    controller.close()
    expect(await sizesOf(streamRequestToUpstream(body, { chunkBytes: 4 }).body)).toEqual([4, 4, 2])
    expect(chunk.length).toBe(10)
  })
})

describe('an end', () => {
  test('of the provider cancels the source', async () => {
    const { body, seen, controller } = controlled()
    const reader = streamRequestToUpstream(body, { chunkBytes: 10 }).body.getReader()
    controller.enqueue(new Uint8Array(5))
    await reader.read()
    await reader.cancel('gone')
    expect(seen.cancelled).toBe('gone')
  })

  test('of the provider ends a wait for the client', async () => {
    const { body, seen } = controlled()
    const reader = streamRequestToUpstream(body, { chunkBytes: 10 }).body.getReader()
    const arrival = reader.read()
    await reader.cancel('gone')
    expect((await arrival).done).toBe(true)
    expect(seen.cancelled).toBe('gone')
  })

  test('of the source that is a failure is the same failure', async () => {
    for (const waits of [true, false]) {
      const { body, controller } = controlled()
      const sent = streamRequestToUpstream(body, { chunkBytes: 10 })
      const reader = sent.body.getReader()
      controller.enqueue(new Uint8Array(5))
      await reader.read()
      const failure = new Error('broken')
      const arrival = waits ? reader.read() : null
      controller.error(failure)
      await expect(arrival ?? reader.read()).rejects.toBe(failure)
      expect(sent.metrics().totalBytes).toBe(5)
    }
  })

  test('of a body without bytes', async () => {
    const sent = streamRequestToUpstream(ofSizes([]), { chunkBytes: 10 })
    expect(await sizesOf(sent.body)).toEqual([])
    expect(sent.metrics()).toMatchObject({ totalBytes: 0, chunkCount: 0, avgChunkSize: 0 })
  })
})
