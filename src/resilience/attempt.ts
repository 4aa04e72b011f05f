/** Tries the targets of a plan until one gives a good answer. */
import { GatewayError } from '../core/errors.ts'
import type { Exchange } from '../observe/exchange.ts'
import type { Intent, Opened, Plan, Target } from '../provider/call.ts'

/** Opens one target; wired to the upstream stage by the composition root. */
export type Open = (target: Target, freshSocket: boolean) => Promise<Opened>

/**
 * The first good answer. Everything in here happens before the commit point: the client has seen
 * nothing but heartbeats.
 * @throws GatewayError of the last attempt, when no target gave a good answer.
 */
export async function attempt(
  plan: Plan,
  intent: Intent,
  exchange: Exchange,
  signal: AbortSignal,
  open: Open,
): Promise<Opened> {
  const [target] = plan.targets
  exchange.provider = target.provider.name
  exchange.upstreamModel = target.model
  exchange.attempts += 1
  try {
    return await open(target, false)
  } catch (thrown) {
    if (!mayUseFreshSocket(thrown, intent) || signal.aborted) throw thrown
    exchange.attempts += 1
    return open(target, true)
  }
}

/**
 * A connection that was closed before a byte of an answer may have been an idle one that the
 * provider had given up on. Bun retries that for a GET but not for a POST and does not tell which
 * it was, so the request is sent once more on a fresh connection (reliability 3.3, rows 5 and 6).
 */
function mayUseFreshSocket(thrown: unknown, intent: Intent): boolean {
  const replayable = intent.body === null || intent.body.replayable
  return replayable && thrown instanceof GatewayError && thrown.code === 'upstream_closed'
}
