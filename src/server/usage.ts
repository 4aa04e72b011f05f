/**
 * What was used and what it cost, for the operator. Never open: without an `ADMIN_TOKEN` it refuses
 * everybody, because it tells who uses what.
 */
import { Elysia } from 'elysia'
import { GatewayError } from '../core/errors.ts'
import type { Ledger } from '../store/ledger.ts'
import type { UsageReport, UsageRow, UsageSums } from '../store/usage-report.ts'
import { adminOnly } from './admin.ts'
import { hidden, refuseMethod } from './allow.ts'
import { arrivalOf } from './arrival.ts'
import { type Cell, csvText } from './csv.ts'
import type { RouterOptions } from './options.ts'
import { plainHeaders, type WriteProblem } from './problem.ts'
import { usageDetail } from './usage-details.ts'
import { usageRequestOf } from './usage-query.ts'

/** `GET /api/usage`. */
export function usageRoutes(options: RouterOptions, writeProblem: WriteProblem) {
  const { ledger, worker } = options
  const withoutToken = () => {
    if (options.adminToken !== null) return
    const message = 'Usage is told here only where the server has an ADMIN_TOKEN.'
    return writeProblem(new GatewayError('forbidden', { message }))
  }
  const answer = async (request: Request): Promise<Response> => {
    try {
      const asked = usageRequestOf(request, Date.now())
      const kept = ledgerOf(ledger)
      const report = await kept.report(asked.query, arrivalOf(request).request.signal)
      return asked.format === 'csv'
        ? asCsv(report)
        : Response.json(
            { ...asJson(report), ledger: kept.view(), worker },
            { headers: plainHeaders },
          )
    } catch (thrown) {
      return writeProblem(thrown)
    }
  }
  return new Elysia({ name: 'usage', normalize: false })
    .use(adminOnly(options.adminToken, writeProblem))
    .guard({ admin: true, beforeHandle: withoutToken }, (closed) =>
      closed
        .get('/api/usage', ({ request }) => answer(request), { parse: 'none', detail: usageDetail })
        .all('/api/usage', refuseMethod(writeProblem, 'GET, HEAD'), hidden),
    )
}

function ledgerOf(ledger: Ledger | null): Ledger {
  if (ledger !== null) return ledger
  const message = 'The server keeps no usage ledger; LEDGER=on or a DATABASE_URL turns it on.'
  throw new GatewayError('unknown_url', { message })
}

function asJson({ query, rows, total }: UsageReport) {
  return {
    from: new Date(query.from).toISOString(),
    to: new Date(query.to).toISOString(),
    key: query.key,
    groupBy: query.groupBy,
    rows: rows.map(({ group, ...sums }) => ({ ...group, ...withCost(sums) })),
    total: withCost(total),
  }
}

/** Where no cost of any request is known there is no sum either: it would be told as zero. */
function withCost({ costMicroUsd, ...sums }: UsageSums) {
  const isUnknown = costMicroUsd === 0 && sums.requestsOfUnknownCost > 0
  return { ...sums, costUsd: isUnknown ? null : costMicroUsd / 1_000_000 }
}

const sumNames = [
  ...(['requests', 'errors', 'inputTokens', 'outputTokens', 'cachedInputTokens'] as const),
  ...(['cacheWriteInputTokens', 'reasoningTokens', 'costUsd', 'requestsOfUnknownCost'] as const),
  ...(['firstTokenMs', 'durationMs'] as const),
]

function asCsv({ query, rows, total }: UsageReport): Response {
  const { groupBy } = query
  // Without groups there is one row, which is the sum of all.
  const shown: readonly UsageRow[] = groupBy.length === 0 ? [{ group: {}, ...total }] : rows
  const cells = shown.map(({ group, ...sums }): Cell[] => {
    const known = withCost(sums)
    return [
      ...groupBy.map((name) => group[name] ?? null),
      ...sumNames.map((name) => (name === 'costUsd' ? decimal(known.costUsd) : known[name])),
    ]
  })
  return new Response(csvText([[...groupBy, ...sumNames], ...cells]), {
    headers: {
      ...plainHeaders,
      'content-type': 'text/csv; charset=utf-8; header=present',
      'content-disposition': 'attachment; filename="usage.csv"',
    },
  })
}

/** Never as a power of ten, which not every reader of tables takes for a number. */
const decimal = (usd: number | null): string | null => (usd === null ? null : usd.toFixed(6))
