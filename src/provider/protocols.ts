/** Which dialect is spoken on which endpoint of an OpenAI-family API. */
import type { EndpointName } from '../config/config.ts'
import { GatewayError } from '../core/errors.ts'
import type { ProtocolName } from '../protocol/names.ts'
import type { Protocol } from '../protocol/protocol.ts'
import type { Provider } from './provider.ts'

/** The dialects, handed in by the composition root. */
export interface Protocols {
  readonly chat: Protocol
  readonly completions: Protocol
  readonly responses: Protocol
  readonly messages: Protocol
  readonly gemini: Protocol
  /** For everything that is passed along without being understood. */
  readonly opaque: Protocol
}

/**
 * The dialect of a call. `path` decides only where the endpoint leaves it open: under
 * `/passthrough/{provider}` and the catch-all, the path's ending names the same three dialects.
 */
export function protocolFor(protocols: Protocols, endpoint: EndpointName, path: string): Protocol {
  switch (endpoint) {
    case 'chat-completions':
      return protocols.chat
    case 'completions':
      return protocols.completions
    case 'responses':
      return protocols.responses
    // The OpenAI family does not speak these; see `openaiDial`.
    case 'messages':
    case 'gemini':
      return protocols.chat
    case 'embeddings':
    case 'models':
      return protocols.opaque
    case 'other':
    case 'passthrough':
      return protocolByPath(protocols, path)
  }
}

function protocolByPath(protocols: Protocols, path: string): Protocol {
  if (path.endsWith('/chat/completions')) return protocols.chat
  if (path.endsWith('/completions')) return protocols.completions
  // A stored response can be streamed again, under its own path.
  if (/\/responses(\/|$)/.test(path)) return protocols.responses
  return protocols.opaque
}

/** A dialect of the OpenAI family that answers. */
export type OpenAIDialect = Extract<ProtocolName, `openai-${string}`>

/** Dialects that a member of the OpenAI family understands without translation. */
export const ownDialects: ReadonlySet<ProtocolName> = new Set([
  'openai-chat',
  'openai-completions',
  'openai-responses',
  'opaque',
])

/** What a member of the OpenAI family speaks. */
export interface Spoken {
  /** Of the dialects that answer. */
  readonly dialects: readonly OpenAIDialect[]
  /** What whoever speaks another one is translated to; chat, unless the operator prefers. */
  readonly preferred?: 'openai-chat' | 'openai-responses'
  /** Where it chats; `/chat/completions` but for the odd one. */
  readonly chatPath: string
}

const everything: Spoken = {
  dialects: ['openai-chat', 'openai-completions', 'openai-responses'],
  chatPath: '/chat/completions',
}

/** Paths that ask a model for an answer, and not for a count of tokens, a vector or a file. */
export const asksForAnswer =
  /^\/(?:(?:chat\/)?completions|responses|messages|.*:(?:g|streamG)enerateContent)$/

/**
 * How a member of the OpenAI family is called: as the client called us where it speaks that, else
 * in the dialect that is preferred.
 * @throws GatewayError `unknown_url`, from the returned function, for what it does not have.
 */
export function openaiDial(protocols: Protocols, spoken = everything): Provider['dial'] {
  const { dialects, chatPath, preferred = 'openai-chat' } = spoken
  const speaks: ReadonlySet<ProtocolName> = new Set(dialects)
  return ({ endpoint, path, search, protocol: client }) => {
    const own = protocolFor(protocols, endpoint, path)
    // A path that nobody here knows is the provider's to refuse.
    const isForwarded = endpoint === 'passthrough' || endpoint === 'other' || own.name === 'opaque'
    if (isForwarded && ownDialects.has(client.name)) return { protocol: own, path, search }
    if (ownDialects.has(client.name) && speaks.has(own.name)) {
      return { protocol: own, path: own.name === 'openai-chat' ? chatPath : path, search }
    }
    const isTranslated = client.translation !== null && speaks.has(preferred)
    if (!isTranslated || !asksForAnswer.test(path)) throw new GatewayError('unknown_url')
    return preferred === 'openai-responses'
      ? { protocol: protocols.responses, path: '/responses', search: '' }
      : { protocol: protocols.chat, path: chatPath, search: '' }
  }
}
