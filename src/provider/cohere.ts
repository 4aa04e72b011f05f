/** Cohere: `api.cohere.com`, or what `COHERE_BASE_URL` puts in its place. */
import type { ProviderSettings } from '../config/config.ts'
import { cohereChat } from '../protocol/cohere-chat.ts'
import {
  cohereInputsMax,
  readCohereAnswer,
  writeCohereRequest,
} from '../protocol/embeddings/cohere.ts'
import { addressBelow } from './address.ts'
import { matchesModel } from './claims.ts'
import { bearer } from './credentials.ts'
import type { Protocols } from './protocols.ts'
import type { Provider } from './provider.ts'
import { translatedDial } from './translated.ts'

/** The names Cohere gives its models. */
const ownModels = /^(?:command(?:-|$)|c4ai-|embed-(?:v\d|english|multilingual)|rerank-)/

/** Makes the provider. Throws `GatewayError` for an address or a key that cannot be used. */
export function cohere(
  settings: ProviderSettings,
  { opaque }: Pick<Protocols, 'opaque'>,
): Provider {
  return {
    name: settings.name,
    settings,
    family: null,
    dial: (call, wanted) =>
      translatedDial(call, wanted, { own: cohereChat, opaque }, () => '/v2/chat'),
    // The version is part of every path; an address that ends in one is meant without it.
    url: addressBelow(settings.baseUrl.replace(/\/v[12]\/?$/, '')),
    authorize: bearer(settings.apiKey),
    embeddings: {
      name: 'cohere',
      inputsMax: cohereInputsMax,
      path: () => '/v2/embed',
      write: writeCohereRequest,
      read: readCohereAnswer,
    },
    claims: (model) => ownModels.test(model) || matchesModel(settings.models, model),
  }
}
