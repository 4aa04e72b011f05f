/** Vertex AI: Gemini in a Google Cloud project, or in express mode with an API key alone. */
import { readFileSync } from 'node:fs'
import type { ProviderSettings } from '../config/config.ts'
import { GatewayError } from '../core/errors.ts'
import { geminiCounting } from '../protocol/asides.ts'
import { readGeminiAnswer, writeVertexRequest } from '../protocol/embeddings/gemini.ts'
import { addressBelow } from './address.ts'
import { matchesModel } from './claims.ts'
import { bearer } from './credentials.ts'
import { type GoogleProtocols, googleDial, modelSegments } from './google-models.ts'
import { AccessToken, googleKey, parseServiceAccount, type ServiceAccount } from './google-token.ts'
import type { Provider } from './provider.ts'

/** What Vertex needs beside a name and models. */
export interface VertexSettings {
  /** Null in express mode, where the key stands for the project. */
  readonly project: string | null
  /** `global` where it is not said. */
  readonly location: string
  /** An OAuth token that somebody else keeps fresh. */
  readonly accessToken: string | null
  readonly serviceAccount: ServiceAccount | null
  /** The key of express mode. */
  readonly apiKey: string | null
}

/**
 * Reads the settings out of a provider's options (`project`, `location`, `accessToken`,
 * `credentialsFile`); the project is that of the service account where it is not said.
 * @throws GatewayError `internal_error` for a file that cannot be read.
 */
export function vertexSettings(settings: ProviderSettings): VertexSettings {
  const options = settings.options ?? {}
  const file = options.credentialsFile ?? null
  const serviceAccount = file === null ? null : parseServiceAccount(readCredentials(file))
  return {
    project: options.project ?? serviceAccount?.projectId ?? null,
    location: options.location ?? 'global',
    accessToken: options.accessToken ?? null,
    serviceAccount,
    apiKey: settings.apiKey,
  }
}

function readCredentials(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    throw misconfigured('The file of the service account cannot be read.')
  }
}

const misconfigured = (message: string): GatewayError =>
  new GatewayError('internal_error', { message })

/**
 * Makes the provider. It claims no bare names but those the operator listed, since the Gemini API
 * has the same models; `vertex/gemini-...` always works.
 *
 * @param proxy for the exchange of tokens.
 * @throws GatewayError `internal_error` where project and credentials do not make a whole.
 */
export function vertex(
  settings: ProviderSettings,
  protocols: GoogleProtocols,
  proxy: string | null = null,
): Provider {
  const own = vertexSettings(settings)
  const place = (model: string): string => `${rootOf(own)}/${modelPath(model)}`
  return {
    name: settings.name,
    settings,
    family: null,
    dial: googleDial(protocols, place),
    embeddings: {
      name: 'vertex',
      inputsMax: 250,
      path: (model) => `${place(model)}:predict`,
      write: writeVertexRequest,
      read: readGeminiAnswer,
    },
    counting: geminiCounting('vertex', (model) => `${place(model)}:countTokens`),
    url: addressBelow(settings.baseUrl === '' ? addressOf(own.location) : settings.baseUrl),
    authorize: authorizeWith(own, proxy),
    claims: (model) => matchesModel(settings.models, model),
  }
}

/** What stands in front of the publisher; both words are the operator's, and still checked. */
function rootOf({ project, location }: VertexSettings): string {
  return project === null ? '' : `/projects/${project}/locations/${location}`
}

function modelPath(model: string): string {
  const isWhole = /^(?:publishers|endpoints)\//.test(model)
  const name = model.replace(/^models\//, '')
  return `${isWhole ? '' : 'publishers/google/models/'}${modelSegments(name)}`
}

/** The one address of `global` and of express mode, or that of a region. */
function addressOf(location: string): string {
  const host = 'aiplatform.googleapis.com'
  return location === 'global' ? `https://${host}/v1` : `https://${location}-${host}/v1`
}

function authorizeWith(own: VertexSettings, proxy: string | null): Provider['authorize'] {
  if (!/^[a-z0-9-]{1,63}$/.test(own.location)) {
    throw misconfigured('The location of Vertex is not the name of a region.')
  }
  if (own.project === null) {
    if (own.apiKey === null) throw misconfigured('Vertex needs a project, or an API key.')
    return googleKey(own.apiKey)
  }
  if (!/^[a-z0-9:.-]{1,128}$/i.test(own.project)) {
    throw misconfigured('The project of Vertex is not the id of a project.')
  }
  if (own.accessToken !== null) return bearer(own.accessToken)
  if (own.serviceAccount === null) {
    if (own.apiKey !== null) return googleKey(own.apiKey)
    throw misconfigured('Vertex needs a token, a service account, or an API key.')
  }
  const token = new AccessToken(own.serviceAccount, proxy)
  return async (headers) => {
    const value = await token.get()
    headers.delete('x-goog-api-key')
    bearer(value)(headers)
  }
}
