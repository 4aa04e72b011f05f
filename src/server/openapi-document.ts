/**
 * The OpenAPI document. It is made when it is first asked for, so that a start does not wait for
 * it, by a router of its own that describes the real one and is never reachable: the plugin's page,
 * which loads a script from elsewhere, is not served by anybody.
 */
import { swagger } from '@elysiajs/swagger'
import { type AnyElysia, Elysia } from 'elysia'
import type { OpenAPIV3 } from 'openapi-types'
import { z } from 'zod'
import { address, errorResponses } from './openapi.ts'
import { wildcardPaths } from './openapi-paths.ts'
import { schemas } from './schemas.ts'

/** Where the describing router has its page and its document: no path of the real one. */
const page = '/description'
const specPath = '/description/json'

/** The document as JSON text. */
export async function openApiDocument(app: AnyElysia, version: string): Promise<string> {
  const describing = new Elysia()
    .use(swagger({ path: page, specPath, documentation: documentation(version) }))
    .use(app)
  const response = await describing.fetch(new Request(`http://localhost${specPath}`))
  if (!response.ok) throw new TypeError(`The document answered ${response.status}.`)
  return response.text()
}

function documentation(version: string): Partial<OpenAPIV3.Document> {
  return {
    info: {
      title: 'sluice',
      version,
      description:
        'A streaming proxy between applications and LLM providers. ' +
        'Point an OpenAI SDK at `/v1`, or an SDK of Anthropic or Gemini at `/`, choose the ' +
        'provider by the model name, and get its stream: byte for byte where both sides speak ' +
        'the same dialect, translated where they do not. Answers and errors carry `x-request-id`.',
    },
    tags: [
      {
        name: 'Proxy',
        description: 'The APIs of OpenAI, Anthropic and Gemini, forwarded to any provider.',
      },
      { name: 'Operations', description: 'For whoever runs the program.' },
    ],
    security: [{ bearer: [] }, {}],
    paths: wildcardPaths,
    components: {
      securitySchemes,
      headers: {
        RequestId: { description: 'Names the request in the log.', schema: { type: 'string' } },
      },
      parameters: headerParameters,
      responses: errorResponses(errorMeanings),
      schemas: componentSchemas(),
    },
  }
}

const securitySchemes = {
  bearer: {
    type: 'http',
    scheme: 'bearer',
    description: 'A key of `API_KEYS`, where the operator has set any.',
  },
  adminToken: {
    type: 'http',
    scheme: 'bearer',
    description: 'The `ADMIN_TOKEN`, where the operator has set one.',
  },
} as const

const milliseconds = { type: 'integer', minimum: 1 } as const

const headerParameters: Record<string, OpenAPIV3.ParameterObject> = {
  Provider: {
    name: 'x-sluice-provider',
    in: 'header',
    description: 'The provider to forward to, where the model name does not say.',
    schema: { type: 'string', pattern: '^[a-z0-9-]+$' },
  },
  Priority: {
    name: 'x-sluice-priority',
    in: 'header',
    description: 'While the server has much to do, requests of low priority are refused first.',
    schema: { type: 'string', enum: ['low', 'normal', 'high'] },
  },
  Cost: {
    name: 'x-sluice-cost',
    in: 'header',
    description: 'Asks for the cost of a stream, as a comment behind its last event.',
    schema: { type: 'string', enum: ['trailer'] },
  },
  Resume: {
    name: 'x-sluice-resume',
    in: 'header',
    description:
      'Asks for a stream that can be resumed: its events have ids, and `x-sluice-stream-id` says ' +
      'where `/v1/streams/{id}` goes on with it.',
    schema: { type: 'string', enum: ['1'] },
  },
  Timeout: {
    name: 'x-sluice-timeout-ms',
    in: 'header',
    description: 'Ends the request after so many milliseconds, at most the configured total.',
    schema: milliseconds,
  },
  FirstTokenTimeout: {
    name: 'x-sluice-first-token-timeout-ms',
    in: 'header',
    description: 'Gives up when no token has come by then, at most the configured total.',
    schema: milliseconds,
  },
}

const errorMeanings = {
  400: 'The request is malformed; nothing was sent to a provider',
  401: 'The key is missing or wrong',
  403: 'The key, or the page that calls, may not do that',
  404: 'No such address, model or provider',
  405: 'The address does not take this method; `allow` lists those it takes',
  408: 'The request body came too slowly',
  409: 'The stream has not come as far as that',
  410: 'What is asked for of the stream is not kept any more',
  413: 'The request body is too large',
  415: 'The request body is of a type that is not taken here',
  426: 'Protocol upgrades are refused',
  429: 'Too many requests; `retry-after` says when to try again',
  500: 'A fault of ours',
  502: 'The provider is broken or cannot be reached',
  503: 'New requests are refused for now',
  504: 'A clock ran out while waiting for the provider',
} as const

/** zod schemas as JSON Schema of OpenAPI 3.0. Schemas inside of others become references. */
function componentSchemas(): Record<string, OpenAPIV3.SchemaObject> {
  const registry = z.registry<{ id: string }>()
  for (const [id, schema] of Object.entries(schemas)) registry.add(schema, { id })
  const published = z.toJSONSchema(registry, { target: 'openapi-3.0', io: 'input', uri: address })
  return Object.fromEntries(
    Object.entries(published.schemas).map(([name, schema]) => {
      const { $schema: _dialect, $id: _address, id: _name, ...rest } = schema
      // zod's type covers every version of JSON Schema; the target makes it this one.
      return [name, rest as OpenAPIV3.SchemaObject]
    }),
  )
}
