/** Rows for tests of the ledger, and the sums that a reader with a pencil would get. */
import type { LedgerRow } from '../../src/store/ledger-table.ts'
import type { UsageGroup, UsageQuery, UsageSums } from '../../src/store/usage-report.ts'

/** A row that began at `at`; `own` is what is different in it. */
export function ledgerRow(id: string, at: number, own: Partial<LedgerRow> = {}): LedgerRow {
  return {
    id,
    at,
    keyId: 'key_a',
    route: null,
    provider: 'openai',
    model: 'gpt-5',
    endpoint: 'chat-completions',
    inputTokens: 100,
    outputTokens: 10,
    cachedInputTokens: 40,
    cacheWriteInputTokens: null,
    reasoningTokens: 5,
    costMicroUsd: 180,
    otherCostMicroUsd: null,
    firstTokenMs: 300,
    durationMs: 1200,
    attempts: 1,
    status: 200,
    endReason: 'completed',
    errorCode: null,
    ...own,
  }
}

const DAY_MS = 86_400_000

/** The ids of the groups of a row, as a report has them. */
export function groupOf(row: LedgerRow, groupBy: readonly UsageGroup[]): string {
  const names: Record<UsageGroup, string | null> = {
    key: row.keyId,
    model: row.model === null ? row.provider : `${row.provider}/${row.model}`,
    day: new Date(Math.floor(row.at / DAY_MS) * DAY_MS).toISOString().slice(0, 10),
    route: row.route,
  }
  return JSON.stringify(groupBy.map((group) => names[group]))
}

/** The sums of rows, one after another. */
export function naiveSums(rows: readonly LedgerRow[]): UsageSums {
  const sum = (of: (row: LedgerRow) => number | null): number =>
    rows.reduce((total, row) => total + (of(row) ?? 0), 0)
  const firstTokens = rows.filter(({ firstTokenMs }) => firstTokenMs !== null)
  return {
    requests: rows.length,
    errors: rows.filter(({ errorCode }) => errorCode !== null).length,
    inputTokens: sum(({ inputTokens }) => inputTokens),
    outputTokens: sum(({ outputTokens }) => outputTokens),
    cachedInputTokens: sum(({ cachedInputTokens }) => cachedInputTokens),
    cacheWriteInputTokens: sum(({ cacheWriteInputTokens }) => cacheWriteInputTokens),
    reasoningTokens: sum(({ reasoningTokens }) => reasoningTokens),
    costMicroUsd: sum((row) => (row.costMicroUsd ?? 0) + (row.otherCostMicroUsd ?? 0)),
    requestsOfUnknownCost: rows.filter(({ costMicroUsd }) => costMicroUsd === null).length,
    firstTokenMs:
      firstTokens.length === 0
        ? null
        : Math.round(sum(({ firstTokenMs }) => firstTokenMs) / firstTokens.length),
    durationMs:
      rows.length === 0 ? 0 : Math.round(sum(({ durationMs }) => durationMs) / rows.length),
  }
}

/** The rows that a query is about. */
export const rowsOf = (rows: readonly LedgerRow[], { from, to, key }: UsageQuery): LedgerRow[] =>
  rows.filter((row) => row.at >= from && row.at < to && (key === null || row.keyId === key))
