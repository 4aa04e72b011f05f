/**
 * The hold window: the first content waits a little while the provider goes on, so that what
 * breaks in that time is still before the commit point.
 */
import { nowMs, type Swept } from '../core/clock.ts'
import { GatewayError } from '../core/errors.ts'
import type { BodyRead, BodyReader } from '../provider/call.ts'
import type { HeadLimits, HeadOwner } from './first-event.ts'

/** One window. It opens with the first content; whoever opened it closes it. */
export class HoldWindow implements Swept {
  readonly #reader: BodyReader
  readonly #limits: HeadLimits
  readonly #owner: HeadOwner
  readonly #bytesMax: number
  readonly #openedAtMs = nowMs()
  #lastEventAtMs = nowMs()
  #bytes: number
  #isOver = false
  #pending: Promise<BodyRead> | null = null
  #wake: (() => void) | null = null

  /** @param bytes how much of the stream is held already. */
  constructor(reader: BodyReader, bytes: number, limits: HeadLimits, owner: HeadOwner) {
    this.#reader = reader
    this.#bytes = bytes
    this.#limits = limits
    this.#owner = owner
    const { holdBytes, bufferedBytesMax } = limits
    this.#bytesMax = holdBytes > 0 ? Math.min(holdBytes, bufferedBytesMax) : bufferedBytesMax
    owner.sweep.add(this)
  }

  /** What comes next, or that the window has closed before it came. */
  async read(): Promise<BodyRead | 'closed'> {
    if (this.#isOver || this.#bytes >= this.#bytesMax) return 'closed'
    const pending = this.#reader.read()
    this.#pending = pending
    const timeUp = new Promise<'closed'>((resolve) => {
      this.#wake = () => resolve('closed')
    })
    const read = await Promise.race([pending, timeUp])
    this.#wake = null
    if (read === 'closed') {
      // Whoever reads on gets it; until then its failure must not count as one that nobody heard.
      pending.catch(() => {})
      return read
    }
    this.#pending = null
    this.#bytes += read.value?.length ?? 0
    return read
  }

  /** A whole event came: the provider is not silent. */
  progress(): void {
    this.#lastEventAtMs = nowMs()
  }

  /** The rest of the body, beginning with what was being waited for when the window closed. */
  get rest(): BodyReader {
    const reader = this.#reader
    let pending = this.#pending
    if (pending === null) return reader
    return {
      read() {
        const first = pending
        pending = null
        return first ?? reader.read()
      },
      cancel: (reason) => reader.cancel(reason),
    }
  }

  /** Stops its clock. */
  close(): void {
    this.#owner.sweep.remove(this)
  }

  sweep(now: number): void {
    const { holdMs, idleTimeoutMs } = this.#limits
    if (holdMs > 0 && now - this.#openedAtMs >= holdMs) {
      this.#isOver = true
      this.#wake?.()
    } else if (idleTimeoutMs > 0 && now - this.#lastEventAtMs > idleTimeoutMs) {
      this.close()
      this.#owner.fail(new GatewayError('upstream_idle_timeout'))
    }
  }
}
