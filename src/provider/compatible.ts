/** Any endpoint that speaks OpenAI's API: vLLM, Ollama, Groq, OpenRouter and many more. */
import type { ProviderSettings } from '../config/config.ts'
import { addressBelow } from './address.ts'
import { matchesModel } from './claims.ts'
import { bearer } from './credentials.ts'
import { openaiDial, type Protocols } from './protocols.ts'
import type { Provider } from './provider.ts'

/**
 * Makes the provider. It claims no bare names but those the operator listed, because a compatible
 * endpoint may serve anything. Throws `GatewayError` for an address or a key that cannot be used.
 */
export function compatible(settings: ProviderSettings, protocols: Protocols): Provider {
  return {
    name: settings.name,
    settings,
    family: 'openai',
    dial: openaiDial(protocols),
    url: addressBelow(settings.baseUrl),
    authorize: bearer(settings.apiKey),
    claims: (model) => matchesModel(settings.models, model),
  }
}
