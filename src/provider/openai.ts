/** OpenAI: `api.openai.com`, or what `OPENAI_BASE_URL` puts in its place. */
import type { ProviderSettings } from '../config/config.ts'
import { addressBelow } from './address.ts'
import { matchesModel } from './claims.ts'
import { bearer } from './credentials.ts'
import { openaiDial, type Protocols } from './protocols.ts'
import type { Provider } from './provider.ts'

/** The names OpenAI gives its models; a fine-tuned one carries `ft:` in front. */
const ownModels = new RegExp(
  `^(?:ft:)?(?:${[
    'gpt-',
    'chatgpt-',
    'o[134](?:-|:|$)',
    'text-embedding-',
    'text-moderation-',
    'omni-moderation-',
    'dall-e-',
    'gpt-image-',
    'tts-',
    'whisper-',
    'davinci-',
    'babbage-',
    'sora-',
    'codex-',
    'computer-use-',
  ].join('|')})`,
)

/** Makes the provider. Throws `GatewayError` for an address or a key that cannot be used. */
export function openai(settings: ProviderSettings, protocols: Protocols): Provider {
  return {
    name: settings.name,
    settings,
    family: 'openai',
    dial: openaiDial(protocols),
    url: addressBelow(settings.baseUrl),
    authorize: bearer(settings.apiKey),
    claims: (model) => ownModels.test(model) || matchesModel(settings.models, model),
  }
}
