/** What the documentation says about the forwarded routes, and that their bodies stay unread. */
import type { OpenAPIV3 } from 'openapi-types'
import { errors, ok, okOrStream, parameters, requestBody } from './openapi.ts'
import { streamExamples } from './stream-examples.ts'

/** The header parameters of a call that may stream. */
const streamParameters = parameters(
  'Provider',
  'Priority',
  'Timeout',
  'FirstTokenTimeout',
  'Cost',
  'Resume',
)

/** The header parameters of a call that never streams. */
const plainParameters = parameters('Provider', 'Priority', 'Timeout')

/** What can go wrong with a call that is forwarded. */
export const forwardErrors = errors(
  400,
  401,
  403,
  404,
  405,
  408,
  413,
  415,
  426,
  429,
  500,
  502,
  503,
  504,
)

const described = (detail: Partial<OpenAPIV3.OperationObject>) =>
  ({ parse: 'none', detail }) as const

/** The options of the routes, by what they do. */
export const proxyDetails = {
  chatCompletions: described({
    operationId: 'createChatCompletion',
    tags: ['Proxy'],
    summary: 'Create a chat completion',
    description:
      'The body reaches the provider byte for byte, fields that are not listed here included.',
    parameters: streamParameters,
    requestBody: requestBody('ChatCompletionRequest'),
    responses: {
      200: okOrStream('ChatCompletion', 'ChatCompletionChunk', streamExamples.chat),
      ...forwardErrors,
    },
  }),
  storedChatCompletions: described({
    operationId: 'listChatCompletions',
    tags: ['Proxy'],
    summary: 'List stored chat completions',
    description: 'Forwarded to the provider as it is.',
    parameters: plainParameters,
    responses: { 200: ok('AnyObject', "The provider's answer"), ...forwardErrors },
  }),
  completions: described({
    operationId: 'createCompletion',
    tags: ['Proxy'],
    summary: 'Create a completion',
    parameters: streamParameters,
    requestBody: requestBody('CompletionRequest'),
    responses: {
      200: okOrStream('Completion', 'Completion', streamExamples.completions),
      ...forwardErrors,
    },
  }),
  responses: described({
    operationId: 'createResponse',
    tags: ['Proxy'],
    summary: 'Create a response',
    parameters: streamParameters,
    requestBody: requestBody('ResponseRequest'),
    responses: {
      200: okOrStream('Response', 'ResponseEvent', streamExamples.responses),
      ...forwardErrors,
    },
  }),
  embeddings: described({
    operationId: 'createEmbedding',
    tags: ['Proxy'],
    summary: 'Create embeddings',
    parameters: plainParameters,
    requestBody: requestBody('EmbeddingRequest'),
    responses: { 200: ok('EmbeddingList'), ...forwardErrors },
  }),
  models: described({
    operationId: 'listModels',
    tags: ['Proxy'],
    summary: 'List the models of all providers',
    responses: { 200: ok('ModelList'), ...errors(401, 405, 500) },
  }),
}
