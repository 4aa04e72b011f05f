/** What a record says of its request while that is under way. */

import type { Exchange } from './exchange.ts'
import { attemptOf, sinceStart } from './finish.ts'
import type { FinishedAttempt } from './finished.ts'
import { quantileOf } from './histogram.ts'
import type { LivePhase, LiveStream } from './live.ts'

/** One that is looked at by itself. */
export interface LiveDetail extends LiveStream {
  readonly attemptLog: readonly FinishedAttempt[]
  readonly firstEventMs: number | null
  readonly gapP50Ms: number | null
  readonly gapP99Ms: number | null
  readonly backpressureEvents: number
  readonly requestBytes: number
}

/** What a request does now. */
export function phaseOf(exchange: Exchange): LivePhase {
  if (exchange.clientGoneAtMs > 0) return 'detached'
  if (exchange.blockedSinceMs > 0) return 'blocked'
  if (exchange.firstContentAtMs > 0) return 'streaming'
  return exchange.attempts > 0 ? 'waiting' : 'queued'
}

/**
 * A request that is under way.
 * @param now monotonic milliseconds.
 */
export function liveStreamOf(exchange: Exchange, worker: number, now: number): LiveStream {
  const { firstContentAtMs, firstEventAtMs, gaps, events } = exchange
  const since = sinceStart(exchange.startedAtMs)
  const phase = phaseOf(exchange)
  const place = phase === 'queued' ? (exchange.queuePosition?.() ?? 0) : 0
  const spentMs = now - firstEventAtMs
  return {
    id: exchange.id,
    at: exchange.startedAt,
    worker,
    phase,
    endpoint: exchange.endpoint,
    provider: exchange.provider,
    model: exchange.upstreamModel,
    route: exchange.route,
    keyId: exchange.keyId,
    streaming: exchange.streaming,
    attempts: exchange.attempts,
    ageMs: rounded(now - exchange.startedAtMs),
    queueWaitMs: rounded(exchange.queueWaitMs + queuedMs(exchange, now)),
    queuePosition: place > 0 ? place : null,
    firstContentMs: since(firstContentAtMs),
    sinceEventMs: gaps.lastAtMs === 0 ? null : rounded(now - gaps.lastAtMs),
    events,
    eventsPerSecond:
      firstEventAtMs === 0 || spentMs <= 0 ? null : rounded((events * 1000) / spentMs),
    bytesIn: exchange.bytesIn,
    bytesOut: exchange.bytesOut,
    heldBytes: exchange.heldBytes,
    gapMaxMs: gaps.count === 0 ? null : rounded(gaps.maxMs),
    stalls: gaps.stalls,
    heartbeats: exchange.heartbeats,
    backpressureMs: rounded(exchange.backpressureMs + blockedMs(exchange, now)),
  }
}

/** The same with its attempts and its gaps so far. */
export function liveDetailOf(exchange: Exchange, worker: number, now: number): LiveDetail {
  const since = sinceStart(exchange.startedAtMs)
  const gaps = exchange.gaps.spread()
  return {
    ...liveStreamOf(exchange, worker, now),
    attemptLog: exchange.attemptLog.map((facts) => attemptOf(facts, since)),
    firstEventMs: since(exchange.firstEventAtMs),
    gapP50Ms: quantileOf(gaps, 0.5),
    gapP99Ms: quantileOf(gaps, 0.99),
    backpressureEvents: exchange.backpressureEvents,
    requestBytes: exchange.requestBytes,
  }
}

/** How long it has been waiting for its first turn, where it waits now. */
function queuedMs({ queuedAtMs, queueWaitMs, attempts }: Exchange, now: number): number {
  return queuedAtMs > 0 && queueWaitMs === 0 && attempts === 0 ? now - queuedAtMs : 0
}

/** How long the client has taken nothing, where it takes nothing now. */
const blockedMs = ({ blockedSinceMs }: Exchange, now: number): number =>
  blockedSinceMs === 0 ? 0 : now - blockedSinceMs

const rounded = (value: number): number => Math.round(value * 10) / 10
