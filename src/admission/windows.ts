/** The windows of budgets: days and months of the calendar, in UTC, so that all machines agree. */
import type { KeyBudget } from '../config/client-key.ts'

/** One window of one key. */
export interface BudgetWindow {
  /** Names the window too, so that a new one begins with nothing spent. */
  readonly key: string
  /** Micro-dollars. */
  readonly max: number
  /** Milliseconds since 1970. */
  readonly endsAtMs: number
}

const MICRO = 1_000_000
const DAY_MS = 86_400_000

/** The number of a day in UTC; windows only begin and end with one. */
export const dayOf = (wallMs: number): number => Math.floor(wallMs / DAY_MS)

/** The windows that a key has a budget in. */
export function budgetWindows(keyId: string, budget: KeyBudget, wallMs: number): BudgetWindow[] {
  const now = new Date(wallMs)
  const [year, month, day] = [now.getUTCFullYear(), now.getUTCMonth(), now.getUTCDate()]
  const date = now.toISOString()
  const windows: BudgetWindow[] = []
  if (budget.dailyUsd !== null) {
    const endsAtMs = Date.UTC(year, month, day + 1)
    const max = Math.round(budget.dailyUsd * MICRO)
    windows.push({ key: `budget:${keyId}:${date.slice(0, 10)}`, max, endsAtMs })
  }
  if (budget.monthlyUsd !== null) {
    const endsAtMs = Date.UTC(year, month + 1, 1)
    const max = Math.round(budget.monthlyUsd * MICRO)
    windows.push({ key: `budget:${keyId}:${date.slice(0, 7)}`, max, endsAtMs })
  }
  return windows
}
