/**
 * How often somebody may be wrong about the operator's token. Each address may for a while, and so
 * may all together, because addresses are cheap; more is refused without a look at what was sent.
 */
import { nowMs } from '../core/clock.ts'
import { RecentMap } from '../core/recent.ts'

/** Failures that an address may have at once, and how long one takes to be forgiven. */
const ADDRESS_FAILURES = 10
const ADDRESS_FORGIVEN_MS = 6000

/** The same for all addresses together, in this worker. */
const ALL_FAILURES = 100
const ALL_FORGIVEN_MS = 1000

/** Addresses that are remembered. */
const ADDRESSES_MAX = 1024

/** Failures that are left, as of a moment. */
interface Allowance {
  readonly left: number
  readonly atMs: number
}

/** Counts failures of one worker. */
export class LoginLimit {
  readonly #clock: () => number
  readonly #addresses = new RecentMap<string, Allowance>(ADDRESSES_MAX)
  #all: Allowance

  /** @param clock monotonic milliseconds; a test brings its own. */
  constructor(clock: () => number = nowMs) {
    this.#clock = clock
    this.#all = { left: ALL_FAILURES, atMs: clock() }
  }

  /** How long an address has to wait before it may try again, in milliseconds; 0 is not at all. */
  waitMs(address: string): number {
    const now = this.#clock()
    const own = this.#of(address, now)
    const all = grown(this.#all, now, ALL_FAILURES, ALL_FORGIVEN_MS)
    return Math.ceil(Math.max(missingMs(own, ADDRESS_FORGIVEN_MS), missingMs(all, ALL_FORGIVEN_MS)))
  }

  /** Takes a failure down. */
  failed(address: string): void {
    const now = this.#clock()
    const own = this.#of(address, now)
    this.#addresses.set(address, { left: own.left - 1, atMs: now })
    const all = grown(this.#all, now, ALL_FAILURES, ALL_FORGIVEN_MS)
    this.#all = { left: Math.max(0, all.left - 1), atMs: now }
  }

  #of(address: string, now: number): Allowance {
    const fresh = { left: ADDRESS_FAILURES, atMs: now }
    const known = this.#addresses.get(address) ?? fresh
    return grown(known, now, ADDRESS_FAILURES, ADDRESS_FORGIVEN_MS)
  }
}

function grown(allowance: Allowance, now: number, most: number, forgivenMs: number): Allowance {
  const left = allowance.left + (now - allowance.atMs) / forgivenMs
  return { left: Math.min(most, Math.max(0, left)), atMs: now }
}

const missingMs = ({ left }: Allowance, forgivenMs: number): number =>
  left >= 1 ? 0 : (1 - left) * forgivenMs
