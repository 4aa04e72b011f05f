/** What a worker counts for the rules, and what it tells of them. */
import type { AlertRule } from '../../config/alert-rules.ts'
import { isFailed, isFailedAttempt } from '../failure.ts'
import type { FinishedRequest } from '../finished.ts'
import type { Spread } from '../totals.ts'
import { type KeptSlot, Window, type WindowCounts } from './window.ts'

/** What one worker says of one rule. Survives JSON. */
export interface RulePart extends WindowCounts {
  /** Breakers that are open, by target, where the rule is about them. */
  readonly open: readonly string[]
  /** How much of the window the worker has seen. */
  readonly coveredMs: number
}

/** What is so at this moment, for the rules that count no requests. */
export interface Moment {
  /** Targets whose breaker is open. */
  readonly openBreakers: readonly string[]
  readonly gates: readonly { readonly name: string; readonly waiting: number }[]
}

/** What one rule has counted, as the next worker takes it over. Survives JSON. */
export interface KeptCounts {
  readonly since: number
  readonly slots: readonly KeptSlot[]
}

interface Counted {
  readonly rule: AlertRule
  /** Of the key that it is about; null where it is about all. */
  readonly keyId: string | null
  readonly window: Window
  /** Since when is counted, in wall milliseconds. */
  since: number
}

/**
 * What a rule measures, as a text: rules of which that is the same go on with what was counted, and
 * with their state.
 */
export const measureOf = (rule: AlertRule): string =>
  JSON.stringify([rule.metric, rule.windowSeconds, rule.provider, rule.route, rule.key])

/** The counts of one worker. Times are wall milliseconds. */
export class RuleCounts {
  readonly #keyIdOf: (name: string) => string
  #counted: readonly Counted[] = []
  /** Buffers beside the pool at the last look; null before the first. */
  #overflowSeen: number | null = null

  /** @param keyIdOf the id of a key of the configuration; of any other text the text itself. */
  constructor(keyIdOf: (name: string) => string) {
    this.#keyIdOf = keyIdOf
  }

  /** Counts for these rules from now on; those that measure the same go on. */
  obey(rules: readonly AlertRule[], now: number): void {
    const known = new Map(this.#counted.map((each) => [each.rule.name, each]))
    this.#counted = rules.map((rule) => {
      const keyId = rule.key === null ? null : this.#keyIdOf(rule.key)
      const before = known.get(rule.name)
      return before !== undefined && measureOf(before.rule) === measureOf(rule)
        ? { ...before, rule, keyId }
        : { rule, keyId, window: new Window(rule.windowSeconds), since: now }
    })
  }

  /** Counts a request that has ended. @param gaps those of its stream. */
  record(finished: FinishedRequest, gaps: Spread, now: number): void {
    for (const { rule, keyId, window } of this.#counted) {
      if (rule.route !== null && rule.route !== finished.route) continue
      if (keyId !== null && keyId !== finished.keyId) continue
      if (rule.metric === 'errorRate' && rule.provider !== null) {
        countAttempts(window, finished, rule.provider, now)
      } else if (rule.provider === null || rule.provider === finished.provider) {
        countRequest(window, rule, finished, gaps, now)
      }
    }
  }

  /** Takes down how many buffers were made beside the pool since the worker began. */
  overflow(total: number, now: number): void {
    const more = Math.max(0, total - (this.#overflowSeen ?? total))
    this.#overflowSeen = total
    for (const { rule, window } of this.#counted) {
      if (rule.metric === 'poolOverflow') window.add(now, 0, more)
    }
  }

  /** What this worker says of each rule. */
  parts(moment: Moment, now: number): Record<string, RulePart> {
    const parts: Record<string, RulePart> = {}
    for (const { rule, window, since } of this.#counted) {
      const open = rule.metric === 'breakerOpen' ? openOf(rule, moment) : []
      const counts = window.counts(now)
      const sum = rule.metric === 'queueWaiting' ? waitingOf(rule, moment) : counts.sum
      parts[rule.name] = { ...counts, sum, open, coveredMs: Math.max(0, now - since) }
    }
    return parts
  }

  /** What was counted, for the worker that has this one's place next. */
  kept(now: number): Record<string, KeptCounts> {
    const all = this.#counted.map(({ rule, window, since }) => {
      return [measureOf(rule), { since, slots: window.kept(now) }] as const
    })
    return Object.fromEntries(all)
  }

  /** Takes over what the worker before this one counted. */
  take(kept: Readonly<Record<string, KeptCounts>>, now: number): void {
    for (const each of this.#counted) {
      const before = kept[measureOf(each.rule)]
      if (before === undefined) continue
      each.window.take(before.slots, now)
      each.since = Math.min(each.since, before.since)
    }
  }
}

function countRequest(
  window: Window,
  rule: AlertRule,
  finished: FinishedRequest,
  gaps: Spread,
  now: number,
): void {
  switch (rule.metric) {
    case 'errorRate':
      window.add(now, 1, isFailed(finished) ? 1 : 0)
      break
    case 'firstTokenP95Ms':
      if (finished.firstContentMs !== null) window.add(now, 1, 0, finished.firstContentMs)
      break
    case 'queueWaitP95Ms':
      window.add(now, 1, 0, finished.queueWaitMs)
      break
    case 'gapP99Ms':
      if (finished.gapMaxMs !== null) window.addSpread(now, gaps)
      break
    case 'spendUsd':
      window.add(now, 1, finished.costMicroUsd ?? 0)
      break
  }
}

/**
 * A provider that others stand in for fails all the same, so its attempts are counted and not the
 * requests.
 */
function countAttempts(
  window: Window,
  finished: FinishedRequest,
  provider: string,
  now: number,
): void {
  for (const attempt of finished.attempts) {
    const { target, outcome } = attempt
    if (!target.startsWith(`${provider}/`) || outcome === null || outcome === 'outrun') continue
    window.add(now, 1, isFailedAttempt(finished, attempt) ? 1 : 0)
  }
}

const isOf = ({ provider }: AlertRule, target: string): boolean =>
  provider === null || target === provider || target.startsWith(`${provider}/`)

const openOf = (rule: AlertRule, { openBreakers }: Moment): readonly string[] =>
  openBreakers.filter((target) => isOf(rule, target))

/** A request that may go to several waits at each; so the most that any of them has is told. */
function waitingOf(rule: AlertRule, { gates }: Moment): number {
  return Math.max(0, ...gates.filter(({ name }) => isOf(rule, name)).map(({ waiting }) => waiting))
}
