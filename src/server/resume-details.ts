/** What the documentation says about coming back to a stream. */
import type { OpenAPIV3 } from 'openapi-types'
import { errors } from './openapi.ts'

const id: OpenAPIV3.ParameterObject = {
  name: 'id',
  in: 'path',
  required: true,
  description: 'As in `x-sluice-stream-id` of the answer that was lost.',
  schema: { type: 'string', pattern: '^[A-Za-z0-9_-]{1,64}$' },
}

const cursor =
  'The id of the last event that was read, or its number; without one, all is replayed.'

const places: readonly OpenAPIV3.ParameterObject[] = [
  { name: 'last-event-id', in: 'header', description: cursor, schema: { type: 'string' } },
  {
    name: 'last_event_id',
    in: 'query',
    description: 'The same, for clients that cannot send the header.',
    schema: { type: 'string' },
  },
  {
    name: 'starting_after',
    in: 'query',
    description: 'The same, as the number of the event.',
    schema: { type: 'integer', minimum: 0 },
  },
]

const text = (description: string): OpenAPIV3.HeaderObject => ({
  description,
  schema: { type: 'string' },
})

const requestId = { $ref: '#/components/headers/RequestId' } as const

const state: OpenAPIV3.HeaderObject = {
  description: 'Whether the stream goes on, and else how it ended.',
  schema: { type: 'string', enum: ['live', 'done', 'failed'] },
}

const described = (detail: Partial<OpenAPIV3.OperationObject>) =>
  ({ parse: 'none', detail }) as const

/** The options of the routes. */
export const resumeDetails = {
  read: described({
    operationId: 'resumeStream',
    tags: ['Proxy'],
    summary: 'Go on with a stream that was lost',
    description:
      'Of a request that was made with `x-sluice-resume: 1`, and with the same key. Replays the ' +
      'events behind the one that is named, as they were sent, and goes on with those that come.',
    parameters: [id, ...places],
    responses: {
      200: {
        description: 'The rest of the stream, as server-sent events in its own dialect',
        headers: {
          'x-request-id': requestId,
          'x-sluice-stream-id': text('The same id.'),
          'x-sluice-stream-state': state,
          'x-sluice-replay-from': text('The number of the first event that follows.'),
        },
        content: { 'text/event-stream': { schema: { type: 'string' } } },
      },
      204: {
        description: 'The stream has ended, and there is nothing behind that event',
        headers: { 'x-request-id': requestId, 'x-sluice-stream-state': state },
      },
      ...errors(400, 401, 404, 405, 409, 410, 500, 503),
    },
  }),
  end: described({
    operationId: 'forgetStream',
    tags: ['Proxy'],
    summary: 'End a stream',
    description:
      'Cancels the provider where it still answers, tells who reads by an error in the stream, ' +
      'and forgets the stream.',
    parameters: [id],
    responses: {
      204: {
        description: 'It is ended and forgotten',
        headers: { 'x-request-id': requestId },
      },
      ...errors(401, 404, 405, 410, 500, 503),
    },
  }),
}
