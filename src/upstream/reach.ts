/**
 * Whether a provider's address can be reached at all. The runtime's `fetch` has no clock for the
 * connection alone, so an address that swallows packets, or never answers a TLS handshake, would
 * only be given up by the headers clock, a minute later. A connection beside a call that waits
 * tells sooner.
 */
import { nowMs, type Sweep } from '../core/clock.ts'

/** TLS included: five seconds is what proxies of this kind allow. */
const CONNECT_TIMEOUT_MS = 5000

/** A provider that answers sooner never sees the second connection. */
const PATIENCE_MS = 1000

/** An address that answered a short while ago needs no second look. */
const TRUSTED_MS = 30_000

/** One look at an address, for as long as a call waits for it. */
interface Look {
  /** Each is called when the address was reached, or refused to be. */
  readonly waiting: Set<() => void>
  end(): void
}

/** What is known of the addresses of a worker's providers. */
export class Reach {
  readonly #sweep: Sweep
  readonly #answeredAtMs = new Map<string, number>()
  /** One look at a time for each address, however many calls wait for it. */
  readonly #looks = new Map<string, Look>()

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
    const address = new URL(url)
    const answeredAtMs = this.#answeredAtMs.get(address.host)
    if (answeredAtMs !== undefined && nowMs() - answeredAtMs < TRUSTED_MS) return () => {}
    const forgetTimeout = this.#sweep.after(CONNECT_TIMEOUT_MS, giveUp)
    let leaveLook = (): void => {}
    const forgetLook = this.#sweep.after(PATIENCE_MS, () => {
      leaveLook = this.#join(address, forgetTimeout)
    })
    return () => {
      forgetLook()
      forgetTimeout()
      leaveLook()
    }
  }

  /** What the address says is the call's own business; that it says anything is all that counts. */
  #join(address: URL, reached: () => void): () => void {
    const look = this.#looks.get(address.host) ?? this.#begin(address)
    look.waiting.add(reached)
    return () => {
      look.waiting.delete(reached)
      if (look.waiting.size === 0) look.end()
    }
  }

  #begin({ host, hostname, port, protocol }: URL): Look {
    const isSecure = protocol === 'https:'
    // Brackets belong to the notation of an address of IPv6, not to the address.
    const name = hostname.replace(/^\[|\]$/g, '')
    const waiting = new Set<() => void>()
    let isOver = false
    let close = (): void => {}
    const end = (): void => {
      if (isOver) return
      isOver = true
      this.#looks.delete(host)
      close()
    }
    const reached = (): void => {
      if (isOver) return
      end()
      for (const call of waiting) call()
    }
    const look = { waiting, end }
    this.#looks.set(host, look)
    Bun.connect({
      hostname: name,
      port: Number(port) || (isSecure ? 443 : 80),
      // Nothing is sent, so whose certificate it is does not matter here.
      ...(isSecure && { tls: { rejectUnauthorized: false, serverName: name } }),
      socket: {
        open: (socket) => {
          close = () => socket.terminate()
          if (isOver) close()
          else if (!isSecure) reached()
        },
        handshake: reached,
        close: reached,
        data() {},
      },
    }).catch(reached)
    return look
  }
}
