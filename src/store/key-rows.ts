/** Managed keys as rows, and rows as managed keys. */
import { type KeyTraits, keyPriorities } from '../config/client-key.ts'
import { integerAt, type SqlRow, type SqlValue } from './database.ts'

/** One secret of a managed key. Nothing here can be turned back into it. */
export interface ManagedSecret {
  readonly createdAt: number
  /** When it stops being valid, as after a rotation; null is with its key. */
  readonly expiresAt: number | null
  /** Whether it is hashed with the newest `KEY_SECRET`, an older one, or one that is not there. */
  readonly hashedWith: 'current' | 'previous' | 'unknown'
}

/** A key that is kept in the database. Times are milliseconds since 1970. */
export interface ManagedKey extends KeyTraits {
  /** Public: it stands in logs and in the ledger. */
  readonly id: string
  readonly createdAt: number
  readonly updatedAt: number
  readonly revokedAt: number | null
}

/** Traits to change; those that are missing stay. */
export interface KeyChanges extends Partial<Omit<KeyTraits, 'scopes' | 'limits' | 'budget'>> {
  readonly scopes?: Partial<KeyTraits['scopes']>
  readonly limits?: Partial<KeyTraits['limits']>
  readonly budget?: Partial<KeyTraits['budget']>
}

const listText = (list: readonly string[] | null | undefined): string | null | undefined =>
  list === null || list === undefined ? list : JSON.stringify(list)

/** The columns that a change sets, by name; the names are ours and not the caller's. */
export function columnsOf(changes: KeyChanges): readonly (readonly [string, SqlValue])[] {
  const { scopes = {}, limits = {}, budget = {} } = changes
  const columns: Record<string, SqlValue | undefined> = {
    name: changes.name,
    owner: changes.owner,
    tags: listText(changes.tags),
    models: listText(scopes.models),
    routes: listText(scopes.routes),
    providers: listText(scopes.providers),
    priority: changes.priority,
    requests_per_minute: limits.requestsPerMinute,
    tokens_per_minute: limits.tokensPerMinute,
    concurrent_streams: limits.concurrentStreams,
    budget_daily_usd: budget.dailyUsd,
    budget_monthly_usd: budget.monthlyUsd,
    expires_at: changes.expiresAt,
  }
  return Object.entries(columns).flatMap(([name, value]) =>
    value === undefined ? [] : [[name, value] as const],
  )
}

/** @throws TypeError for a row that this program cannot have written. */
export function keyOf(row: SqlRow): ManagedKey {
  const priority = keyPriorities.find((each) => each === row.priority)
  if (priority === undefined) throw new TypeError('a key has an unknown priority')
  return {
    id: textAt(row, 'id') ?? '',
    name: textAt(row, 'name') ?? '',
    owner: textAt(row, 'owner'),
    tags: listAt(row, 'tags') ?? [],
    scopes: {
      models: listAt(row, 'models'),
      routes: listAt(row, 'routes'),
      providers: listAt(row, 'providers'),
    },
    priority,
    limits: {
      requestsPerMinute: integerAt(row, 'requests_per_minute'),
      tokensPerMinute: integerAt(row, 'tokens_per_minute'),
      concurrentStreams: integerAt(row, 'concurrent_streams'),
    },
    budget: {
      dailyUsd: numberAt(row, 'budget_daily_usd'),
      monthlyUsd: numberAt(row, 'budget_monthly_usd'),
    },
    expiresAt: integerAt(row, 'expires_at'),
    createdAt: integerAt(row, 'created_at') ?? 0,
    updatedAt: integerAt(row, 'updated_at') ?? 0,
    revokedAt: integerAt(row, 'revoked_at'),
  }
}

function textAt(row: SqlRow, column: string): string | null {
  const value = row[column]
  return typeof value === 'string' ? value : null
}

function numberAt(row: SqlRow, column: string): number | null {
  const value = row[column]
  return value === null || value === undefined ? null : Number(value)
}

/** A list that cannot be read allows nothing rather than everything. */
function listAt(row: SqlRow, column: string): readonly string[] | null {
  const text = row[column]
  if (text === null || text === undefined) return null
  const list: unknown = JSON.parse(String(text))
  return Array.isArray(list) ? list.filter((item) => typeof item === 'string') : []
}
