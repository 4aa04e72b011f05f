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
import { openaiEmbeddings } from './embeddings.ts'
import { openaiQuirks } from './openai.ts'
import { openaiDial, type Protocols } from './protocols.ts'
import type { Provider } from './provider.ts'
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
  // The versionless API is often written down as part of the address.
  const below = addressBelow(settings.baseUrl.replace(/\/openai(?:\/v1)?\/?$/, ''))
  return {
    name: settings.name,
    settings,
    family: 'openai',
    dial: (call, wanted) => {
      const dialled = dial(call, wanted)
      if (call.endpoint === 'passthrough') return dialled
      return { ...dialled, path: placed(dialled.path, wanted.model, version) }
    },
    embeddings: {
      ...openaiEmbeddings,
      path: (model) => placed('/embeddings', model, version),
    },
    url: (path, search) => below(path, versioned(search, version)),
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

function placed(path: string, model: string | null, version: string | null): string {
  if (version === null) return `/openai/v1${path}`
  const isDeployed = model !== null && ofDeployments.has(path)
  return `/openai${isDeployed ? `/deployments/${encodeURIComponent(model)}` : ''}${path}`
}

/** The version is the operator's choice, unless a client of Azure's own API names one. */
function versioned(search: string, version: string | null): string {
  const query = new URLSearchParams(search)
  if (version === null || query.has('api-version')) return search
  query.set('api-version', version)
  return `?${query}`
}

function bearerOnly(token: string): (headers: Headers) => void {
  const authorize = bearer(token)
  return (headers) => {
    headers.delete('api-key')
    authorize(headers)
  }
}
