/**
 * One rule over time: quiet, pending while it holds but not for long enough, firing, and resolved
 * when it has not held for as long. What comes next follows from the state, the measure and the
 * time, and from nothing else.
 */
import type { AlertRule } from '../../config/alert-rules.ts'
import type { Reading } from './reading.ts'

/** What a rule is in. */
export type AlertPhase = 'inactive' | 'pending' | 'firing' | 'resolved'

/** The state of one rule. Times are wall milliseconds. Survives JSON. */
export interface RuleState {
  readonly phase: AlertPhase
  /** Since when it is in this phase. */
  readonly since: number
  /** Since when it does not hold though it fires; null where it holds, or does not fire. */
  readonly calmSince: number | null
  /** The last measure; null where there was none. */
  readonly value: number | null
  readonly requests: number
  /** Whose breakers were open when it last held, where it is about them. */
  readonly targets: readonly string[]
  /** When somebody was last told that it fires; null is never. */
  readonly toldAt: number | null
  /** Whether somebody was told of this firing, and is to be told of its end. */
  readonly isTold: boolean
  /** Until when an operator wants to hear of no firing of it; null is no such wish. */
  readonly silencedUntil: number | null
}

/** What somebody is to be told. */
export type Notice = 'firing' | 'resolved'

/** What follows. */
export interface Step {
  readonly state: RuleState
  readonly notice: Notice | null
}

/** How long it is shown that a rule fired, after it was resolved. */
export const SHOWN_AFTER_MS = 900_000

/** A rule that was never looked at. */
export const freshState = (now: number): RuleState => ({
  ...{ phase: 'inactive', since: now, calmSince: null, value: null, requests: 0, targets: [] },
  ...{ toldAt: null, isTold: false, silencedUntil: null },
})

/** One look at a rule. */
export function stepOf(rule: AlertRule, before: RuleState, reading: Reading, now: number): Step {
  const { value, requests } = reading
  if (value === null && !reading.isCertain) return toldOf(rule, { ...before, requests }, now)
  const holds = value !== null && value > rule.above
  const targets = holds ? reading.targets : before.targets
  const seen = { ...before, value, requests, targets }
  return toldOf(rule, holds ? held(rule, seen, now) : calm(rule, seen, now), now)
}

/** It holds at this moment. */
function held(rule: AlertRule, state: RuleState, now: number): RuleState {
  if (state.phase === 'firing') return { ...state, calmSince: null }
  const since = state.phase === 'pending' ? state.since : now
  return now - since >= rule.forSeconds * 1000
    ? { ...state, phase: 'firing', since: now, calmSince: null, isTold: false }
    : { ...state, phase: 'pending', since }
}

/** It does not hold at this moment. */
function calm(rule: AlertRule, state: RuleState, now: number): RuleState {
  const { phase, since } = state
  if (phase === 'firing') {
    const calmSince = state.calmSince ?? now
    if (now - calmSince < rule.forSeconds * 1000) return { ...state, calmSince }
    return { ...state, phase: 'resolved', since: now, calmSince: null }
  }
  if (phase === 'pending') return { ...state, phase: 'inactive', since: now }
  const isForgotten = phase === 'resolved' && now - since >= SHOWN_AFTER_MS && !state.isTold
  return isForgotten ? { ...state, phase: 'inactive', since: now } : state
}

/**
 * Who was told of a firing is told of its end. Of firings at most one is told in `silenceSeconds`:
 * the same again while it lasts, and one that comes back soon only if it still lasts by then.
 */
function toldOf(rule: AlertRule, state: RuleState, now: number): Step {
  const { phase, isTold, toldAt, silencedUntil } = state
  const isSilenced = silencedUntil !== null && silencedUntil > now
  if (silencedUntil !== null && !isSilenced)
    return toldOf(rule, { ...state, silencedUntil: null }, now)
  if (phase === 'resolved' && isTold) {
    return { state: { ...state, isTold: false }, notice: 'resolved' }
  }
  if (phase !== 'firing' || isSilenced) return { state, notice: null }
  const silenceMs = rule.silenceSeconds * 1000
  const isDue = toldAt === null || now - toldAt >= silenceMs
  const isRepetition = isTold && silenceMs === 0
  if (!isDue || isRepetition) return { state, notice: null }
  return { state: { ...state, isTold: true, toldAt: now }, notice: 'firing' }
}
