/** Who may be asked how often at once: gates before providers and before targets of routes. */
import { onAbort } from '../core/abort.ts'
import { nowMs } from '../core/clock.ts'
import { type GatewayError, toGatewayError } from '../core/errors.ts'
import type { Pauses } from '../core/pause.ts'
import { type Target, targetKey } from '../provider/call.ts'
import { AdaptiveLimit } from './adaptive-limit.ts'
import { Gate, type Passer, type QueueSettings } from './gate.ts'

/** How the gates are kept. */
export interface SlotSettings extends QueueSettings {
  /** Whether a provider's refusals lower what it is asked at once. */
  readonly isAdaptive: boolean
}

/** A target that was entered. */
export interface Entered {
  readonly target: Target
  /** Call it once, when its answer is over. */
  readonly leave: () => void
}

/** Statuses by which a provider says that it is asked too often; 529 is Anthropic's. */
const refusals: ReadonlySet<number> = new Set([429, 529])

/** The gates of a worker. There are as many as there are providers and targets with a limit. */
export class Slots {
  readonly #settings: SlotSettings
  readonly #pauses: Pauses
  readonly #gates = new Map<string, Gate>()
  readonly #adaptive = new Map<string, AdaptiveLimit>()

  constructor(settings: SlotSettings, pauses: Pauses) {
    this.#settings = settings
    this.#pauses = pauses
  }

  /** How many wait; zero when nothing is under way. */
  get waiting(): number {
    let sum = 0
    for (const gate of this.#gates.values()) sum += gate.waiting
    return sum
  }

  /** The gates by name, for an operator. */
  view(): readonly { name: string; inside: number; waiting: number; limit: number | null }[] {
    return [...this.#gates].map(([name, { inside, waiting, limit }]) => {
      return { name, inside, waiting, limit: Number.isFinite(limit) ? limit : null }
    })
  }

  /** Whether nobody else may be asked of this target now. */
  isFull(target: Target): boolean {
    return this.#of(target).some((gate) => !gate.isOpen)
  }

  /** Enters at once, or not at all. Call the result once, to leave. */
  tryEnter(target: Target): (() => void) | null {
    const left: (() => void)[] = []
    for (const gate of this.#of(target)) {
      const leave = gate.tryEnter()
      if (leave === null) {
        for (const undo of left) undo()
        return null
      }
      left.push(leave)
    }
    return () => {
      for (const leave of left) leave()
    }
  }

  /**
   * Waits for whichever of `targets` is free first.
   * @throws GatewayError `overloaded` where that would take too long, or the signal's reason.
   */
  async enterAny(targets: readonly Target[], passer: Passer): Promise<Entered> {
    const abort = new AbortController()
    const unlink = onAbort(passer.signal, () => abort.abort(passer.signal.reason))
    const positions = new Map<Target, () => number>()
    const entering = targets.map(async (target) => {
      const positioned = (position: (() => number) | null): void => {
        if (position === null) positions.delete(target)
        else positions.set(target, position)
        const all = [...positions.values()]
        passer.positioned(all.length === 0 ? null : () => Math.min(...all.map((of) => of())))
      }
      const alone = { ...passer, signal: abort.signal, positioned }
      return { target, leave: await this.#enter(target, alone) }
    })
    try {
      const entered = await Promise.any(entering)
      for (const other of entering) {
        other.then(({ target, leave }) => target !== entered.target && leave()).catch(() => {})
      }
      return entered
    } catch (thrown) {
      throw firstOf(thrown)
    } finally {
      unlink()
      abort.abort(passer.signal.reason)
      passer.positioned(null)
    }
  }

  /** The provider said that it is asked too often. */
  refused({ provider }: Target, { status, headers }: { status: number; headers?: Headers }): void {
    if (!this.#settings.isAdaptive) return
    const isTold = headers?.get('x-ratelimit-remaining-requests') === '0'
    if (!refusals.has(status) && !isTold) return
    const gate = this.#providerGate(provider.name, provider.settings.concurrencyMax ?? null)
    const limit = this.#limitOf(provider.name, provider.settings.concurrencyMax ?? null)
    limit.refused(gate.inside, nowMs())
    gate.setLimit(limit.limit)
  }

  /** The provider answered. */
  answered({ provider }: Target): void {
    const limit = this.#adaptive.get(provider.name)
    const gate = this.#gates.get(provider.name)
    if (limit === undefined || gate === undefined) return
    limit.answered(gate.inside)
    gate.setLimit(limit.limit)
  }

  /** One gate after another, always in this order, so that two can never wait for each other. */
  async #enter(target: Target, passer: Passer): Promise<() => void> {
    const left: (() => void)[] = []
    try {
      for (const gate of this.#of(target)) left.push(await gate.enter(passer))
    } catch (thrown) {
      for (const leave of left) leave()
      throw thrown
    }
    return () => {
      for (const leave of left) leave()
    }
  }

  #of(target: Target): Gate[] {
    const { provider, traits } = target
    const most = provider.settings.concurrencyMax ?? null
    const gates: Gate[] = []
    if (most !== null || this.#settings.isAdaptive) {
      gates.push(this.#providerGate(provider.name, most))
    }
    if (traits.concurrencyMax !== null) {
      gates.push(this.#gate(targetKey(target), traits.concurrencyMax))
    }
    return gates
  }

  #providerGate(name: string, most: number | null): Gate {
    const known = this.#gates.get(name)
    return known ?? this.#gate(name, most ?? Number.POSITIVE_INFINITY)
  }

  #gate(name: string, limit: number): Gate {
    const known = this.#gates.get(name)
    if (known !== undefined) {
      if (!this.#adaptive.has(name) && known.limit !== limit) known.setLimit(limit)
      return known
    }
    const made = new Gate(limit, this.#settings, this.#pauses)
    this.#gates.set(name, made)
    return made
  }

  #limitOf(provider: string, most: number | null): AdaptiveLimit {
    const known = this.#adaptive.get(provider)
    if (known !== undefined) return known
    const made = new AdaptiveLimit(most ?? Number.POSITIVE_INFINITY)
    this.#adaptive.set(provider, made)
    return made
  }
}

/** All of them failed: the first reason says as much as the others. */
function firstOf(thrown: unknown): GatewayError {
  return toGatewayError(thrown instanceof AggregateError ? thrown.errors[0] : thrown)
}
