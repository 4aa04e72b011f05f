/**
 * The last ten minutes of one worker by the second, so that a page that is just opened has charts.
 * Taken down once a second whether anybody watches or not: that is a few numbers, and what nobody
 * took down nobody can look at later.
 */
import { emptySpread } from '../histogram.ts'
import type { SlotTotals } from '../series.ts'
import type { Gauges, PartSecond } from './part.ts'

/** Ten minutes, and what the percentiles of the first point look back on. */
const SECONDS_MAX = 612

/** Workers whose seconds are kept; a roll a minute is no way to run a program. */
const FORMER_MAX = 4

/** What is taken down. */
export interface HistorySources {
  /** The seconds that are over and began at `since` or later; those in which nothing ended not. */
  readonly seconds: (since: number, now: number) => readonly SlotTotals[]
  readonly gauges: () => Gauges
}

/** The seconds of a worker. Times are wall milliseconds. */
export class DashboardHistory {
  readonly #sources: HistorySources
  #seconds: PartSecond[] = []
  #former: readonly (readonly PartSecond[])[] = []
  /** The first second that was not taken down yet. */
  #next: number

  constructor(sources: HistorySources, now: number) {
    this.#sources = sources
    this.#next = secondOf(now)
  }

  /** Takes down the seconds that are over; call it shortly behind each. */
  take(now: number): void {
    const current = secondOf(now)
    // A clock that was set back, or a machine that slept, begins anew.
    if (current < this.#next || current - this.#next > SECONDS_MAX * 1000) this.#next = current
    if (current === this.#next) return
    const ended = new Map(this.#sources.seconds(this.#next, now).map((slot) => [slot.at, slot]))
    for (; this.#next < current; this.#next += 1000) {
      const isLast = this.#next === current - 1000
      this.#seconds.push(
        secondFrom(this.#next, ended.get(this.#next), isLast ? this.#sources.gauges() : null),
      )
    }
    if (this.#seconds.length > SECONDS_MAX) this.#seconds = this.#seconds.slice(-SECONDS_MAX)
  }

  /** Its own behind `since`, and those of each worker that had its place before. */
  since(since: number): readonly (readonly PartSecond[])[] {
    return [this.#seconds, ...this.#former]
      .map((seconds) => seconds.filter(({ at }) => at > since))
      .filter((seconds) => seconds.length > 0)
  }

  /** Keeps what a worker before this one has taken down; the counters of each begin at zero. */
  inherit(former: readonly (readonly PartSecond[])[], now: number): void {
    const oldest = now - SECONDS_MAX * 1000
    this.#former = [...former, ...this.#former]
      .filter((seconds) => (seconds.at(-1)?.at ?? 0) > oldest)
      .slice(0, FORMER_MAX)
  }
}

const secondOf = (at: number): number => at - (at % 1000)

function secondFrom(at: number, slot: SlotTotals | undefined, gauges: Gauges | null): PartSecond {
  const totals = slot?.totals
  return {
    at,
    requests: totals?.requests ?? 0,
    errors: totals?.errors ?? 0,
    outputTokens: totals?.outputTokens ?? 0,
    bytesOut: totals?.bytesOut ?? 0,
    firstContentMs: totals?.firstContentMs ?? emptySpread,
    gapMs: totals?.gapMs ?? emptySpread,
    gauges,
  }
}
