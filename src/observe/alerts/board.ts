/** The states of all rules, as one worker after another looks after them. */
import type { AlertRule } from '../../config/alert-rules.ts'
import type { DashboardAlert } from '../dashboard/frame.ts'
import { type AlertMessage, messageOf, sentenceOf } from './message.ts'
import { readingOf } from './reading.ts'
import { measureOf, type RulePart } from './rule-counts.ts'
import { freshState, type RuleState, SHOWN_AFTER_MS, stepOf } from './rule-state.ts'

/** One rule with its state. Survives JSON. */
export interface BoardEntry {
  readonly rule: AlertRule
  readonly state: RuleState
}

/** All of them. Survives JSON. */
export type Board = readonly BoardEntry[]

/** What a look gave. */
export interface Look {
  readonly board: Board
  readonly messages: readonly AlertMessage[]
}

/**
 * Looks at all rules once.
 * @param parts what each worker says of each rule, by its name.
 * @param now wall milliseconds.
 */
export function lookedAt(
  before: Board,
  rules: readonly AlertRule[],
  parts: readonly Readonly<Record<string, RulePart>>[],
  now: number,
): Look {
  const messages: AlertMessage[] = []
  const known = new Map(before.map((entry) => [entry.rule.name, entry]))
  const entries = rules.map((rule): BoardEntry => {
    const entry = known.get(rule.name)
    const isSame = entry !== undefined && keepsState(entry.rule, rule)
    const reading = readingOf(
      rule,
      parts.flatMap((part) => part[rule.name] ?? []),
    )
    const { state, notice } = stepOf(rule, isSame ? entry.state : freshState(now), reading, now)
    if (notice !== null) messages.push(messageOf(rule, state, notice, now))
    if (isSame) known.delete(rule.name)
    return { rule, state }
  })
  // Of a rule that is gone somebody may still believe that it fires.
  for (const { rule, state } of known.values()) {
    if (state.phase !== 'firing' || !state.isTold) continue
    const over: RuleState = { ...state, phase: 'resolved', since: now }
    messages.push(messageOf(rule, over, 'resolved', now))
  }
  return { board: entries, messages }
}

/** A rule that measures the same thing against the same limit keeps its state at a reload. */
function keepsState(before: AlertRule, after: AlertRule): boolean {
  return measureOf(before) === measureOf(after) && before.above === after.above
}

/** The same with rules that it does not know yet. */
export function withRules(board: Board, rules: readonly AlertRule[], now: number): Board {
  const known = new Set(board.map(({ rule }) => rule.name))
  const added = rules.filter(({ name }) => !known.has(name))
  return [...board, ...added.map((rule) => ({ rule, state: freshState(now) }))]
}

/**
 * The same with the operator's wish to hear nothing of one rule.
 * @param until wall milliseconds; null takes the wish back.
 */
export function silenced(board: Board, rule: string, until: number | null): Board {
  return board.map((entry) =>
    entry.rule.name === rule
      ? { ...entry, state: { ...entry.state, silencedUntil: until } }
      : entry,
  )
}

/** What the dashboard shows: what fires, and what did a short time ago. The newest first. */
export function shownAlerts(board: Board, now: number): readonly DashboardAlert[] {
  return board
    .flatMap(({ rule, state }): DashboardAlert[] => {
      const { phase, since } = state
      if (phase !== 'firing' && phase !== 'resolved') return []
      if (phase === 'resolved' && now - since > SHOWN_AFTER_MS) return []
      const message = sentenceOf(rule, state)
      const value = state.value ?? 0
      return [{ rule: rule.name, state: phase, since, value, limit: rule.above, message }]
    })
    .sort((a, b) => b.since - a.since)
}
