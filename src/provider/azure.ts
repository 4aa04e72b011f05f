/**
 * Azure OpenAI: a resource of the operator's (`https://{resource}.openai.azure.com`). Models are
 * deployments there, under names that the operator chose, so no bare name is claimed.
 *
 * Without `AZURE_OPENAI_API_VERSION` its versionless API is called, which is OpenAI's own below
 * `/openai/v1`. With it, the deployment stands in the path, for the endpoints that Azure keeps
 * there, and the version in the query.
 */
import type { ProviderSettings } from '../config/config.ts'
import { GatewayError } from '../core/errors.ts'
import { addressBelow } from './address.ts'
import { matchesModel } from './claims.ts'
import { bearer, isToken, keyHeader } from './credentials.ts'
import { openaiQuirks } from './openai.ts'
import { openaiDial, type Protocols } from './protocols.ts'
import type { Dial, Provider, Wanted } from './provider.ts'
import { applyQuirks } from './quirks.ts'

/** Endpoints that belong to a deployment; all others, Responses among them, to the resource. */
const ofDeployments: ReadonlySet<string> = new Set([
  '/chat/completions',
  '/completions',
  '/embeddings',
  '/audio/transcriptions',
  '/audio/translations',
  '/audio/speech',
  '/images/generations',
  '/images/edits',
])

/** Makes the provider. Throws `GatewayError` for an address or a key that cannot be used. */
export function azure(settings: ProviderSettings, protocols: Protocols): Provider {
  const dial = openaiDial(protocols)
  const version = versionOf(settings)
  const { apiKey } = settings
  return {
    name: settings.name,
    settings,
    family: 'openai',
    dial: (call, wanted) => {
      const dialled = dial(call, wanted)
      return call.endpoint === 'passthrough' ? dialled : placed(dialled, wanted, version)
    },
    // The versionless API is often written down as part of the address.
    url: addressBelow(settings.baseUrl.replace(/\/openai(?:\/v1)?\/?$/, '')),
    // A token of Entra ID is no key.
    authorize:
      apiKey !== null && isToken(apiKey) ? bearerOnly(apiKey) : keyHeader('api-key', apiKey),
    amend: (body) => applyQuirks(openaiQuirks, body),
    claims: (model) => matchesModel(settings.models, model),
  }
}

function versionOf({ options }: ProviderSettings): string | null {
  const version = options?.apiVersion ?? null
  if (version === null || /^[\w.-]{1,40}$/.test(version)) return version
  throw new GatewayError('internal_error', { message: 'The API version of Azure is not one.' })
}

function placed(dial: Dial, { model }: Wanted, version: string | null): Dial {
  const { path, search } = dial
  if (version === null) return { ...dial, path: `/openai/v1${path}` }
  const place =
    model !== null && ofDeployments.has(path) ? `/deployments/${encodeURIComponent(model)}` : ''
  const query = new URLSearchParams(search)
  query.set('api-version', version)
  return { ...dial, path: `/openai${place}${path}`, search: `?${query}` }
}

function bearerOnly(token: string): (headers: Headers) => void {
  const authorize = bearer(token)
  return (headers) => {
    headers.delete('api-key')
    authorize(headers)
  }
}
