import { describe, expect, test } from 'bun:test'
import { Sweep } from '../../src/core/clock.ts'
import { GatewayError } from '../../src/core/errors.ts'
import { MemoryBody, StreamedBody } from '../../src/intake/body.ts'
import { blind } from '../../src/intake/inspector.ts'
import { BodySource } from '../../src/intake/source.ts'

/** A body of which the head was read, and what shows that nothing of it is left. */
function streamed() {
  const seen = { cancelled: false, listeners: 0 }
  const rest = [Uint8Array.of(3, 4), Uint8Array.of(5)]
  const body = new ReadableStream<Uint8Array>(
    {
      pull(controller) {
        const chunk = rest.shift()
        if (chunk === undefined) controller.close()
        else controller.enqueue(chunk)
      },
      cancel() {
        seen.cancelled = true
      },
    },
    { highWaterMark: 0 },
  )
  const sweep = new Sweep(10)
  const { signal } = new AbortController()
  const add = signal.addEventListener.bind(signal)
  const remove = signal.removeEventListener.bind(signal)
  signal.addEventListener = (...call: Parameters<typeof add>) => {
    seen.listeners += 1
    add(...call)
  }
  signal.removeEventListener = (...call: Parameters<typeof remove>) => {
    seen.listeners -= 1
    remove(...call)
  }
  const source = new BodySource(body, { bytesMax: 100, idleTimeoutMs: 5000 }, sweep, signal)
  const options = { lengthBytes: 5, chunkBytes: 2 }
  return { seen, sweep, body: new StreamedBody(Uint8Array.of(1, 2), source, blind, options) }
}

const codeOf = (run: () => unknown): string => {
  try {
    run()
  } catch (thrown) {
    if (thrown instanceof GatewayError) return thrown.code
  }
  return 'nothing was thrown'
}

describe('a body that goes straight through', () => {
  test('can be opened once', async () => {
    const { body, seen, sweep } = streamed()
    expect(sweep.size).toBe(1)
    expect(body.replayable).toBe(false)
    const chunks: number[][] = []
    for await (const chunk of body.open(null)) chunks.push([...chunk])
    expect(chunks).toEqual([[1, 2], [3, 4], [5]])
    expect(codeOf(() => body.open(null))).toBe('spool_failed')
    expect(body.metrics()).toMatchObject({ totalBytes: 5, chunkCount: 3 })
    expect({ ...seen, size: sweep.size }).toEqual({ cancelled: false, listeners: 0, size: 0 })
    body.release()
  })

  test('can be collected in its place', async () => {
    const { body, sweep } = streamed()
    expect([...(await body.collect(null))]).toEqual([1, 2, 3, 4, 5])
    expect(codeOf(() => body.open(null))).toBe('spool_failed')
    expect(sweep.size).toBe(0)
  })

  test('is given up by a provider that cancels it', async () => {
    const { body, seen, sweep } = streamed()
    const reader = body.open(null).getReader()
    await reader.read()
    await reader.cancel()
    expect({ ...seen, size: sweep.size }).toEqual({ cancelled: true, listeners: 0, size: 0 })
  })

  test('is given up by a release, opened or not', async () => {
    for (const opens of [true, false]) {
      const { body, seen, sweep } = streamed()
      const reader = opens ? body.open(null).getReader() : null
      await reader?.read()
      body.release()
      body.release()
      expect({ ...seen, size: sweep.size }).toEqual({ cancelled: true, listeners: 0, size: 0 })
      expect(opens || codeOf(() => body.open(null))).toBe(opens || 'spool_failed')
    }
  })
})

test('a name that is not there cannot be replaced', () => {
  const body = new MemoryBody(Uint8Array.of(1), null)
  expect(codeOf(() => body.open('other'))).toBe('internal_error')
  expect([...body.open(null)]).toEqual([1])
})
