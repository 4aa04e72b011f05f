/**
 * Whether a provider's address can be reached at all. The runtime's `fetch` has no clock for the
 * connection alone, so an address that swallows packets would only be given up by the headers
 * clock, a minute later. A plain TCP connection beside a call that waits tells sooner.
 */
import { nowMs, type Sweep } from '../core/clock.ts'

/** TCP and nothing else: five seconds is what proxies of this kind allow with TLS included. */
const CONNECT_TIMEOUT_MS = 5000

/** A provider that answers sooner never sees the second connection. */
const PATIENCE_MS = 1000

/** An address that answered a short while ago needs no second look. */
const TRUSTED_MS = 30_000

/** What is known of the addresses of a worker's providers. */
export class Reach {
  readonly #sweep: Sweep
  readonly #answeredAtMs = new Map<string, number>()
  /** One look at a time for each address, however many calls wait for it. */
  readonly #looks = new Map<string, Promise<void>>()

  constructor(sweep: Sweep) {
    this.#sweep = sweep
  }

  /** Notes that an address answered. */
  answered(url: string): void {
    this.#answeredAtMs.set(new URL(url).host, nowMs())
  }

  /**
   * Calls `giveUp` where the address of `url` takes no connection in time.
   * @returns a function that calls it off.
   */
  watch(url: string, giveUp: () => void): () => void {
    const { host, hostname, port, protocol } = new URL(url)
    const answeredAtMs = this.#answeredAtMs.get(host)
    if (answeredAtMs !== undefined && nowMs() - answeredAtMs < TRUSTED_MS) return () => {}
    const ownPort = Number(port) || (protocol === 'https:' ? 443 : 80)
    const forgetTimeout = this.#sweep.after(CONNECT_TIMEOUT_MS, giveUp)
    const forgetLook = this.#sweep.after(PATIENCE_MS, () => {
      void this.#look(host, hostname, ownPort).then(forgetTimeout)
    })
    return () => {
      forgetLook()
      forgetTimeout()
    }
  }

  /** Resolves when the address was reached or refused; what it said is the call's own business. */
  #look(host: string, hostname: string, port: number): Promise<void> {
    const running = this.#looks.get(host)
    if (running !== undefined) return running
    // Brackets belong to the notation of an address of IPv6, not to the address.
    const name = hostname.replace(/^\[|\]$/g, '')
    const look = Bun.connect({ hostname: name, port, socket: { data() {} } })
      .then((socket) => socket.end())
      .catch(() => {})
      .then(() => {
        this.#looks.delete(host)
      })
    this.#looks.set(host, look)
    return look
  }
}
