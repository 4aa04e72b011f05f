/** The usage of the ledger in the documentation. */
import { usageGroups } from '../store/usage-report.ts'
import { errors, ok, query } from './openapi.ts'

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
