/** What `GET /api/usage` is asked, out of its query. */
import { GatewayError } from '../core/errors.ts'
import { type UsageGroup, type UsageQuery, usageGroups } from '../store/usage-report.ts'

/** What is wanted, and how it is to be written. */
export interface UsageRequest {
  readonly query: UsageQuery
  readonly format: 'json' | 'csv'
}

const DAY_MS = 86_400_000

/** Where the request does not say since when. */
const DAYS_DEFAULT = 30

/** A day, or a moment with its zone: one without would be another in every place. */
const momentPattern = /^\d{4}-\d{2}-\d{2}(T\d{2}:\d{2}(:\d{2}(\.\d{1,3})?)?(Z|[+-]\d{2}:\d{2}))?$/

const known = ['groupBy', 'from', 'to', 'key', 'format']

/**
 * Reads the query. @throws GatewayError `invalid_request` that names the parameter at fault; a
 * misspelt one is at fault too, because what it was to limit would not be limited.
 */
export function usageRequestOf(request: Request, now: number): UsageRequest {
  const { searchParams } = new URL(request.url)
  for (const name of new Set(searchParams.keys())) {
    if (!known.includes(name)) throw invalid(name, `one of ${known.join(', ')}`)
    if (searchParams.getAll(name).length > 1) throw invalid(name, 'there once')
  }
  const to = momentOf(searchParams, 'to') ?? now
  const from = momentOf(searchParams, 'from') ?? to - DAYS_DEFAULT * DAY_MS
  if (from >= to) throw invalid('from', 'earlier than to')
  const key = searchParams.get('key')
  return {
    query: { groupBy: groupsOf(searchParams), from, to, key: key === '' ? null : key },
    format: formatOf(searchParams, request.headers),
  }
}

function groupsOf(searchParams: URLSearchParams): UsageGroup[] {
  const names = (searchParams.get('groupBy') ?? '').split(',').filter((name) => name !== '')
  const groups = usageGroups.filter((group) => names.includes(group))
  if (groups.length !== names.length) {
    throw invalid('groupBy', `some of ${usageGroups.join(', ')}, each once`)
  }
  // In the order in which they were asked for, which is that of the columns and of the rows.
  return groups.sort((a, b) => names.indexOf(a) - names.indexOf(b))
}

function momentOf(searchParams: URLSearchParams, name: string): number | null {
  const text = searchParams.get(name)
  if (text === null || text === '') return null
  const moment = momentPattern.test(text) ? Date.parse(text) : Number.NaN
  if (Number.isNaN(moment)) {
    throw invalid(name, 'a day such as 2026-11-21, or a moment such as 2026-11-21T12:00:00Z')
  }
  return moment
}

function formatOf(searchParams: URLSearchParams, headers: Headers): 'json' | 'csv' {
  const format = searchParams.get('format')
  if (format === 'json' || format === 'csv') return format
  if (format !== null) throw invalid('format', 'json or csv')
  return /\btext\/csv\b/i.test(headers.get('accept') ?? '') ? 'csv' : 'json'
}

const invalid = (param: string, rule: string): GatewayError =>
  new GatewayError('invalid_request', {
    message: `'${param.slice(0, 64)}' must be ${rule}.`,
    param,
  })
