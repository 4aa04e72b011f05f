import type { StreamSettings } from '../config/config.ts'
import type { Sweep } from '../core/clock.ts'
import type { AttemptFacts } from '../observe/attempt-facts.ts'
import type { Call, Intent } from '../provider/call.ts'
import type { Reach } from './reach.ts'

/** What calling a target needs from the rest of the program. */
export interface OpenContext {
  readonly request: Pick<Request, 'method' | 'headers'>
  readonly call: Call
  readonly intent: Intent
  /** What is learned of this attempt. */
  readonly facts: AttemptFacts
  readonly settings: StreamSettings
  readonly sweep: Sweep
  readonly reach: Reach
  /** Ends this attempt; the connection has a signal of its own below it. */
  readonly signal: AbortSignal
  /** Not to reuse an idle connection, after one was found dead. */
  readonly freshSocket: boolean
  /** The unfinished answer that the target is to go on with, or null. */
  readonly prefill: string | null
  /** A proxy for all calls to providers, or null. */
  readonly proxy: string | null
}
