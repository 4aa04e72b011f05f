/** The usage of the ledger in the documentation. */
import type { OpenAPIV3 } from 'openapi-types'
import { z } from 'zod'
import { usageGroups } from '../store/usage-report.ts'
import { errors, ok } from './openapi.ts'

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

const query = (
  parameter: string,
  description: string,
  schema: OpenAPIV3.SchemaObject = { type: 'string' },
): OpenAPIV3.ParameterObject => ({
  name: parameter,
  in: 'query',
  required: false,
  description,
  schema,
})

const okUsage = ok('Usage')

/** Of the route. */
export const usageDetail = {
  operationId: 'getUsage',
  tags: ['Operations'],
  summary: 'What was used, and what it cost',
  description:
    'Sums over the requests that began in a time, of all workers and machines that share the ' +
    'database; days are those of UTC. The newest second may be missing.',
  security: [{ adminToken: [] }],
  parameters: [
    query('groupBy', `Some of ${usageGroups.join(', ')}, with commas between them.`),
    query('from', 'A day, or a moment with its zone; 30 days before `to` when not given.'),
    query('to', 'The same, and not with it; now when not given.'),
    query('key', 'The id of one key.'),
    query('format', 'In place of an `accept` header.', { type: 'string', enum: ['json', 'csv'] }),
  ],
  responses: {
    200: {
      ...okUsage,
      content: { ...okUsage.content, 'text/csv': { schema: { type: 'string' as const } } },
    },
    ...errors(400, 401, 403, 404, 503),
  },
}
