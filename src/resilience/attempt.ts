/** Tries the targets of a plan one after another, and where the first is late, two at a time. */
import { nowMs } from '../core/clock.ts'
import { GatewayError, toGatewayError } from '../core/errors.ts'
import type { AttemptKind } from '../observe/attempt-facts.ts'
import { type Opened, targetKey } from '../provider/call.ts'
import type { Answered, Ask, Open } from './ask.ts'
import { type Candidate, Candidates } from './candidates.ts'
import { hedged } from './hedge.ts'
import { OneTarget } from './one-target.ts'
import type { Resilience } from './resilience.ts'
import { isOwnRefusal, leftNoTrace, type Verdict, verdictOn } from './verdict.ts'

/**
 * The first good answer of a plan's targets.
 * @throws GatewayError of the last attempt, when there is none.
 */
export async function attempt(shared: Resilience, ask: Ask, open: Open): Promise<Opened> {
  const { plan, exchange } = ask
  exchange.route = plan.route?.name ?? null
  const candidates = new Candidates(plan.targets, shared)
  const chain = (signal: AbortSignal, kind: AttemptKind) =>
    inTurn(shared, { ...ask, signal }, open, candidates, kind)
  shared.hedges.earn()
  try {
    const { opened, leave } = mayHedge(shared, ask)
      ? await hedged({
          signal: ask.signal,
          pauses: shared.pauses,
          delayMs: hedgeDelayMs(shared, ask),
          mayStart: () => candidates.hasFreshTarget && shared.hedges.take(),
          start: chain,
          hold: (release) => ask.hold(release),
        })
      : await chain(ask.signal, ask.kind ?? 'first')
    ask.hold(() => leave(exchange.errorCode))
    return { ...opened, leave }
  } catch (thrown) {
    const error = toGatewayError(thrown)
    throw exchange.attempts > 1 && !ask.signal.aborted ? exhausted(error) : error
  } finally {
    const firstSentAtMs = exchange.attemptLog.find(({ sentAtMs }) => sentAtMs > 0)?.sentAtMs
    if (firstSentAtMs !== undefined) {
      exchange.upstreamWaitMs = nowMs() - firstSentAtMs
    }
  }
}

/** Tries one target after another. A hedge is one attempt and no more. */
async function inTurn(
  shared: Resilience,
  ask: Ask,
  open: Open,
  candidates: Candidates,
  firstKind: AttemptKind,
): Promise<Answered> {
  let kind = firstKind
  let failure: GatewayError | null = null
  for (;;) {
    const candidate = candidates.next() ?? (await inQueue(shared, ask, candidates, firstKind))
    if (candidate === null) throw failure ?? new GatewayError('internal_error')
    try {
      return await new OneTarget(shared, ask, candidate, open, candidates).run(kind)
    } catch (thrown) {
      failure = toGatewayError(thrown)
      if (ask.signal.aborted || firstKind === 'hedge') throw failure
      if (!ask.replayable && !isOwnRefusal(failure)) throw failure
      if (!ask.repeatable && !leftNoTrace(failure)) throw failure
      const { action } = verdictFor(failure, ask)
      if (action === 'stop') throw failure
      if (action === 'longer') candidates.keepLongerThan(candidate.target)
    }
    kind = ask.kind ?? 'failover'
  }
}

/** A model that is not there is the operator's mistake where a route named it, not the caller's. */
function verdictFor(failure: GatewayError, { plan }: Ask): Verdict {
  const verdict = verdictOn(failure)
  const isMissing = failure.code === 'upstream_error' && failure.detail.status === 404
  return isMissing && plan.route !== null ? { ...verdict, action: 'next' } : verdict
}

function mayHedge(shared: Resilience, { plan, stream, replayable, kind }: Ask): boolean {
  const isWanted = plan.route?.hedge === true && shared.settings.hedge && !shared.isStrained()
  return isWanted && plan.targets.length > 1 && stream && replayable && kind === undefined
}

/** After what only one in twenty first tokens takes, because then most hedges would be in vain. */
function hedgeDelayMs({ settings, standings }: Resilience, { plan }: Ask): number {
  const p95Ms = standings.of(targetKey(plan.targets[0])).firstTokenP95Ms
  return p95Ms === null ? settings.hedgeDelayUnknownMs : Math.max(p95Ms, settings.hedgeDelayMinMs)
}

/** Waits for one of the targets that have all they may have. A hedge is not worth a wait. */
async function inQueue(
  { slots }: Resilience,
  { exchange, settings, signal, priority, tokens }: Ask,
  candidates: Candidates,
  kind: AttemptKind,
): Promise<Candidate | null> {
  const { crowded } = candidates
  if (crowded.length === 0 || kind === 'hedge') return null
  const startedAtMs = nowMs()
  if (exchange.queuedAtMs === 0) exchange.queuedAtMs = startedAtMs
  try {
    const entered = await slots.enterAny(crowded, {
      key: exchange.keyId ?? '',
      priority,
      tokens: tokens(),
      signal,
      deadlineMs: settings.totalTimeoutMs > 0 ? exchange.startedAtMs + settings.totalTimeoutMs : 0,
      positioned: (position) => {
        exchange.queuePosition = position
      },
    })
    return candidates.taken(entered)
  } finally {
    exchange.queueWaitMs += nowMs() - startedAtMs
  }
}

/** The official SDKs would repeat all that was already repeated here (reliability 3.1). */
function exhausted({ code, detail, message }: GatewayError): GatewayError {
  return new GatewayError(code, { ...detail, message, isExhausted: true })
}
