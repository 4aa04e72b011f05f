/**
 * What is said of requests in the words of OpenTelemetry's semantic conventions for HTTP and for
 * generative AI. The names are those of the installed package; values that the conventions do not
 * know are our own.
 */
import {
  GEN_AI_OPERATION_NAME_VALUE_CHAT,
  GEN_AI_OPERATION_NAME_VALUE_EMBEDDINGS,
  GEN_AI_OPERATION_NAME_VALUE_GENERATE_CONTENT,
  GEN_AI_OPERATION_NAME_VALUE_TEXT_COMPLETION,
} from '@opentelemetry/semantic-conventions/incubating'
import type { EndpointName } from '../../config/config.ts'
import type { Exchange } from '../exchange.ts'

/** The addresses that are answered, as `http.route` has them: nothing of a client's is in one. */
const routes: Readonly<Record<EndpointName, string>> = {
  'chat-completions': '/v1/chat/completions',
  completions: '/v1/completions',
  responses: '/v1/responses',
  messages: '/v1/messages',
  gemini: '/v1beta/models/{model}',
  embeddings: '/v1/embeddings',
  models: '/v1/models',
  other: '/v1/*',
  passthrough: '/passthrough/{provider}/*',
}

/** `http.route` of a request. */
export const httpRouteOf = ({ endpoint }: Pick<Exchange, 'endpoint'>): string => routes[endpoint]

const operations: Partial<Record<EndpointName, string>> = {
  'chat-completions': GEN_AI_OPERATION_NAME_VALUE_CHAT,
  completions: GEN_AI_OPERATION_NAME_VALUE_TEXT_COMPLETION,
  responses: GEN_AI_OPERATION_NAME_VALUE_CHAT,
  messages: GEN_AI_OPERATION_NAME_VALUE_CHAT,
  gemini: GEN_AI_OPERATION_NAME_VALUE_GENERATE_CONTENT,
  embeddings: GEN_AI_OPERATION_NAME_VALUE_EMBEDDINGS,
}

/** `gen_ai.operation.name`; null where no model is asked for anything that it knows. */
export function operationOf({ endpoint, path }: Pick<Exchange, 'endpoint' | 'path'>) {
  // Dialects that name what is wanted in the path have further operations beside their chat.
  if (/count_?tokens$/i.test(path)) return null
  if (/:(batch)?embedcontents?$/i.test(path)) return GEN_AI_OPERATION_NAME_VALUE_EMBEDDINGS
  return operations[endpoint] ?? null
}
