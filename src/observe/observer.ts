/**
 * What a worker remembers of the requests that ended: the last ones, and sums over time. A record
 * is copied here once, at its end; all that is shown or sent is read from here.
 *
 * Memory, at most: the rings hold 1200 requests of about 1.5 KB. A series has up to 768 slots (of
 * all requests) or 84 (of a group) that are over, each of 1 KB and 8 bytes for every bucket that is
 * not empty, 3 KB with all kinds of traffic; and three that are open, of 26 KB each. So all of them
 * take 2.4 MB, and a group that never rests 0.3 MB. There are at most 33 providers and 65 targets
 * of routes: 32 MB where all of them are busy all day. With 8 and 8 of them 8.6 MB were measured.
 */
import type { Exchange } from './exchange.ts'
import { finishedOf } from './finish.ts'
import type { FinishedRequest } from './finished.ts'
import { KnownModels, OTHER } from './known-models.ts'
import { type RecentBequest, RecentRequests } from './recent.ts'
import { Series, type SeriesBequest, type SlotTotals, type WindowTotals } from './series.ts'
import { coarseSlots, fineSlots } from './slots.ts'
import type { Spread } from './totals.ts'

const PROVIDERS_MAX = 32
const VARIANTS_MAX = 64

/** The sums of one provider. */
export interface ProviderTotals extends WindowTotals {
  readonly provider: string
}

/** The sums of one target of one route, or of a model that was asked for by its own name. */
export interface VariantTotals extends WindowTotals {
  readonly route: string | null
  readonly provider: string
  readonly model: string | null
}

/** What a worker leaves to the one that has its place next. */
export interface ObserverBequest {
  readonly recent: RecentBequest
  readonly all: SeriesBequest
  readonly providers: readonly (readonly [name: string, series: SeriesBequest])[]
  readonly variants: readonly (Omit<Variant, 'series'> & { readonly series: SeriesBequest })[]
}

/** Told of each request that has ended. Must be quick, and must not throw. */
export type FinishedListener = (
  finished: FinishedRequest,
  exchange: Exchange,
  /** The gaps of its stream. */
  gapMs: Spread,
) => void

interface Variant {
  readonly route: string | null
  readonly provider: string
  readonly model: string | null
  readonly series: Series
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

/** `provider/model`, and `#2` behind it for the second key of a provider. */
const targetPattern = /^([^/]*)\/(.*?)(?:#\d+)?$/

/** The memory of one worker. */
export class Observer {
  readonly recent = new RecentRequests()
  readonly models = new KnownModels()
  readonly #now: () => number
  readonly #all: Series
  readonly #providers = new Map<string, Series>()
  readonly #variants = new Map<string, Variant>()
  readonly #listeners: FinishedListener[] = []

  /** @param now wall time in milliseconds; a test has its own. */
  constructor(now: () => number = Date.now) {
    this.#now = now
    this.#all = new Series(fineSlots, now())
  }

  /** Takes in the record of a request that has ended. @returns what is kept of it, if anything. */
  record(exchange: Exchange): FinishedRequest | undefined {
    const gaps = exchange.gaps.spread()
    const finished = finishedOf(exchange, gaps)
    const now = this.#now()
    this.recent.add(finished)
    this.#all.openAt(now).record(finished, gaps)
    // A request that was refused here says nothing of a provider.
    const { provider } = finished
    if (provider !== null) {
      this.#recordGroups(finished, provider, gaps, now)
    }
    for (const listener of this.#listeners) listener(finished, exchange, gaps)
    return finished
  }

  /** Has `listener` told of all that end from now on. */
  onFinished(listener: FinishedListener): void {
    this.#listeners.push(listener)
  }

  /** The sums of all requests that ended in the last `windowMs`. */
  totals(windowMs: number): WindowTotals {
    return this.#all.totals(windowMs, this.#now())
  }

  /** The sums of each provider that was asked in the last `windowMs`. */
  byProvider(windowMs: number): readonly ProviderTotals[] {
    const now = this.#now()
    return [...this.#providers]
      .map(([provider, series]) => ({ provider, ...series.totals(windowMs, now) }))
      .filter(({ totals }) => totals.requests + totals.attempts > 0)
  }

  /** The sums of each target that was asked in the last `windowMs`, apart for each route. */
  byVariant(windowMs: number): readonly VariantTotals[] {
    const now = this.#now()
    return [...this.#variants.values()]
      .map(({ series, ...variant }) => ({ ...variant, ...series.totals(windowMs, now) }))
      .filter(({ totals }) => totals.requests + totals.attempts > 0)
  }

  /**
   * The seconds that are over and began at `sinceAt` or later, of the last two minutes, without
   * those in which nothing ended.
   */
  points(sinceAt: number): readonly SlotTotals[] {
    return this.#all.points(sinceAt, this.#now())
  }

  /** What it remembers, for the worker that has this one's place next. Survives JSON. */
  bequeath(): ObserverBequest {
    const now = this.#now()
    return {
      recent: this.recent.bequeath(),
      all: this.#all.bequeath(now),
      providers: [...this.#providers].map(([name, series]) => [name, series.bequeath(now)]),
      variants: [...this.#variants.values()].map(({ route, provider, model, series }) => {
        return { route, provider, model, series: series.bequeath(now) }
      }),
    }
  }

  /** Takes over what the worker before this one remembered, one thing to a turn: it has clients. */
  async inherit({ recent, all, providers, variants }: ObserverBequest): Promise<void> {
    const now = this.#now()
    this.recent.inherit(recent)
    this.#all.inherit(all)
    for (const [name, series] of providers) {
      await turn()
      this.#provider(name, now).inherit(series)
    }
    for (const { route, provider, model, series } of variants) {
      await turn()
      this.#named(route, provider, model, now).inherit(series)
    }
  }

  /**
   * The request belongs to whom it ended with, and each attempt to whom it was made with: else one
   * that always fails over would never be seen to fail.
   */
  #recordGroups(finished: FinishedRequest, provider: string, gaps: Spread, now: number): void {
    const { route, model, attempts } = finished
    const target = `${provider}/${model ?? '*'}`
    const ofProvider = this.#provider(provider, now).openAt(now)
    const ofTarget = this.#variant(route, provider, model, now).openAt(now)
    if (attempts.every((attempt) => attempt.target === target)) {
      ofProvider.record(finished, gaps)
      ofTarget.record(finished, gaps)
      return
    }
    ofProvider.record(finished, gaps, [])
    ofTarget.record(finished, gaps, [])
    for (const attempt of attempts) {
      const [, name = '', asked = ''] = targetPattern.exec(attempt.target) ?? []
      const where = this.#variant(route, name, asked === '*' ? null : asked, now)
      this.#provider(name, now).openAt(now).recordAttempt(finished, attempt)
      where.openAt(now).recordAttempt(finished, attempt)
    }
  }

  #provider(name: string, now: number): Series {
    const { size } = this.#providers
    const known = this.#providers.get(name)
    if (known !== undefined) return known
    if (size >= PROVIDERS_MAX && name !== OTHER) return this.#provider(OTHER, now)
    const series = new Series(coarseSlots, now)
    this.#providers.set(name, series)
    return series
  }

  #variant(route: string | null, provider: string, asked: string | null, now: number): Series {
    return this.#named(route, provider, this.models.nameOf(provider, asked), now)
  }

  /** @param model as it may stand in a name. */
  #named(route: string | null, provider: string, model: string | null, now: number): Series {
    const key = `${route ?? ''} ${provider}/${model ?? ''}`
    const known = this.#variants.get(key)
    if (known !== undefined) return known.series
    const isFull = this.#variants.size >= VARIANTS_MAX && provider !== OTHER
    if (isFull) return this.#named(null, OTHER, null, now)
    const series = new Series(coarseSlots, now)
    this.#variants.set(key, { route, provider, model, series })
    return series
  }
}
