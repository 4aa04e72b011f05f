/** What the workers together say of one rule, as one number. */
import { type AlertRule, alertMetrics } from '../../config/alert-rules.ts'
import { addSpreads, quantileOf } from '../histogram.ts'
import type { RulePart } from './rule-counts.ts'

/** The measure of a rule at one moment. */
export interface Reading {
  /** Null where there is nothing to measure: too few requests, or none. */
  readonly value: number | null
  /** Requests that it is of; 0 where it is of none. */
  readonly requests: number
  /** Whose breakers are open, where it is about them. */
  readonly targets: readonly string[]
  /**
   * False where nothing was measured, and part of the window was not seen by any worker: then a
   * state stays as it is, because the requests that made it may be the ones that are not known.
   */
  readonly isCertain: boolean
}

/** @param parts one of each worker. */
export function readingOf(rule: AlertRule, parts: readonly RulePart[]): Reading {
  const requests = parts.reduce((sum, part) => sum + part.requests, 0)
  const { isOfRequests } = alertMetrics[rule.metric]
  const isEnough = !isOfRequests || requests >= Math.max(1, rule.minimumRequests)
  const targets = [...new Set(parts.flatMap(({ open }) => open))].sort()
  const value = isEnough ? measured(rule, parts, requests, targets) : null
  const coveredMs = Math.max(0, ...parts.map((part) => part.coveredMs))
  const isCertain = value !== null || coveredMs >= rule.windowSeconds * 1000
  return { value, requests, targets, isCertain }
}

function measured(
  { metric }: AlertRule,
  parts: readonly RulePart[],
  requests: number,
  targets: readonly string[],
): number | null {
  const sum = parts.reduce((total, part) => total + part.sum, 0)
  switch (metric) {
    case 'errorRate':
      return sum / requests
    case 'firstTokenP95Ms':
    case 'queueWaitP95Ms':
      return quantile(parts, 0.95)
    case 'gapP99Ms':
      return quantile(parts, 0.99)
    case 'spendUsd':
      return sum / 1_000_000
    case 'breakerOpen':
      return targets.length
    case 'queueWaiting':
    case 'poolOverflow':
      return sum
  }
}

function quantile(parts: readonly RulePart[], part: number): number | null {
  return quantileOf(addSpreads(parts.flatMap(({ spread }) => spread ?? [])), part)
}
