/** Anthropic: `api.anthropic.com`, or what `ANTHROPIC_BASE_URL` puts in its place. */
import type { ProviderSettings } from '../config/config.ts'
import { GatewayError } from '../core/errors.ts'
import { messagesCounting } from '../protocol/asides.ts'
import type { Protocol } from '../protocol/protocol.ts'
import { addressBelow } from './address.ts'
import type { Call } from './call.ts'
import { matchesModel } from './claims.ts'
import type { Dial, Provider } from './provider.ts'

/** The dialects of Anthropic's API, handed in by the composition root. */
export interface AnthropicProtocols {
  readonly messages: Protocol
  /** For everything that is passed along without being understood. */
  readonly opaque: Protocol
}

/** The names Anthropic gives its models. */
const ownModels = /^claude-/

/**
 * What the API behaves like for translated requests. The version after it, `2026-10-21`, refuses
 * `temperature`, `top_p` and `top_k`; clients that name it get it.
 */
const VERSION = '2023-06-01'

/** Makes the provider. Throws `GatewayError` for an address or a key that cannot be used. */
export function anthropic(settings: ProviderSettings, protocols: AnthropicProtocols): Provider {
  return {
    name: settings.name,
    settings,
    family: null,
    dial: (call) => dial(call, protocols),
    url: addressBelow(settings.baseUrl),
    authorize: anthropicKey(settings.apiKey),
    counting: messagesCounting,
    claims: (model) => ownModels.test(model) || matchesModel(settings.models, model),
  }
}

/**
 * A client of the same dialect keeps its path: `/messages`, or what stands below it. Everyone
 * else's chats are translated.
 * @throws GatewayError `unknown_url` for what Anthropic does not have.
 */
function dial({ endpoint, path, search, protocol }: Call, protocols: AnthropicProtocols): Dial {
  if (endpoint === 'passthrough' || protocol.name === protocols.messages.name) {
    const isMessage = /\/messages$/.test(path)
    return { protocol: isMessage ? protocols.messages : protocols.opaque, path, search }
  }
  if (endpoint === 'models') return { protocol: protocols.opaque, path: '/models', search }
  if (protocol.name === 'opaque') throw new GatewayError('unknown_url')
  return { protocol: protocols.messages, path: '/messages', search: '' }
}

/**
 * A function that puts the key on a call, and the version where the client named none. What a
 * client sent as its own credentials never survives.
 * @throws GatewayError `internal_error` at once for a key that cannot be a header value.
 */
function anthropicKey(apiKey: string | null): (headers: Headers) => void {
  if (apiKey !== null && !/^[\x21-\x7e]+$/.test(apiKey)) {
    throw new GatewayError('internal_error', {
      message: 'The API key of a provider may hold visible ASCII characters only.',
    })
  }
  return (headers) => {
    headers.delete('authorization')
    headers.delete('x-api-key')
    if (apiKey !== null) headers.set('x-api-key', apiKey)
    if (!headers.has('anthropic-version')) headers.set('anthropic-version', VERSION)
  }
}
