/** Sends a body to the provider in chunks of a set size, at the provider's pace. */
import { nowMs } from '../core/clock.ts'
import type { RequestStreamMetrics } from '../provider/call.ts'
import { freeBuffer, isWhole } from './memory.ts'

/** How a body is sent. */
export interface RequestStreamOptions {
  /** `STREAM_REQUEST_CHUNK_SIZE`: bytes of one write, at most. */
  readonly chunkBytes: number
  /** Called after each chunk with the bytes sent so far. */
  readonly onProgress?: (totalBytes: number) => void
  /**
   * The source gives its chunks away, and the result goes to `fetch`, which copies a chunk before
   * it asks for the next. Their memory is then freed at that moment and not at some collection:
   * an upload that ran at 40 MB of garbage runs at a few. A reader that keeps chunks would find
   * them empty.
   */
  readonly freesChunks?: boolean
}

/** A body on its way. */
export interface RequestStream {
  readonly body: ReadableStream<Uint8Array>
  metrics(): RequestStreamMetrics
}

/** A shorter wait is the scheduling of this process and not the provider's. */
const backpressureMinMs = 1

/**
 * Re-chunks `body`: what arrived together is joined up to `chunkBytes`, what is larger is split,
 * and nothing waits for more to come. Nothing is read before the provider asks; from then on at
 * most one chunk is read ahead. Cancelling the result cancels `body`.
 */
export function streamRequestToUpstream(
  body: ReadableStream<Uint8Array>,
  options: RequestStreamOptions,
): RequestStream {
  const sender = new Sender(body, options)
  return { body: sender.readable, metrics: () => sender.metrics() }
}

class Sender {
  readonly readable: ReadableStream<Uint8Array>
  readonly #reader: ReadableStreamDefaultReader<Uint8Array>
  readonly #options: RequestStreamOptions
  #controller: ReadableStreamDefaultController<Uint8Array> | null = null
  #pending: Uint8Array[] = []
  #pendingBytes = 0
  /** Buffers that hold one source chunk and nothing else. */
  readonly #whole = new Set<ArrayBufferLike>()
  /** Those of them that were sent. */
  #sent: ArrayBufferLike[] = []
  #reading = false
  #ended = false
  /** Ends the wait of a provider that asked while nothing was there. */
  #wake: (() => void) | null = null
  /** Since when a full chunk waits for the provider; 0 while none does. */
  #fullSinceMs = 0

  #totalBytes = 0
  #chunkCount = 0
  #startedAtMs = 0
  #endedAtMs = 0
  #backpressureEvents = 0
  #backpressureMs = 0

  constructor(body: ReadableStream<Uint8Array>, options: RequestStreamOptions) {
    this.#reader = body.getReader()
    this.#options = options
    this.readable = new ReadableStream<Uint8Array>(
      {
        start: (controller) => {
          this.#controller = controller
        },
        pull: (controller) => this.#pull(controller),
        cancel: (reason) => this.#cancel(reason),
      },
      // No queue of its own: a chunk leaves when the provider asks for it.
      { highWaterMark: 0 },
    )
  }

  metrics(): RequestStreamMetrics {
    const end = this.#endedAtMs || nowMs()
    const duration = this.#startedAtMs === 0 ? 0 : end - this.#startedAtMs
    return {
      totalBytes: this.#totalBytes,
      chunkCount: this.#chunkCount,
      avgChunkSize: this.#chunkCount === 0 ? 0 : this.#totalBytes / this.#chunkCount,
      duration,
      throughput: duration === 0 ? 0 : (this.#totalBytes / duration) * 1000,
      backpressureEvents: this.#backpressureEvents,
      backpressureTime: this.#backpressureMs,
    }
  }

  async #pull(controller: ReadableStreamDefaultController<Uint8Array>): Promise<void> {
    if (this.#startedAtMs === 0) this.#startedAtMs = nowMs()
    this.#endBackpressure()
    this.#freeSent()
    if (this.#pendingBytes === 0 && !this.#ended) {
      const arrived = new Promise<void>((resolve) => {
        this.#wake = resolve
      })
      void this.#readAhead()
      await arrived
    }
    if (this.#pendingBytes > 0) {
      const chunk = this.#take()
      this.#totalBytes += chunk.length
      this.#chunkCount += 1
      controller.enqueue(chunk)
      this.#options.onProgress?.(this.#totalBytes)
      this.#fullSinceMs = 0
      void this.#readAhead()
    } else if (this.#endedAtMs === 0) {
      this.#endedAtMs = nowMs()
      controller.close()
    }
  }

  /** Reads until a chunk is full. Runs once at a time, and never rejects. */
  async #readAhead(): Promise<void> {
    if (this.#reading) return
    this.#reading = true
    try {
      while (!this.#ended && this.#pendingBytes < this.#options.chunkBytes) {
        const { done, value } = await this.#reader.readMany()
        for (const chunk of value ?? []) this.#add(chunk)
        if (done) this.#ended = true
        if (this.#ended || this.#pendingBytes > 0) this.#wakeUp()
      }
      if (!this.#ended) this.#fullSinceMs = nowMs()
    } catch (thrown) {
      this.#fail(thrown)
    } finally {
      this.#reading = false
    }
  }

  #add(chunk: Uint8Array): void {
    if (chunk.length === 0) return
    this.#pending.push(chunk)
    this.#pendingBytes += chunk.length
    if (this.#options.freesChunks && isWhole(chunk)) this.#whole.add(chunk.buffer)
  }

  #freeSent(): void {
    for (const buffer of this.#sent) freeBuffer(buffer)
    this.#sent = []
  }

  #wakeUp(): void {
    this.#wake?.()
    this.#wake = null
  }

  /** The next chunk: a view where one source chunk is enough, a copy where several are joined. */
  #take(): Uint8Array {
    const size = Math.min(this.#pendingBytes, this.#options.chunkBytes)
    this.#pendingBytes -= size
    const parts: Uint8Array[] = []
    let missing = size
    let finished = 0
    for (const chunk of this.#pending) {
      parts.push(chunk.subarray(0, missing))
      if (chunk.length > missing) {
        this.#pending[finished] = chunk.subarray(missing)
        break
      }
      missing -= chunk.length
      finished += 1
      if (this.#whole.delete(chunk.buffer)) this.#sent.push(chunk.buffer)
      if (missing === 0) break
    }
    this.#pending.splice(0, finished)
    const [first] = parts
    return first !== undefined && parts.length === 1 ? first : Buffer.concat(parts)
  }

  #endBackpressure(): void {
    if (this.#fullSinceMs === 0) return
    const waitedMs = nowMs() - this.#fullSinceMs
    this.#fullSinceMs = 0
    if (waitedMs < backpressureMinMs) return
    this.#backpressureEvents += 1
    this.#backpressureMs += waitedMs
  }

  #cancel(reason: unknown): Promise<void> {
    this.#ended = true
    this.#endedAtMs ||= nowMs()
    this.#endBackpressure()
    this.#pending = []
    this.#pendingBytes = 0
    this.#wakeUp()
    return this.#reader.cancel(reason)
  }

  /** A broken body is told at once: what waits here belongs to a request that cannot succeed. */
  #fail(thrown: unknown): void {
    if (this.#endedAtMs !== 0) return
    this.#ended = true
    this.#endedAtMs = nowMs()
    this.#pending = []
    this.#pendingBytes = 0
    this.#controller?.error(thrown)
    this.#wakeUp()
  }
}
