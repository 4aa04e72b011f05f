/** What the documentation says about the routes of Anthropic's and of Gemini's dialect. */
import type { OpenAPIV3 } from 'openapi-types'
import { ok, okOrStream, parameters, ref, requestBody } from './openapi.ts'
import { forwardErrors } from './proxy-details.ts'
import { streamExamples } from './stream-examples.ts'

const described = (detail: Partial<OpenAPIV3.OperationObject>) =>
  ({ parse: 'none', detail }) as const

const anyProvider =
  'Where the provider speaks this dialect the bytes pass untouched; else they are translated.'

/** The options of the routes, by what they do. */
export const dialectDetails = {
  messages: described({
    operationId: 'createMessage',
    tags: ['Proxy'],
    summary: "Create a message (Anthropic's dialect)",
    description: `${anyProvider} Errors have Anthropic's shape.`,
    parameters: parameters(
      'Provider',
      'Priority',
      'Timeout',
      'FirstTokenTimeout',
      'Cost',
      'Resume',
    ),
    requestBody: requestBody('MessagesRequest'),
    responses: {
      200: okOrStream('Message', 'MessageEvent', streamExamples.messages),
      ...forwardErrors,
    },
  }),
  countMessageTokens: described({
    operationId: 'countMessageTokens',
    tags: ['Proxy'],
    summary: "Count the tokens of a message (Anthropic's dialect)",
    description: 'Asked of the provider, where it can count.',
    parameters: parameters('Provider', 'Priority', 'Timeout'),
    requestBody: requestBody('MessagesRequest'),
    responses: { 200: ok('TokenCount'), ...forwardErrors },
  }),
} as const

const model: OpenAPIV3.ParameterObject = {
  name: 'model',
  in: 'path',
  required: true,
  description: 'As in the list of models. May hold slashes.',
  schema: { type: 'string' },
  example: 'demo/stream',
}

const geminiBody = (summary: string, operationId: string): OpenAPIV3.PathItemObject => ({
  post: {
    operationId,
    tags: ['Proxy'],
    summary,
    description: `${anyProvider} Errors have Gemini's shape.`,
    parameters: [
      model,
      ...parameters('Provider', 'Priority', 'Timeout', 'FirstTokenTimeout', 'Cost', 'Resume'),
    ],
    requestBody: requestBody('GenerateContentRequest'),
    responses: { 200: ok('GenerateContentResponse'), ...forwardErrors },
  },
})

const geminiAside = (summary: string, operationId: string): OpenAPIV3.PathItemObject => ({
  post: {
    operationId,
    tags: ['Proxy'],
    summary,
    description: 'Asked of the provider, in its own words, where it has the like.',
    parameters: [model, ...parameters('Provider', 'Priority', 'Timeout')],
    requestBody: requestBody('AnyObject'),
    responses: { 200: ok('AnyObject'), ...forwardErrors },
  },
})

/** Path -> its operations: the document's generator leaves wildcards out. */
export const geminiPaths: OpenAPIV3.PathsObject = {
  '/v1beta/models/{model}:generateContent': geminiBody(
    "Generate content (Gemini's dialect)",
    'generateContent',
  ),
  '/v1beta/models/{model}:streamGenerateContent': {
    post: {
      ...geminiBody("Stream content (Gemini's dialect)", 'streamGenerateContent').post,
      parameters: [
        model,
        {
          name: 'alt',
          in: 'query',
          description: 'With `sse` the stream is server-sent events, else one JSON array.',
          schema: { type: 'string', enum: ['sse'] },
        },
        ...parameters('Provider', 'Priority', 'Timeout', 'FirstTokenTimeout', 'Cost', 'Resume'),
      ],
      responses: {
        200: {
          description: 'A stream of responses',
          content: {
            'text/event-stream': { schema: { type: 'string' }, example: streamExamples.gemini },
            'application/json': {
              schema: { type: 'array', items: ref('GenerateContentResponse') },
            },
          },
        },
        ...forwardErrors,
      },
    },
  },
  '/v1beta/models/{model}:countTokens': geminiAside(
    "Count tokens (Gemini's dialect)",
    'countTokens',
  ),
  '/v1beta/models/{model}:embedContent': geminiAside(
    "Create an embedding (Gemini's dialect)",
    'embedContent',
  ),
  '/v1beta/models/{model}:batchEmbedContents': geminiAside(
    "Create embeddings (Gemini's dialect)",
    'batchEmbedContents',
  ),
}
