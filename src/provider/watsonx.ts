/**
 * IBM watsonx.ai: the address of a region, such as `https://us-south.ml.cloud.ibm.com`.
 *
 * Its chats are OpenAI's in all but the names around them: streams have a path of their own, the
 * model is `model_id`, and a project or a space pays. So every chat is written anew, also for
 * clients of OpenAI's dialect. A key is exchanged for a token of IBM Cloud; a token is used as it
 * is.
 */
import type { ProviderSettings } from '../config/config.ts'
import { GatewayError } from '../core/errors.ts'
import { isObject, type JsonObject } from '../core/json.ts'
import type { EmbeddingsApi } from '../protocol/asides.ts'
import { readVectors } from '../protocol/embeddings/embeddings.ts'
import type { Protocol } from '../protocol/protocol.ts'
import { addressBelow } from './address.ts'
import { CachedToken } from './cached-token.ts'
import { matchesModel } from './claims.ts'
import { bearer, isToken } from './credentials.ts'
import { exchangeIbmKey, iamAddress } from './ibm-token.ts'
import { common, withoutReasoning } from './message-quirks.ts'
import type { Protocols } from './protocols.ts'
import type { Provider } from './provider.ts'
import {
  applyQuirks,
  dropped,
  type Quirk,
  renamed,
  replaced,
  withoutStreamOptions,
  withoutTopK,
  withoutUser,
} from './quirks.ts'
import { translatedDial } from './translated.ts'

/** The version of the API that this was written for; it stands in the query of every call. */
const VERSION = '2024-10-08'

/** What is different there. */
export const watsonxQuirks: readonly Quirk[] = [
  ...common(),
  renamed('model', 'model_id'),
  dropped('stream', 'Streams have a path of their own.'),
  withoutStreamOptions,
  replaced('tool_choice', 'In one word it is `tool_choice_option`.', (choice) =>
    typeof choice === 'string' ? { tool_choice_option: choice } : { tool_choice: choice },
  ),
  withoutReasoning,
  withoutTopK,
  withoutUser,
]

/**
 * Makes the provider. @throws GatewayError `internal_error` where neither project nor space is
 * given, or for an address or a key that cannot be used.
 */
export function watsonx(
  settings: ProviderSettings,
  protocols: Protocols,
  _: unknown = null,
  proxy: string | null = null,
): Provider {
  const payer = payerOf(settings)
  const below = addressBelow(settings.baseUrl)
  // The same dialect, but never the same object: nothing may pass as it is.
  const own: Protocol = { ...protocols.chat }
  return {
    name: settings.name,
    settings,
    family: null,
    dial: (call, wanted) => {
      return translatedDial(call, wanted, { own, opaque: protocols.opaque }, pathOf)
    },
    embeddings: embeddingsOf(payer),
    url: (path, search) => below(path, versioned(search)),
    authorize: authorizeWith(settings, proxy),
    amend: (body) => ({ ...applyQuirks(watsonxQuirks, body), ...payer }),
    claims: (model) => matchesModel(settings.models, model),
  }
}

const pathOf = (_model: string, { stream }: { readonly stream: boolean }): string =>
  stream ? '/ml/v1/text/chat_stream' : '/ml/v1/text/chat'

function versioned(search: string): string {
  const query = new URLSearchParams(search)
  if (!query.has('version')) query.set('version', VERSION)
  return `?${query}`
}

/** Texts are `inputs`, and vectors are `results`. */
const embeddingsOf = (payer: JsonObject): EmbeddingsApi => ({
  name: 'watsonx',
  inputsMax: 1_000,
  path: () => '/ml/v1/text/embeddings',
  write: ({ model, inputs }) => ({ model_id: model, inputs, ...payer }),
  read: ({ results, model_id: model, input_token_count: inputTokens }) => ({
    model: typeof model === 'string' ? model : '',
    vectors: readVectors(
      Array.isArray(results) ? results.map((result) => isObject(result) && result.embedding) : null,
    ),
    inputTokens: typeof inputTokens === 'number' ? inputTokens : null,
  }),
})

function payerOf({ options = {} }: ProviderSettings): JsonObject {
  const { projectId, spaceId } = options
  if (projectId !== undefined) return { project_id: projectId }
  if (spaceId !== undefined) return { space_id: spaceId }
  throw new GatewayError('internal_error', { message: 'watsonx needs a project or a space.' })
}

function authorizeWith(
  { apiKey, options }: ProviderSettings,
  proxy: string | null,
): Provider['authorize'] {
  const authorize = bearer(apiKey)
  if (apiKey === null || isToken(apiKey)) return authorize
  const address = options?.iamAddress ?? iamAddress
  if (!/^https?:$/.test(URL.parse(address)?.protocol ?? '')) {
    throw new GatewayError('internal_error', { message: 'The IAM URL of watsonx is no address.' })
  }
  const token = new CachedToken(() => exchangeIbmKey(address, apiKey, proxy))
  return async (headers) => bearer(await token.get())(headers)
}
