/** The routes about performance and streams in the documentation. */
import type { OpenAPIV3 } from 'openapi-types'
import { errors, ok, query } from './openapi.ts'
import { performanceMetrics } from './performance-answer.ts'
import { livePhases } from './performance-query.ts'

const security: OpenAPIV3.SecurityRequirementObject[] = [{ adminToken: [] }, {}]

const operation = { tags: ['Operations'], security }

const streamId: OpenAPIV3.ParameterObject = {
  name: 'id',
  in: 'path',
  required: true,
  description: 'The `x-request-id` of the request.',
  schema: { type: 'string' },
}

/** Of each route. */
export const performanceDetails = {
  performance: {
    ...operation,
    operationId: 'getPerformance',
    summary: 'How the requests did that ended lately',
    description:
      'Sums and percentiles of all workers of the machine; times are in milliseconds. First ' +
      'tokens and gaps are those that the clients saw. Percentiles are interpolated in buckets ' +
      'that are 3 % wide.',
    parameters: [
      query('metric', 'What is asked about; `summary` when not given.', {
        type: 'string',
        enum: [...performanceMetrics],
      }),
      query('provider', 'With `metric=provider`: the one; all when not given.'),
      query('window', 'From `10s` to `24h`, such as `1m`, `5m` or `1h`; `5m` when not given.'),
    ],
    responses: { 200: ok('Performance'), ...errors(400, 401, 404) },
  },
  streams: {
    ...operation,
    operationId: 'listStreams',
    summary: 'Requests that are under way',
    description: 'Of all workers of the machine, the oldest first; never what they say.',
    parameters: [
      query('limit', 'How many, from 1 to 1000; 100 when not given.', {
        type: 'integer',
        minimum: 1,
        maximum: 1000,
      }),
      query('provider', 'Those alone that this provider was asked for last.'),
      query('phase', 'Those alone that do this now.', { type: 'string', enum: [...livePhases] }),
    ],
    responses: { 200: ok('Streams'), ...errors(400, 401) },
  },
  stream: {
    ...operation,
    operationId: 'getStream',
    summary: 'One request, under way or ended lately',
    description: 'Its attempts, times, gaps and counts; never what it says.',
    parameters: [streamId],
    responses: { 200: ok('Stream'), ...errors(401, 404) },
  },
  endStream: {
    ...operation,
    operationId: 'endStream',
    summary: 'End a request that is under way',
    description:
      'Its client gets the error `ended_by_operator`: in its stream, or as a 503 where that has ' +
      'not begun. The provider is cancelled.',
    parameters: [streamId],
    responses: { 200: ok('StreamEnded'), ...errors(401, 404) },
  },
}
