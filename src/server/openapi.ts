/** Small pieces from which the OpenAPI document is put together. */
import type { OpenAPIV3 } from 'openapi-types'
import { errorTable } from '../core/errors.ts'

/** A response or schema by reference. */
type Reference = OpenAPIV3.ReferenceObject

/** Where a schema stands in the document. */
export const address = (name: string): string => `#/components/schemas/${name}`

/** Refers to a schema of `schemas.ts`. */
export const ref = (name: string): Reference => ({ $ref: address(name) })

const json = (name: string) => ({ 'application/json': { schema: ref(name) } })

/** A JSON response. */
export const ok = (name: string, description = 'OK'): OpenAPIV3.ResponseObject => ({
  description,
  headers: { 'x-request-id': { $ref: '#/components/headers/RequestId' } },
  content: json(name),
})

const streamId: OpenAPIV3.HeaderObject = {
  description: 'Where the stream is resumed, of one that can be.',
  schema: { type: 'string' },
}

/**
 * A response that is JSON, or a stream where the request asked for one.
 * @param example a whole stream as it looks on the wire
 */
export function okOrStream(name: string, chunk: string, example: string): OpenAPIV3.ResponseObject {
  const description = `Server-sent events; the data of each is a ${chunk}.`
  const plain = ok(name, 'One JSON body, or with `"stream": true` a stream of server-sent events')
  return {
    ...plain,
    headers: { ...plain.headers, 'x-sluice-stream-id': streamId },
    content: {
      ...json(name),
      'text/event-stream': { schema: { type: 'string', description }, example },
    },
  }
}

/** A parameter of the query that may be left out. */
export const query = (
  name: string,
  description: string,
  schema: OpenAPIV3.SchemaObject = { type: 'string' },
): OpenAPIV3.ParameterObject => ({ name, in: 'query', required: false, description, schema })

/** A JSON request body. */
export const requestBody = (name: string): OpenAPIV3.RequestBodyObject => ({
  required: true,
  content: json(name),
})

/** Refers to error responses of `errorResponses`. */
export const errors = (...statuses: number[]): Record<string, Reference> =>
  Object.fromEntries(
    statuses.map((status) => [status, { $ref: `#/components/responses/Error${status}` }]),
  )

/** An error response. The example is the first code of the table that has this status. */
const errorResponse = (status: number, description: string): OpenAPIV3.ResponseObject => {
  const found = Object.entries(errorTable).find(([, row]) => row.status === status)
  const [code, row] = found ?? ['rate_limit_exceeded', { type: 'requests', message: description }]
  const example = { error: { message: row.message, type: row.type, param: null, code } }
  return { description, content: { 'application/json': { schema: ref('Error'), example } } }
}

/** Error responses as components: status to what it means. */
export const errorResponses = (
  meanings: Readonly<Record<number, string>>,
): Record<string, OpenAPIV3.ResponseObject> =>
  Object.fromEntries(
    Object.entries(meanings).map(([status, description]) => [
      `Error${status}`,
      errorResponse(Number(status), description),
    ]),
  )

/** Refers to header parameters among the components. */
export const parameters = (...names: string[]): Reference[] =>
  names.map((name) => ({ $ref: `#/components/parameters/${name}` }))
