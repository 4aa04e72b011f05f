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

/** A gate as an operator sees it. */
export interface GateView {
  /** The provider, or the target of a route. */
  readonly name: string
  readonly inside: number
  readonly waiting: number
  /** Null where there is none. */
  readonly limit: number | null
}

/** Statuses by which a provider says that it is asked too often; 529 is Anthropic's. */
const refusals: ReadonlySet<number> = new Set([429, 529])

/** By these a provider says how much it still takes in its present window. */
const remainders = [
  'x-ratelimit-remaining-requests',
  'x-ratelimit-remaining-tokens',
  'anthropic-ratelimit-requests-remaining',
  'anthropic-ratelimit-tokens-remaining',
] as const

/** Beyond so many, the unused ones are forgotten: a target's model may be a client's text. */
const GATES_MAX = 1024

/** A gate, and what its limit is made of. */
interface Guarded {
  readonly gate: Gate
  /** As the operator set it; infinite where nothing is set. */
  most: number
  /** Of a provider that refused; null before. */
  adaptive: AdaptiveLimit | null
}

/** The gates of a worker: of providers, and of targets with a limit. */
export class Slots {
  readonly #settings: SlotSettings
  readonly #pauses: Pauses
  readonly #gates = new Map<string, Guarded>()
  #rejected = 0

  constructor(settings: SlotSettings, pauses: Pauses) {
    this.#settings = settings
    this.#pauses = pauses
  }

  /** How many wait; zero when nothing is under way. */
  get waiting(): number {
    let sum = 0
    for (const { gate } of this.#gates.values()) sum += gate.waiting
    return sum
  }

  /** Requests that were refused because the wait would have been too long, since the start. */
  get rejected(): number {
    return this.#rejected
  }

  /** The gates by name, for an operator. */
  view(): readonly GateView[] {
    return [...this.#gates].map(([name, { gate }]) => {
      const { inside, waiting, limit } = gate
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
        leaveAll(left)
        return null
      }
      left.push(leave)
    }
    return () => leaveAll(left)
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
      const error = firstOf(thrown)
      if (error.code === 'overloaded') this.#rejected += 1
      throw error
    } finally {
      unlink()
      abort.abort(passer.signal.reason)
      passer.positioned(null)
    }
  }

  /** What the provider said, by its status and headers, of being asked too often. */
  refused({ provider }: Target, { status, headers }: { status: number; headers?: Headers }): void {
    const guarded = this.#settings.isAdaptive ? this.#gates.get(provider.name) : undefined
    if (guarded === undefined) return
    const isSpent = remainders.some((name) => headers?.get(name) === '0')
    if (!refusals.has(status) && !isSpent) return
    guarded.adaptive ??= new AdaptiveLimit(guarded.most)
    guarded.adaptive.refused(guarded.gate.inside, nowMs())
    guarded.gate.setLimit(guarded.adaptive.limit)
  }

  /** The provider answered. */
  answered({ provider }: Target): void {
    const guarded = this.#gates.get(provider.name)
    if (guarded === undefined || guarded.adaptive === null) return
    guarded.adaptive.answered(guarded.gate.inside)
    guarded.gate.setLimit(guarded.adaptive.limit)
  }

  /**
   * One gate after another, always in this order, so that two can never wait for each other: the
   * narrow one first, because whoever waits there must not hold a place that others could use.
   */
  async #enter(target: Target, passer: Passer): Promise<() => void> {
    const left: (() => void)[] = []
    try {
      for (const gate of this.#of(target)) left.push(await gate.enter(passer))
    } catch (thrown) {
      leaveAll(left)
      throw thrown
    }
    return () => leaveAll(left)
  }

  #of(target: Target): Gate[] {
    const { provider, traits } = target
    const most = provider.settings.concurrencyMax ?? Number.POSITIVE_INFINITY
    const gates: Gate[] = []
    if (traits.concurrencyMax !== null) {
      gates.push(this.#gate(targetKey(target), traits.concurrencyMax))
    }
    if (this.#settings.isAdaptive || Number.isFinite(most) || this.#gates.has(provider.name)) {
      gates.push(this.#gate(provider.name, most))
    }
    return gates
  }

  /** The gate of that name. Where the operator set another limit, that counts from now. */
  #gate(name: string, most: number): Gate {
    const known = this.#gates.get(name)
    if (known !== undefined) {
      if (known.most === most) return known.gate
      known.most = most
      known.adaptive = null
      known.gate.setLimit(most)
      return known.gate
    }
    if (this.#gates.size >= GATES_MAX) this.#forgetUnused()
    const gate = new Gate(most, this.#settings, this.#pauses)
    this.#gates.set(name, { gate, most, adaptive: null })
    return gate
  }

  #forgetUnused(): void {
    for (const [name, { gate, adaptive }] of this.#gates) {
      if (gate.inside === 0 && gate.waiting === 0 && adaptive === null) this.#gates.delete(name)
    }
  }
}

function leaveAll(left: readonly (() => void)[]): void {
  for (const leave of left) leave()
}

/** All of them failed: the first reason says as much as the others. */
function firstOf(thrown: unknown): GatewayError {
  return toGatewayError(thrown instanceof AggregateError ? thrown.errors[0] : thrown)
}
