/** The Gemini API: `generativelanguage.googleapis.com`, or what `GEMINI_BASE_URL` says. */
import type { ProviderSettings } from '../config/config.ts'
import { geminiCounting } from '../protocol/asides.ts'
import { readGeminiAnswer, writeGeminiRequest } from '../protocol/embeddings/gemini.ts'
import { addressBelow } from './address.ts'
import { matchesModel } from './claims.ts'
import { type GoogleProtocols, googleDial, googleModels, modelSegments } from './google-models.ts'
import { googleKey } from './google-token.ts'
import type { Provider } from './provider.ts'

/** Makes the provider. Throws `GatewayError` for an address or a key that cannot be used. */
export function gemini(settings: ProviderSettings, protocols: GoogleProtocols): Provider {
  return {
    name: settings.name,
    settings,
    family: null,
    dial: googleDial(protocols, modelPath),
    url: addressBelow(settings.baseUrl),
    authorize: googleKey(settings.apiKey),
    embeddings: {
      name: 'gemini',
      inputsMax: 100,
      path: (model) => `${modelPath(model)}:batchEmbedContents`,
      write: writeGeminiRequest,
      read: readGeminiAnswer,
    },
    counting: geminiCounting('gemini', (model) => `${modelPath(model)}:countTokens`),
    claims: (model) => googleModels.test(model) || matchesModel(settings.models, model),
  }
}

/** Bare names are in `models`; a tuned model names its own collection. */
function modelPath(model: string): string {
  const isInCollection = /^(?:models|tunedModels)\//.test(model)
  return `/${isInCollection ? '' : 'models/'}${modelSegments(model)}`
}
