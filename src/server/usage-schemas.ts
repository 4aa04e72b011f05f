/** What `/api/usage` answers, for the documentation. */
import { z } from 'zod'
import { usageGroups } from '../store/usage-report.ts'

const count = z.int().nonnegative()

const sums = {
  requests: count,
  errors: count.describe('Of them, those that ended with an error.'),
  inputTokens: count.describe('With what was cached.'),
  outputTokens: count.describe('With the reasoning.'),
  cachedInputTokens: count,
  cacheWriteInputTokens: count,
  reasoningTokens: count,
  costUsd: z
    .number()
    .nullable()
    .describe('Of the requests whose cost is known; null where it is known of none.'),
  requestsOfUnknownCost: count.describe('Where there are any, the real cost is higher.'),
  firstTokenMs: count.nullable().describe('Mean time to the first content.'),
  durationMs: count.describe('Mean.'),
}

const name = z.string().nullable().optional()

const Usage = z.object({
  from: z.string(),
  to: z.string(),
  key: z.string().nullable(),
  groupBy: z.array(z.enum(usageGroups)),
  rows: z.array(z.object({ key: name, model: name, day: name, route: name, ...sums })),
  total: z.object(sums),
  ledger: z
    .object({
      waiting: count.describe('Rows that are not written yet.'),
      waitingBytes: count,
      written: count,
      dropped: count.describe('Rows that were lost, because the database failed for long.'),
      failures: count,
      state: z.enum(['writing', 'failing', 'closed']),
    })
    .describe('Of the worker that happens to answer, since its start.'),
  worker: z.object({ id: count, total: count }),
})

/** Name in the document -> schema. */
export const usageSchemas = { Usage } as const
