/** The table of the usage ledger: one row a request, in the order of their beginnings. */
import type { Database, SqlValue } from './database.ts'
import type { Migration } from './migrations.ts'

/** What is kept of one request. Names and numbers only; never content, never a key. */
export interface LedgerRow {
  /** The request's id. */
  readonly id: string
  /** When it came, as wall time in milliseconds. */
  readonly at: number
  /** The public id of the key that it was made with; null where none was needed. */
  readonly keyId: string | null
  readonly route: string | null
  /** Who answered, or was asked last. */
  readonly provider: string | null
  readonly model: string | null
  readonly endpoint: string
  /** With what was cached in it. */
  readonly inputTokens: number | null
  /** With the reasoning in it. */
  readonly outputTokens: number | null
  readonly cachedInputTokens: number | null
  readonly cacheWriteInputTokens: number | null
  readonly reasoningTokens: number | null
  /** Null where it is not known. */
  readonly costMicroUsd: number | null
  /** What is known of the cost of attempts whose answer nobody got. */
  readonly otherCostMicroUsd: number | null
  /** From the beginning to the first content; null where there was none. */
  readonly firstTokenMs: number | null
  readonly durationMs: number
  readonly attempts: number
  readonly status: number
  readonly endReason: string | null
  readonly errorCode: string | null
}

/** Keys of a row, and the columns they are kept in. */
const columns = {
  id: 'id',
  at: 'at_ms',
  keyId: 'key_id',
  route: 'route',
  provider: 'provider',
  model: 'model',
  endpoint: 'endpoint',
  inputTokens: 'input_tokens',
  outputTokens: 'output_tokens',
  cachedInputTokens: 'cached_input_tokens',
  cacheWriteInputTokens: 'cache_write_input_tokens',
  reasoningTokens: 'reasoning_tokens',
  costMicroUsd: 'cost_micro_usd',
  otherCostMicroUsd: 'other_cost_micro_usd',
  firstTokenMs: 'first_token_ms',
  durationMs: 'duration_ms',
  attempts: 'attempts',
  status: 'status',
  endReason: 'end_reason',
  errorCode: 'error_code',
} as const satisfies Readonly<Record<keyof LedgerRow, string>>

const columnNames = Object.values(columns)
const rowKeys = Object.keys(columns) as (keyof LedgerRow)[]

/** The change that makes the table. It joins the list of `migrations.ts`. */
export const ledgerMigration: Omit<Migration, 'version'> = {
  name: 'usage ledger',
  statements: [
    `create table usage_ledger (
      id text not null,
      at_ms bigint not null,
      key_id text,
      route text,
      provider text,
      model text,
      endpoint text not null,
      input_tokens bigint,
      output_tokens bigint,
      cached_input_tokens bigint,
      cache_write_input_tokens bigint,
      reasoning_tokens bigint,
      cost_micro_usd bigint,
      other_cost_micro_usd bigint,
      first_token_ms bigint,
      duration_ms bigint not null,
      attempts integer not null,
      status integer not null,
      end_reason text,
      error_code text,
      primary key (at_ms, id)
    )`,
    'create index usage_ledger_by_key on usage_ledger (key_id, at_ms, id)',
  ],
}

/**
 * One statement for several rows. A row that is there already stays as it is, so that a write
 * whose outcome was never told can be made again.
 */
export function insertStatement(
  rows: readonly LedgerRow[],
  engine: Database['engine'],
): { readonly statement: string; readonly values: readonly SqlValue[] } {
  const width = columnNames.length
  // SQLite searches all names of parameters for each of them, which for thousands takes a tenth of
  // a second; those without a name cost nothing.
  const place = (index: number): string => (engine === 'sqlite' ? '?' : `$${index + 1}`)
  const places = rows.map((_, row) => {
    const own = columnNames.map((_, column) => place(row * width + column))
    return `(${own.join(', ')})`
  })
  return {
    statement:
      `insert into usage_ledger (${columnNames.join(', ')}) values ${places.join(', ')} ` +
      'on conflict do nothing',
    values: rows.flatMap((row) => rowKeys.map((key) => storable(row[key]))),
  }
}

/** A name longer than this is a client's text and no name. */
const TEXT_LENGTH_MAX = 256

/**
 * A value as both engines take it: times and counts are whole, texts are short and without what
 * PostgreSQL refuses (a NUL, half a character), so that no row can fail for what is in it.
 */
function storable(value: SqlValue): SqlValue {
  if (typeof value === 'string') return storableText(value)
  return typeof value === 'number' ? storableNumber(value) : value
}

const storableText = (text: string): string =>
  text.slice(0, TEXT_LENGTH_MAX).toWellFormed().replaceAll('\0', '')

const storableNumber = (value: number): number =>
  Number.isFinite(value)
    ? Math.min(Number.MAX_SAFE_INTEGER, Math.max(Number.MIN_SAFE_INTEGER, Math.round(value)))
    : 0

/** What a row takes in memory, about: its numbers, and two bytes for each character. */
export function rowBytes(row: LedgerRow): number {
  let characters = 0
  for (const value of Object.values(row)) if (typeof value === 'string') characters += value.length
  return 240 + 2 * characters
}
