/**
 * What each key has used on this day, for the dashboard. Summed from the ledger behind everything
 * else, and only while somebody watches: a day of a busy program has millions of rows.
 */
import { nowMs } from '../core/clock.ts'
import { RecentMap } from '../core/recent.ts'
import type { DashboardKey } from '../observe/dashboard/frame.ts'
import type { UsageRow } from '../store/usage-report.ts'
import type { Kept } from './kept.ts'

/** A sum is at least this old before it is made again. */
const PERIOD_MIN_MS = 10_000

/** Summing takes no more than this part of the time. */
const DUTY = 1 / 50

const DAY_MS = 86_400_000

/** Keys that are shown: those that spent most. */
const KEYS_MAX = 200

/** How long it is remembered what a managed key is called and may spend. */
const TRAITS_MS = 60_000

/** What a key is called, and what it may spend a day. */
type Traits = Pick<DashboardKey, 'name' | 'dailyBudgetMicroUsd'>

type Day = Omit<DashboardKey, 'live'>

/** The keys of a worker that is watched. */
export class KeySpend {
  readonly #kept: Pick<Kept, 'ledger' | 'keys'>
  readonly #traits = new RecentMap<string, Traits & { readonly knownMs: number }>(1000)
  #days: readonly Day[] = []
  #summing: Promise<void> | null = null
  #nextAtMs = Number.NEGATIVE_INFINITY

  constructor(kept: Pick<Kept, 'ledger' | 'keys'>) {
    this.#kept = kept
  }

  /**
   * What is known, with how many requests each has under way; a sum that is due is begun and not
   * waited for, but for the first one.
   */
  async current(live: Readonly<Record<string, number>>): Promise<readonly DashboardKey[]> {
    const isFirst = this.#nextAtMs === Number.NEGATIVE_INFINITY
    if (this.#summing === null && nowMs() >= this.#nextAtMs) {
      this.#summing = this.#sum().finally(() => {
        this.#summing = null
      })
    }
    if (isFirst) await Promise.race([this.#summing, Bun.sleep(FIRST_MS)])
    return this.#days.map((day) => ({ ...day, live: live[day.id] ?? 0 }))
  }

  /** Never rejects: what cannot be summed now is tried again. */
  async #sum(): Promise<void> {
    const { ledger } = this.#kept
    if (ledger === null) return
    const startedMs = nowMs()
    this.#nextAtMs = startedMs + PERIOD_MIN_MS
    try {
      const now = Date.now()
      const from = now - (now % DAY_MS)
      const { rows } = await ledger.report({ groupBy: ['key'], from, to: now + 1, key: null })
      this.#days = await this.#named(rows)
    } catch {}
    this.#nextAtMs = nowMs() + Math.max(PERIOD_MIN_MS, (nowMs() - startedMs) / DUTY)
  }

  /** The keys that were used, and those of the configuration that were not. */
  async #named(rows: readonly UsageRow[]): Promise<readonly Day[]> {
    const used = new Map<string, UsageRow>()
    for (const row of rows) if (typeof row.group.key === 'string') used.set(row.group.key, row)
    const configured = this.#kept.keys.ring.configured()
    for (const { id, name, budget } of configured) {
      const dailyBudgetMicroUsd = microUsd(budget.dailyUsd)
      this.#traits.set(id, { name, dailyBudgetMicroUsd, knownMs: Number.POSITIVE_INFINITY })
    }
    const ids = [...used.keys(), ...configured.map(({ id }) => id)]
    const most = [...new Set(ids)]
      .map((id) => ({ id, row: used.get(id) }))
      .sort((a, b) => weight(b.row) - weight(a.row))
      .slice(0, KEYS_MAX)
    const days: Day[] = []
    for (const { id, row } of most) {
      const { name, dailyBudgetMicroUsd } = await this.#traitsOf(id)
      const { requests = 0, outputTokens = 0, costMicroUsd = 0 } = row ?? {}
      days.push({ id, name, requests, outputTokens, costMicroUsd, dailyBudgetMicroUsd })
    }
    return days
  }

  /** A key that is not there any more is called by its id. */
  async #traitsOf(id: string): Promise<Traits> {
    const known = this.#traits.get(id)
    if (known !== undefined && nowMs() - known.knownMs < TRAITS_MS) return known
    const found = await this.#kept.keys.admin.get(id).catch(() => null)
    const traits = {
      name: found?.name ?? known?.name ?? id,
      dailyBudgetMicroUsd: microUsd(found?.budget.daily ?? null),
      knownMs: nowMs(),
    }
    this.#traits.set(id, traits)
    return traits
  }
}

/** How long the first frame waits for the first sum. */
const FIRST_MS = 200

const microUsd = (usd: number | null): number | null =>
  usd === null ? null : Math.round(usd * 1_000_000)

/** Who spent most comes first, and of those who spent nothing who asked most. */
const weight = (row: UsageRow | undefined): number =>
  row === undefined ? -1 : row.costMicroUsd * 1e6 + row.requests
