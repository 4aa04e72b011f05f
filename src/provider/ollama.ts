/**
 * Ollama, which has two APIs. Clients of OpenAI's dialects get its OpenAI endpoint (`/v1`), where
 * their bytes pass as they are. Everyone else is translated to its own (`/api/chat`): that one has
 * thinking, `top_k` and token counts in every version, and tells a failure in the middle of a
 * stream, where a detour over OpenAI's words would lose the first two.
 */
import type { ProviderSettings } from '../config/config.ts'
import { readOllamaAnswer, writeOllamaRequest } from '../protocol/embeddings/ollama.ts'
import { ollamaChat } from '../protocol/ollama-chat.ts'
import { addressBelow } from './address.ts'
import { foreignTo } from './carried.ts'
import { matchesModel } from './claims.ts'
import { bearer } from './credentials.ts'
import { customToolsAreFunctions } from './custom-tools.ts'
import { ownDialects, type Protocols, protocolFor } from './protocols.ts'
import type { Provider } from './provider.ts'
import { applyQuirks, type Quirk } from './quirks.ts'
import { translatedDial } from './translated.ts'

/** What is different at its OpenAI endpoint; its own API has functions only as well. */
export const ollamaQuirks: readonly Quirk[] = [customToolsAreFunctions]

/** The server has no limit of its own; this is OpenAI's. */
const INPUTS_MAX = 2_048

/**
 * Makes the provider. Its address is that of the server, with or without `/v1` or `/api`. It claims
 * no bare names but those the operator listed. Throws `GatewayError` for an address or a key that
 * cannot be used.
 */
export function ollama(settings: ProviderSettings, protocols: Protocols): Provider {
  return {
    name: settings.name,
    settings,
    family: 'openai',
    dial: (call, wanted) => {
      const { endpoint, path, search, protocol } = call
      if (endpoint !== 'passthrough' && ownDialects.has(protocol.name)) {
        return { protocol: protocolFor(protocols, endpoint, path), path: `/v1${path}`, search }
      }
      const { opaque } = protocols
      return translatedDial(call, wanted, { own: ollamaChat, opaque }, () => '/api/chat')
    },
    url: addressBelow(settings.baseUrl.replace(/\/(?:v1|api)\/?$/, '')),
    authorize: bearer(settings.apiKey),
    amend: (body) => applyQuirks(ollamaQuirks, body),
    foreign: foreignTo(ollamaQuirks),
    // OpenAI's clients pass to `/v1/embeddings`; this is how the others are translated.
    embeddings: {
      name: 'openai',
      inputsMax: INPUTS_MAX,
      path: () => '/api/embed',
      write: writeOllamaRequest,
      read: readOllamaAnswer,
    },
    claims: (model) => matchesModel(settings.models, model),
  }
}
