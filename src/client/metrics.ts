/** What a stream was like for whoever read it, measured where it arrived. */
import { GapHistogram } from './gap-histogram.ts'

/** Figures of one stream so far. Times in milliseconds; null is "not yet". */
export interface StreamMetrics {
  /** From the call to the first content, with all retries before it. */
  readonly firstContentMs: number | null
  /** From the call to now, or to the end. */
  readonly durationMs: number
  /** Between two events with content. */
  readonly gapP50Ms: number | null
  readonly gapP99Ms: number | null
  readonly gapMaxMs: number | null
  /** The last of them, the newest at the end; at most 96. */
  readonly recentGapsMs: readonly number[]
  /** Events with content: for most providers, tokens. */
  readonly contentEvents: number
  /** Of those, from the first to the last. */
  readonly eventsPerSecond: number | null
  /** Output tokens by the provider's count over the same time; null before it is told. */
  readonly tokensPerSecond: number | null
  /** All events, and the bytes of all bodies. */
  readonly events: number
  readonly bytes: number
  readonly retries: number
  readonly resumes: number
  /** Events that came again after a resume, and were left out. */
  readonly duplicates: number
}

const recentMax = 96

/** Counts one stream. */
export class Meter {
  retries = 0
  resumes = 0
  duplicates = 0
  events = 0
  bytes = 0
  readonly #now: () => number
  readonly #startedMs: number
  readonly #gaps = new GapHistogram()
  readonly #recent: number[] = []
  #contentEvents = 0
  #firstMs: number | null = null
  #lastMs = 0
  #endedMs: number | null = null

  /** @param now monotonic milliseconds. */
  constructor(now: () => number) {
    this.#now = now
    this.#startedMs = now()
  }

  /** Content has come. */
  content(): void {
    const now = this.#now()
    if (this.#firstMs === null) this.#firstMs = now
    else this.#gap(now - this.#lastMs)
    this.#lastMs = now
    this.#contentEvents += 1
  }

  /** Nothing more comes. */
  end(): void {
    this.#endedMs ??= this.#now()
  }

  /** The figures so far. @param outputTokens as the provider counted them. */
  read(outputTokens: number | null): StreamMetrics {
    const firstMs = this.#firstMs
    const spanMs = firstMs === null ? 0 : this.#lastMs - firstMs
    const perSecond = (count: number | null): number | null =>
      count === null || count < 2 || spanMs <= 0 ? null : ((count - 1) * 1000) / spanMs
    return {
      firstContentMs: firstMs === null ? null : firstMs - this.#startedMs,
      durationMs: (this.#endedMs ?? this.#now()) - this.#startedMs,
      gapP50Ms: this.#gaps.percentileMs(0.5),
      gapP99Ms: this.#gaps.percentileMs(0.99),
      gapMaxMs: this.#gaps.maxMs,
      recentGapsMs: this.#recent.slice(),
      contentEvents: this.#contentEvents,
      eventsPerSecond: perSecond(this.#contentEvents),
      tokensPerSecond: perSecond(outputTokens),
      events: this.events,
      bytes: this.bytes,
      retries: this.retries,
      resumes: this.resumes,
      duplicates: this.duplicates,
    }
  }

  #gap(gapMs: number): void {
    this.#gaps.add(gapMs)
    this.#recent.push(gapMs)
    if (this.#recent.length > recentMax) this.#recent.shift()
  }
}
