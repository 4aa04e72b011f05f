/** Routes with a wildcard, which the document's generator leaves out. */
import type { OpenAPIV3 } from 'openapi-types'
import { geminiPaths } from './dialect-details.ts'
import { errors, ok, parameters, ref } from './openapi.ts'
import { forwardErrors } from './proxy-details.ts'

const methods = ['get', 'post', 'put', 'patch', 'delete'] as const

const anyBody: OpenAPIV3.RequestBodyObject = {
  content: {
    'application/json': { schema: ref('AnyObject') },
    'multipart/form-data': { schema: ref('AnyObject') },
    'application/octet-stream': { schema: { type: 'string', format: 'binary' } },
  },
}

const anyAnswer: OpenAPIV3.ResponseObject = {
  description: "The provider's answer, with its status",
  content: {
    'application/json': { schema: ref('AnyObject') },
    'text/event-stream': { schema: { type: 'string' } },
    'application/octet-stream': { schema: { type: 'string', format: 'binary' } },
  },
}

const rest: OpenAPIV3.ParameterObject = {
  name: 'path',
  in: 'path',
  required: true,
  description: 'The rest of the address. May hold slashes.',
  schema: { type: 'string' },
}

const provider: OpenAPIV3.ParameterObject = {
  name: 'provider',
  in: 'path',
  required: true,
  description: 'The name of a configured provider.',
  schema: { type: 'string', pattern: '^[a-z0-9-]+$' },
}

interface Wildcard {
  readonly operation: string
  readonly summary: string
  readonly description: string
  readonly parameters: OpenAPIV3.OperationObject['parameters']
}

/** The same operation for every method; `operation` is completed by the method's name. */
function everyMethod(wildcard: Wildcard): OpenAPIV3.PathItemObject {
  const { operation, ...described } = wildcard
  return Object.fromEntries(
    methods.map((method) => [
      method,
      {
        operationId: `${operation}${method[0]?.toUpperCase()}${method.slice(1)}`,
        tags: ['Proxy'],
        ...described,
        ...(method === 'get' || method === 'delete' ? {} : { requestBody: anyBody }),
        responses: { default: anyAnswer, ...forwardErrors },
      },
    ]),
  )
}

/** Path -> its operations. */
export const wildcardPaths: OpenAPIV3.PathsObject = {
  ...geminiPaths,
  '/v1/models/{model}': {
    get: {
      operationId: 'getModel',
      tags: ['Proxy'],
      summary: 'Look a model up',
      parameters: [
        {
          name: 'model',
          in: 'path',
          required: true,
          description: 'As in the list. Its slashes may be percent-encoded.',
          schema: { type: 'string' },
          example: 'demo/stream',
        },
      ],
      responses: { 200: ok('Model'), ...errors(401, 404, 405, 500) },
    },
  },
  '/v1/{path}': everyMethod({
    operation: 'forward',
    summary: 'Everything else of the OpenAI API',
    description:
      'Audio, images, files, uploads, batches, moderations, stored responses and all others are ' +
      'forwarded to the provider that the model or `x-sluice-provider` selects.',
    parameters: [
      rest,
      ...parameters('Provider', 'Priority', 'Timeout', 'FirstTokenTimeout', 'Cost', 'Resume'),
    ],
  }),
  '/passthrough/{provider}/{path}': everyMethod({
    operation: 'passthrough',
    summary: "A provider's own API",
    description: "Forwarded as it is, with the operator's key in the place of the client's.",
    parameters: [
      provider,
      rest,
      ...parameters('Priority', 'Timeout', 'FirstTokenTimeout', 'Cost', 'Resume'),
    ],
  }),
}
