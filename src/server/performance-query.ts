/** What the routes about performance and streams are asked, out of their queries. */
import { GatewayError } from '../core/errors.ts'
import type { LivePhase } from '../observe/live.ts'
import { WINDOW_MAX_MS } from '../observe/slots.ts'
import {
  type PerformanceQuery,
  performanceMetrics,
  type StreamsQuery,
} from './performance-answer.ts'

const WINDOW_MIN_MS = 10_000
const WINDOW_DEFAULT_MS = 300_000

const unitsMs: Readonly<Record<string, number>> = {
  s: 1000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
}

const LIMIT_DEFAULT = 100
const LIMIT_MAX = 1000

/** All phases that a list can be of. */
export const livePhases = [
  'queued',
  'waiting',
  'streaming',
  'blocked',
  'detached',
] as const satisfies readonly LivePhase[]

/** @throws GatewayError `invalid_request` that names the parameter at fault. */
export function performanceQueryOf(request: Request): PerformanceQuery {
  const values = valuesOf(request, ['metric', 'provider', 'window'])
  const metric = values.get('metric') ?? 'summary'
  const known = performanceMetrics.find((name) => name === metric)
  if (known === undefined) throw invalid('metric', `one of ${performanceMetrics.join(', ')}`)
  const provider = values.get('provider') ?? null
  // It would be passed over, and the answer taken for what it is not.
  if (provider !== null && known !== 'provider') {
    throw invalid('provider', 'asked for with metric=provider')
  }
  return { metric: known, provider, windowMs: windowOf(values.get('window')) }
}

/** @throws GatewayError `invalid_request` that names the parameter at fault. */
export function streamsQueryOf(request: Request): StreamsQuery {
  const values = valuesOf(request, ['limit', 'provider', 'phase'])
  const asked = values.get('phase')
  const phase = livePhases.find((name) => name === asked) ?? null
  if (asked !== undefined && phase === null) {
    throw invalid('phase', `one of ${livePhases.join(', ')}`)
  }
  const text = values.get('limit') ?? String(LIMIT_DEFAULT)
  const limit = /^\d{1,4}$/.test(text) ? Number(text) : 0
  if (limit < 1 || limit > LIMIT_MAX) throw invalid('limit', `from 1 to ${LIMIT_MAX}`)
  return { limit, provider: values.get('provider') ?? null, phase }
}

function windowOf(text: string | undefined): number {
  if (text === undefined) return WINDOW_DEFAULT_MS
  const [, count = '', unit = ''] = /^(\d{1,5})([smhd])$/.exec(text) ?? []
  const windowMs = Number(count) * (unitsMs[unit] ?? 0)
  if (windowMs >= WINDOW_MIN_MS && windowMs <= WINDOW_MAX_MS) return windowMs
  throw invalid('window', 'a time from 10s to 24h, such as 1m, 5m, 1h or 24h')
}

/** The values that are not empty. A misspelt name is at fault, for it would say nothing. */
function valuesOf(request: Request, known: readonly string[]): ReadonlyMap<string, string> {
  const values = new Map<string, string>()
  for (const [name, value] of new URL(request.url).searchParams) {
    if (!known.includes(name)) throw invalid(name, `one of ${known.join(', ')}`)
    if (values.has(name)) throw invalid(name, 'there once')
    if (value !== '') values.set(name, value)
  }
  return values
}

const invalid = (param: string, rule: string): GatewayError =>
  new GatewayError('invalid_request', {
    message: `'${param.slice(0, 64)}' must be ${rule}.`,
    param: param.slice(0, 64),
  })
