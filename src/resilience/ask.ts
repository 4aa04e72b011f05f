/** What goes into the stage: one request for an answer, and the way to open one target. */
import type { StreamSettings } from '../config/config.ts'
import type { ErrorCode } from '../core/errors.ts'
import type { AttemptFacts, AttemptKind } from '../observe/attempt-facts.ts'
import type { Exchange } from '../observe/exchange.ts'
import type { Opened, Plan, Target } from '../provider/call.ts'
import type { Priority } from './fair-queue.ts'

/** What one attempt has of its own. */
export interface Attempt {
  readonly facts: AttemptFacts
  readonly signal: AbortSignal
  /** The endpoint's settings with the target's clocks in them. */
  readonly settings: StreamSettings
  /** Not to reuse an idle connection, after one was found dead. */
  readonly freshSocket: boolean
}

/** Opens one target; wired to the upstream stage by the composition root. */
export type Open = (target: Target, attempt: Attempt) => Promise<Opened>

/** One request for an answer of any of the targets of a plan. */
export interface Ask {
  readonly plan: Plan
  readonly exchange: Exchange
  readonly settings: StreamSettings
  readonly signal: AbortSignal
  /** The client wants a stream: only then is there a first token to hedge for. */
  readonly stream: boolean
  /** Whether the body can be sent again. */
  readonly replayable: boolean
  /** Whether asking twice does no more than asking once, apart from its cost. */
  readonly repeatable: boolean
  /** Whose turn it is when there is not enough for all. */
  readonly priority: Priority
  /** What it is expected to cost, for that; its body is read for it, so only who waits is asked. */
  readonly tokens: () => number
  /** Set where a broken answer is to be gone on with: what the first attempt is called. */
  readonly kind?: AttemptKind
  /**
   * Takes what a target's provider may be asked for, before the first attempt on it; absent where
   * nothing is limited. Gives what settles it; throws `GatewayError` where another target must do.
   */
  readonly enter?: (target: Target) => (() => void) | Promise<() => void>
  /** Keeps `release` until the request is over, whichever way it ends. */
  hold(release: () => void): void
}

/** An answer, and what is held for it on the target's account. */
export interface Answered {
  readonly opened: Opened
  /** Gives the target's place back when the answer is over; null is no fault of the target. */
  readonly leave: (failure: ErrorCode | null) => void
}
