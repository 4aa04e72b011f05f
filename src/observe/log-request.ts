/** What the log says of one request, and of which requests it says anything. */
import type { LogConfig } from '../config/config.ts'
import { type ErrorLevel, errorTable } from '../core/errors.ts'
import type { AttemptOutcome } from './attempt-facts.ts'
import type { Exchange } from './exchange.ts'
import type { FinishedRequest } from './finished.ts'

/** What is to be done with the line of a request. */
export interface Verdict {
  readonly level: ErrorLevel
  readonly slow: boolean
  /** Whether the attempts are told also where there was only one. */
  readonly detailed: boolean
  /** Of how many like it this one is: a share, or null where all of its kind are logged. */
  readonly sampleRate: number | null
}

/** How a request is judged. */
export type RequestLogSettings = Pick<LogConfig, 'sampleRate' | 'slowMs' | 'slowFirstTokenMs'>

/** Judges a request that has ended. Null is a success that the sample leaves out. */
export function verdictOf(exchange: Exchange, settings: RequestLogSettings): Verdict | null {
  const { errorCode, status, attemptLog } = exchange
  const failed = errorCode !== null || status >= 400
  const slow = isSlow(exchange, settings)
  const recovered =
    exchange.recovery !== null ||
    exchange.resumes > 0 ||
    attemptLog.some(({ outcome }) => hasFailed(outcome))
  const least = errorCode === null ? 'info' : errorTable[errorCode].level
  const level = slow && least !== 'error' ? 'warn' : least
  const detailed = failed || slow || recovered
  if (detailed || settings.sampleRate >= 1) return { level, slow, detailed, sampleRate: null }
  const { sampleRate } = settings
  return isInSample(exchange.id, sampleRate) ? { level, slow, detailed, sampleRate } : null
}

/**
 * Whether a request is in a sample. The same for the same id wherever it is asked, and those of a
 * smaller sample are in every larger one: CRC-32 of the id as a share of its range.
 */
export function isInSample(id: string, rate: number): boolean {
  return Bun.hash.crc32(id) < rate * 2 ** 32
}

/** A request is slow by its whole time, and a stream by what passed until its first content. */
function isSlow(exchange: Exchange, { slowMs, slowFirstTokenMs }: RequestLogSettings): boolean {
  const { streaming, startedAtMs, firstContentAtMs, endedAtMs } = exchange
  if (slowMs > 0 && endedAtMs - startedAtMs > slowMs) return true
  const firstAtMs = firstContentAtMs === 0 ? endedAtMs : firstContentAtMs
  return streaming && slowFirstTokenMs > 0 && firstAtMs - startedAtMs > slowFirstTokenMs
}

const hasFailed = (outcome: AttemptOutcome | null): boolean =>
  outcome !== null && outcome !== 'answered' && outcome !== 'outrun'

/** A text as it may be written. */
export type Clean = (text: string) => string

/** The fields of a request's line. Times in milliseconds since the request began. */
export type RequestFields = ReturnType<typeof requestFields>

/** Builds them. @param triedMax of the attempts only so many are told, the last ones. */
export function requestFields(
  exchange: Exchange,
  finished: FinishedRequest,
  { detailed, slow, sampleRate }: Verdict,
  clean: Clean,
  triedMax: number,
) {
  const known = (text: string | null): string | null => (text === null ? null : clean(text))
  const { attempts, otherCostMicroUsd, trace } = exchange
  return {
    id: finished.id,
    ...(trace !== null && { trace: trace.traceId }),
    status: finished.status,
    end: finished.endReason,
    error: finished.errorCode,
    cause: known(finished.errorCause),
    provider: known(finished.provider),
    model: known(finished.model),
    route: known(finished.route),
    key: known(finished.keyId),
    stream: finished.streaming,
    attempts,
    hedges: finished.attempts.filter(({ kind }) => kind === 'hedge').length || null,
    recovery: finished.recovery,
    divergedAt: exchange.divergedAt,
    resumes: finished.resumes || null,
    ...timesOf(finished),
    ...trafficOf(finished, exchange),
    ...usageOf(finished),
    finish: known(finished.finishReason),
    ...(otherCostMicroUsd !== null && { otherCostUsd: inUsd(otherCostMicroUsd) }),
    ...(slow && { slow }),
    ...(sampleRate !== null && { sampleRate }),
    ...((detailed ? attempts > 0 : attempts > 1) && { tried: triedOf(finished, clean, triedMax) }),
  }
}

function timesOf(finished: FinishedRequest) {
  return {
    queueWaitMs: tenths(finished.queueWaitMs) || null,
    overheadMs: hundredths(finished.overheadMs),
    headersMs: tenths(finished.headersMs),
    firstEventMs: tenths(finished.firstEventMs),
    firstContentMs: tenths(finished.firstContentMs),
    durationMs: tenths(finished.durationMs),
    gapP50Ms: tenths(finished.gapP50Ms),
    gapP99Ms: tenths(finished.gapP99Ms),
    gapMaxMs: tenths(finished.gapMaxMs),
    stalls: finished.stalls || null,
    tokensPerSecond: tenths(finished.tokensPerSecond),
  }
}

function trafficOf(finished: FinishedRequest, { droppedEvents, oversizeEvents }: Exchange) {
  return {
    requestBytes: finished.requestBytes,
    bytesIn: finished.bytesIn,
    bytesOut: finished.bytesOut,
    events: finished.events,
    dropped: droppedEvents || null,
    oversize: oversizeEvents || null,
    heartbeats: finished.heartbeats || null,
    backpressure: finished.backpressureEvents || null,
    backpressureMs: tenths(finished.backpressureMs) || null,
  }
}

function usageOf(finished: FinishedRequest) {
  return {
    inputTokens: finished.inputTokens,
    cachedInputTokens: finished.cachedInputTokens,
    outputTokens: finished.outputTokens,
    reasoningTokens: finished.reasoningTokens,
    costUsd: finished.costMicroUsd === null ? null : inUsd(finished.costMicroUsd),
  }
}

function triedOf({ attempts }: FinishedRequest, clean: Clean, triedMax: number) {
  return attempts.slice(-triedMax).map(({ target, kind, outcome, status, ...times }) => ({
    target: clean(target),
    kind,
    outcome,
    status,
    startedMs: tenths(times.startedMs),
    headersMs: tenths(times.headersMs),
    answeredMs: tenths(times.answeredMs),
    endedMs: tenths(times.endedMs),
  }))
}

function tenths(value: number): number
function tenths(value: number | null): number | null
function tenths(value: number | null): number | null {
  return value === null ? null : Math.round(value * 10) / 10
}

const hundredths = (value: number): number => Math.round(value * 100) / 100

const inUsd = (microUsd: number): number => microUsd / 1_000_000
