/** Counts requests into sums and distributions: what `Totals` are made of. */
import type { EndReason } from './exchange.ts'
import { isFailed, isFailedAttempt } from './failure.ts'
import type { FinishedAttempt, FinishedRequest } from './finished.ts'
import {
  emptySpread,
  Histogram,
  type PackedSpread,
  packedSpread,
  unpackedSpread,
} from './histogram.ts'
import type { Spread, Totals } from './totals.ts'

const sumNames = [
  ...(['requests', 'streams', 'errors', 'attempts', 'failedAttempts', 'retries'] as const),
  ...(['hedges', 'failovers'] as const),
  ...(['recoveries', 'resumes', 'events', 'bytesIn', 'bytesOut', 'heartbeats'] as const),
  ...(['stalls', 'backpressureMs', 'inputTokens', 'outputTokens'] as const),
  ...(['cachedInputTokens', 'costMicroUsd', 'requestsOfUnknownCost'] as const),
]

const spreadNames = [
  ...(['durationMs', 'firstContentMs', 'answerMs', 'gapMs'] as const),
  ...(['queueWaitMs', 'overheadMs', 'tokensPerSecond'] as const),
]

type Sums = Record<(typeof sumNames)[number], number>
type Spreads = Record<(typeof spreadNames)[number], Histogram>
type Ends = Partial<Record<EndReason, number>>

/** `Totals` that are kept for long: a kilobyte, and eight bytes for each bucket that is used. */
export interface PackedTotals {
  readonly sums: Readonly<Sums>
  readonly ends: Readonly<Ends>
  readonly spreads: Readonly<Record<(typeof spreadNames)[number], PackedSpread>>
}

/** The sums of one span of time while it lasts. */
export class Tally {
  readonly #sums = fromNames<Sums>(sumNames, () => 0)
  readonly #spreads = fromNames<Spreads>(spreadNames, () => new Histogram())
  #ends: Ends = {}

  /** Whether nothing was counted. */
  get isEmpty(): boolean {
    return this.#sums.requests + this.#sums.attempts === 0
  }

  /**
   * Counts a request in.
   * @param gapMs the gaps of its stream.
   * @param attempts those of its attempts that are counted here.
   */
  record(finished: FinishedRequest, gapMs: Spread, attempts = finished.attempts): void {
    this.#count(finished)
    for (const attempt of attempts) this.recordAttempt(finished, attempt)
    const spreads = this.#spreads
    spreads.durationMs.record(finished.durationMs)
    spreads.queueWaitMs.record(finished.queueWaitMs)
    // Of one that no provider was asked for, most is what its caller took.
    if (finished.attempts.length > 0) spreads.overheadMs.record(finished.overheadMs)
    spreads.gapMs.add(gapMs)
    const { firstContentMs, tokensPerSecond } = finished
    if (firstContentMs !== null) spreads.firstContentMs.record(firstContentMs)
    if (tokensPerSecond !== null) spreads.tokensPerSecond.record(tokensPerSecond)
  }

  /** Counts in one attempt of a request that may be counted elsewhere. */
  recordAttempt(finished: FinishedRequest, attempt: FinishedAttempt): void {
    const sums = this.#sums
    const { kind, answeredMs, startedMs } = attempt
    sums.attempts += 1
    if (kind === 'retry' || kind === 'socket') sums.retries += 1
    else if (kind === 'hedge') sums.hedges += 1
    else if (kind === 'failover') sums.failovers += 1
    if (isFailedAttempt(finished, attempt)) sums.failedAttempts += 1
    if (answeredMs !== null) this.#spreads.answerMs.record(answeredMs - startedMs)
  }

  /** Counts in what was counted elsewhere. */
  add(totals: Totals): void {
    this.#add(totals, totals.ends)
    for (const name of spreadNames) this.#spreads[name].add(totals[name])
  }

  /** Counts in what was packed. */
  addPacked({ sums, ends, spreads }: PackedTotals): void {
    this.#add(sums, ends)
    for (const name of spreadNames) this.#spreads[name].addPacked(spreads[name])
  }

  /** Counts in what another one has counted so far. */
  addTally(other: Tally): void {
    if (other.isEmpty) return
    this.#add(other.#sums, other.#ends)
    for (const name of spreadNames) this.#spreads[name].addHistogram(other.#spreads[name])
  }

  /** Forgets all, and keeps the memory. */
  clear(): void {
    for (const name of sumNames) this.#sums[name] = 0
    for (const name of spreadNames) this.#spreads[name].clear()
    this.#ends = {}
  }

  /** What was counted so far. */
  totals(): Totals {
    const spreads = fromNames<Record<(typeof spreadNames)[number], Spread>>(spreadNames, (name) =>
      this.#spreads[name].spread(),
    )
    return { ...this.#sums, ends: { ...this.#ends }, ...spreads }
  }

  /** The same, as it is kept for long. */
  pack(): PackedTotals {
    const spreads = fromNames<Record<(typeof spreadNames)[number], PackedSpread>>(
      spreadNames,
      (name) => this.#spreads[name].pack(),
    )
    return { sums: { ...this.#sums }, ends: { ...this.#ends }, spreads }
  }

  #add(sums: Readonly<Sums>, ends: Readonly<Ends>): void {
    for (const name of sumNames) this.#sums[name] += sums[name]
    for (const [reason, count] of Object.entries(ends) as [EndReason, number][]) {
      this.#ends[reason] = (this.#ends[reason] ?? 0) + count
    }
  }

  #count(finished: FinishedRequest): void {
    const sums = this.#sums
    const { endReason, costMicroUsd } = finished
    sums.requests += 1
    if (finished.streaming) sums.streams += 1
    if (isFailed(finished)) sums.errors += 1
    if (endReason !== null) this.#ends[endReason] = (this.#ends[endReason] ?? 0) + 1
    if (finished.recovery === 'prefill' || finished.recovery === 'restart') sums.recoveries += 1
    sums.resumes += finished.resumes
    sums.events += finished.events
    sums.bytesIn += finished.bytesIn
    sums.bytesOut += finished.bytesOut
    sums.heartbeats += finished.heartbeats
    sums.stalls += finished.stalls
    sums.backpressureMs += finished.backpressureMs
    sums.inputTokens += finished.inputTokens ?? 0
    sums.outputTokens += finished.outputTokens ?? 0
    sums.cachedInputTokens += finished.cachedInputTokens ?? 0
    sums.costMicroUsd += costMicroUsd ?? 0
    if (costMicroUsd === null) sums.requestsOfUnknownCost += 1
  }
}

/** Of no requests. */
export const emptyTotals = (): Totals => new Tally().totals()

/** The sums of all of them, such as those of several workers. */
export function addTotals(list: readonly Totals[]): Totals {
  const [first, second] = list
  if (first !== undefined && second === undefined) return first
  const sum = new Tally()
  for (const totals of list) sum.add(totals)
  return sum.totals()
}

/** What was packed, as it is sent. */
export function unpacked({ sums, ends, spreads }: PackedTotals): Totals {
  const plain = fromNames<Record<(typeof spreadNames)[number], Spread>>(spreadNames, (name) =>
    unpackedSpread(spreads[name]),
  )
  return { ...sums, ends, ...plain }
}

/** What was sent, as it is kept for long. What an older program did not tell is nothing. */
export function packed(totals: Totals): PackedTotals {
  return {
    sums: fromNames<Sums>(sumNames, (name) => totals[name] ?? 0),
    ends: totals.ends,
    spreads: fromNames<Record<(typeof spreadNames)[number], PackedSpread>>(spreadNames, (name) =>
      packedSpread(totals[name] ?? emptySpread),
    ),
  }
}

/** An object with a value for each name. */
function fromNames<Made>(
  names: readonly (keyof Made)[],
  make: (name: keyof Made) => Made[keyof Made],
): Made {
  return Object.fromEntries(names.map((name) => [name, make(name)])) as Made
}
