/** Keys that are refused or whose quota is spent: the key is left alone, not the provider. */
import { nowMs } from '../core/clock.ts'
import type { Target } from '../provider/call.ts'

/** Which of a provider's keys a target uses. */
const keyOf = ({ provider }: Pick<Target, 'provider'>): string =>
  `${provider.name}#${provider.credential ?? '1'}`

/** The parked keys of all providers. There are only as many entries as there are keys. */
export class Parking {
  readonly #untilMs = new Map<string, number>()

  /** Leaves the key of `target` alone for `parkMs`. */
  park(target: Pick<Target, 'provider'>, parkMs: number): void {
    this.#untilMs.set(keyOf(target), nowMs() + parkMs)
  }

  /** Whether the key of `target` is left alone now. */
  isParked(target: Pick<Target, 'provider'>): boolean {
    const until = this.#untilMs.get(keyOf(target))
    if (until === undefined) return false
    if (nowMs() < until) return true
    this.#untilMs.delete(keyOf(target))
    return false
  }

  /** A request with the key was answered: it works again. */
  release(target: Pick<Target, 'provider'>): void {
    this.#untilMs.delete(keyOf(target))
  }

  /** The provider of this name has other keys now: what was known of the old ones is void. */
  forget(provider: string): void {
    for (const key of [...this.#untilMs.keys()]) {
      if (key.startsWith(`${provider}#`)) this.#untilMs.delete(key)
    }
  }
}
