/** The routes of managed keys in the documentation. */
import type { OpenAPIV3 } from 'openapi-types'
import { errors, ok, query, requestBody } from './openapi.ts'

const tags = ['Operations']
const security = [{ adminToken: [] }]

const id: OpenAPIV3.ParameterObject = {
  name: 'id',
  in: 'path',
  required: true,
  description: 'As in the list.',
  schema: { type: 'string', pattern: '^key_[0-9a-z]+$' },
}

const once = 'The secret is in this answer and nowhere else: only a keyed hash of it is kept.'

/** Operation -> its part of the document. */
export const keyDetails = {
  list: {
    operationId: 'listKeys',
    tags,
    summary: 'Managed keys, the newest first',
    description: 'Keys of `API_KEYS` and of the configuration file are not among them.',
    security,
    parameters: [
      query('name', 'Keys of this name.'),
      query('owner', 'Keys of this owner.'),
      query('tag', 'Keys with this tag.'),
      query('state', 'Keys in this state.', {
        type: 'string',
        enum: ['active', 'expired', 'revoked'],
      }),
      query('after', '`next` of the page before.'),
      query('limit', 'Keys of one page, at most.', {
        type: 'integer',
        minimum: 1,
        maximum: 200,
        default: 50,
      }),
    ],
    responses: { 200: ok('KeyList'), ...errors(400, 401, 403, 503) },
  },
  create: {
    operationId: 'createKey',
    tags,
    summary: 'Make a key',
    description: once,
    security,
    requestBody: requestBody('KeyCreation'),
    responses: { 201: ok('KeyWithSecret', 'Made'), ...errors(400, 401, 403, 413, 415, 503) },
  },
  get: {
    operationId: 'getKey',
    tags,
    summary: 'Look a key up',
    security,
    parameters: [id],
    responses: { 200: ok('Key'), ...errors(401, 403, 404, 503) },
  },
  change: {
    operationId: 'changeKey',
    tags,
    summary: 'Change what a key may do',
    description: 'Fields that are missing stay as they are. A key that is revoked stays so.',
    security,
    parameters: [id],
    requestBody: requestBody('KeyChange'),
    responses: { 200: ok('Key'), ...errors(400, 401, 403, 404, 413, 415, 503) },
  },
  revoke: {
    operationId: 'revokeKey',
    tags,
    summary: 'End a key for good',
    description: 'At once in the worker that answers, within a minute everywhere.',
    security,
    parameters: [id],
    responses: { 200: ok('Key'), ...errors(401, 403, 404, 503) },
  },
  rotate: {
    operationId: 'rotateKey',
    tags,
    summary: 'Give a key another secret',
    description: `Its id, its limits and what it has spent stay. ${once}`,
    security,
    parameters: [id],
    requestBody: { ...requestBody('KeyRotation'), required: false },
    responses: { 200: ok('KeyWithSecret'), ...errors(400, 401, 403, 404, 413, 415, 503) },
  },
} satisfies Record<string, OpenAPIV3.OperationObject>
