import type { StreamSettings } from '../config/config.ts'
import type { Sweep } from '../core/clock.ts'
import type { Exchange } from '../observe/exchange.ts'
import type { Call, Intent } from '../provider/call.ts'
import type { Reach } from './reach.ts'

/** What calling a target needs from the rest of the program. */
export interface OpenContext {
  readonly request: Pick<Request, 'method' | 'headers'>
  readonly call: Call
  readonly intent: Intent
  readonly exchange: Exchange
  readonly settings: StreamSettings
  readonly sweep: Sweep
  readonly reach: Reach
  /** The request's own signal; an attempt has one of its own below it. */
  readonly signal: AbortSignal
  /** A proxy for all calls to providers, or null. */
  readonly proxy: string | null
}
