/**
 * Sums over the ledger. A ledger can have millions of rows and SQLite works in the thread of the
 * requests, so it is read in slices: each is a few milliseconds, and the requests go on in between.
 */
import { nowMs } from '../core/clock.ts'
import { GatewayError } from '../core/errors.ts'
import { type Database, integerAt, type SqlRow, type SqlValue } from './database.ts'

/** By what usage can be summed, in any order and combination. */
export const usageGroups = ['key', 'model', 'day', 'route'] as const

/** One of them. */
export type UsageGroup = (typeof usageGroups)[number]

/** What is asked. Times are wall milliseconds. */
export interface UsageQuery {
  readonly groupBy: readonly UsageGroup[]
  readonly from: number
  /** Not with it. */
  readonly to: number
  /** The public id of one key; null is all. */
  readonly key: string | null
}

/** What the requests of one group used and cost. */
export interface UsageSums {
  readonly requests: number
  /** Of them, those that ended with an error. */
  readonly errors: number
  readonly inputTokens: number
  readonly outputTokens: number
  readonly cachedInputTokens: number
  readonly cacheWriteInputTokens: number
  readonly reasoningTokens: number
  /** Of the requests whose cost is known, with what is known of attempts that nobody got. */
  readonly costMicroUsd: number
  /** Requests whose cost is not known: the real cost is higher where there are any. */
  readonly requestsOfUnknownCost: number
  /** Means over the requests; null where there was no first content in any. */
  readonly firstTokenMs: number | null
  readonly durationMs: number
}

/** One row of a report: the group, of which null is "none" or "not known", and its sums. */
export interface UsageRow extends UsageSums {
  readonly group: Readonly<Partial<Record<UsageGroup, string | null>>>
}

/** The answer. */
export interface UsageReport {
  readonly query: UsageQuery
  /** Ordered by the groups. */
  readonly rows: readonly UsageRow[]
  readonly total: UsageSums
}

/** Rows of one slice: a few milliseconds of SQLite. */
const SLICE_ROWS = 2000

/** A report of more rows would be a copy of the ledger. */
const GROUPS_MAX = 20_000

/** Longer than anybody waits for an answer. */
const REPORT_MAX_MS = 60_000

const DAY_MS = 86_400_000

const groupColumns: Readonly<Record<UsageGroup, string>> = {
  key: 'key_id',
  model: "case when model is null then provider else provider || '/' || model end",
  day: `at_ms / ${DAY_MS}`,
  route: 'route',
}

/** Each is a plain sum, so that slices can be added up. */
const sumColumns = {
  requests: 'count(*)',
  errors: 'count(error_code)',
  inputTokens: 'sum(input_tokens)',
  outputTokens: 'sum(output_tokens)',
  cachedInputTokens: 'sum(cached_input_tokens)',
  cacheWriteInputTokens: 'sum(cache_write_input_tokens)',
  reasoningTokens: 'sum(reasoning_tokens)',
  costMicroUsd: 'sum(coalesce(cost_micro_usd, 0) + coalesce(other_cost_micro_usd, 0))',
  requestsOfKnownCost: 'count(cost_micro_usd)',
  firstTokens: 'count(first_token_ms)',
  firstTokenMs: 'sum(first_token_ms)',
  durationMs: 'sum(duration_ms)',
} as const

type SumName = keyof typeof sumColumns
const sumNames = Object.keys(sumColumns) as SumName[]

/** The columns have names of their own, because PostgreSQL folds those that have capitals. */
const sumList = sumNames.map((name, index) => `${sumColumns[name]} as s${index}`).join(', ')

/** What one group has so far. */
interface Gathered {
  readonly group: UsageRow['group']
  readonly sums: Record<SumName, number>
}

const emptySums = (): Record<SumName, number> =>
  Object.fromEntries(sumNames.map((name) => [name, 0])) as Record<SumName, number>

/**
 * Sums the ledger.
 * @throws GatewayError `store_unavailable`; `invalid_request` where it is too much; what `signal`
 *   was aborted with.
 */
export async function usageReport(
  database: Database,
  query: UsageQuery,
  signal?: AbortSignal,
): Promise<UsageReport> {
  const groups = new Map<string, Gathered>()
  const deadlineMs = nowMs() + REPORT_MAX_MS
  if (database.isThere()) {
    for (let start: Place | null = { at: query.from, id: '' }; start !== null; ) {
      signal?.throwIfAborted()
      if (nowMs() > deadlineMs) throw tooMuch('takes longer than a minute')
      const end: Place | null = await sliceEnd(database, query, start)
      for (const row of await sliceSums(database, query, start, end)) add(groups, query, row)
      if (groups.size > GROUPS_MAX) throw tooMuch(`has more than ${GROUPS_MAX} rows`)
      start = end
      await new Promise((resolve) => setImmediate(resolve))
    }
  }
  const total = emptySums()
  for (const { sums } of groups.values()) for (const name of sumNames) total[name] += sums[name]
  const rows = [...groups.values()].map(({ group, sums }) => ({ group, ...reported(sums) }))
  return { query, rows: rows.sort(byGroup(query.groupBy)), total: reported(total) }
}

const tooMuch = (how: string): GatewayError =>
  new GatewayError('invalid_request', {
    message: `The report ${how}; ask for a shorter time, one key, or fewer groups.`,
    param: 'groupBy',
  })

/** A place in the order of the table; the first row of a slice comes behind it. */
interface Place {
  readonly at: number
  readonly id: string
}

/**
 * From where, until when and of whom. SQLite counts parameters in the order in which they stand in
 * the text, so that must be the order of their numbers.
 */
function conditions({ key, to }: UsageQuery, start: Place): { text: string; values: SqlValue[] } {
  const text = '(at_ms, id) > ($1, $2) and at_ms < $3'
  const values = [start.at, start.id, to]
  return key === null
    ? { text, values }
    : { text: `${text} and key_id = $4`, values: [...values, key] }
}

/** The last row of the slice that begins behind `start`; null where the slice is the last one. */
async function sliceEnd(
  database: Database,
  query: UsageQuery,
  start: Place,
): Promise<Place | null> {
  const { text, values } = conditions(query, start)
  const [row] = await database.run(
    `select at_ms, id from usage_ledger where ${text} ` +
      `order by at_ms, id limit 1 offset ${SLICE_ROWS - 1}`,
    values,
  )
  if (row === undefined) return null
  return { at: integerAt(row, 'at_ms') ?? 0, id: String(row.id) }
}

function sliceSums(
  database: Database,
  query: UsageQuery,
  start: Place,
  end: Place | null,
): Promise<readonly SqlRow[]> {
  const { text, values } = conditions(query, start)
  const places = [`$${values.length + 1}`, `$${values.length + 2}`]
  const upTo = end === null ? '' : ` and (at_ms, id) <= (${places.join(', ')})`
  const own = query.groupBy.map((group, index) => `${groupColumns[group]} as g${index}, `).join('')
  const by = query.groupBy.map((_, index) => index + 1).join(', ')
  return database.run(
    `select ${own}${sumList} from usage_ledger where ${text}${upTo}` +
      (by === '' ? '' : ` group by ${by}`),
    end === null ? values : [...values, end.at, end.id],
  )
}

function add(groups: Map<string, Gathered>, { groupBy }: UsageQuery, row: SqlRow): void {
  // Without groups there is a row of sums even over nothing.
  if (integerAt(row, 's0') === 0) return
  const group: Partial<Record<UsageGroup, string | null>> = {}
  groupBy.forEach((name, index) => {
    group[name] = groupText(name, row[`g${index}`])
  })
  const name = JSON.stringify(group)
  let gathered = groups.get(name)
  if (gathered === undefined) {
    gathered = { group, sums: emptySums() }
    groups.set(name, gathered)
  }
  sumNames.forEach((sum, index) => {
    if (gathered !== undefined) gathered.sums[sum] += integerAt(row, `s${index}`) ?? 0
  })
}

function groupText(group: UsageGroup, value: unknown): string | null {
  if (value === null || value === undefined) return null
  if (group !== 'day') return String(value)
  return new Date(Number(value) * DAY_MS).toISOString().slice(0, 10)
}

function reported({ requestsOfKnownCost, firstTokens, ...sums }: Record<SumName, number>) {
  const { requests, firstTokenMs, durationMs } = sums
  return {
    ...sums,
    requestsOfUnknownCost: requests - requestsOfKnownCost,
    firstTokenMs: firstTokens === 0 ? null : Math.round(firstTokenMs / firstTokens),
    durationMs: requests === 0 ? 0 : Math.round(durationMs / requests),
  } satisfies UsageSums
}

const byGroup =
  (groupBy: readonly UsageGroup[]) =>
  (a: UsageRow, b: UsageRow): number => {
    for (const name of groupBy) {
      const [one, other] = [a.group[name] ?? '', b.group[name] ?? '']
      if (one !== other) return one < other ? -1 : 1
    }
    return 0
  }
