/** Which dialect is spoken on which endpoint of an OpenAI-family API. */
import type { EndpointName } from '../config/config.ts'
import type { ProtocolName } from '../protocol/names.ts'
import type { Protocol } from '../protocol/protocol.ts'
import type { Provider } from './provider.ts'

/** The dialects of the OpenAI family, handed in by the composition root. */
export interface Protocols {
  readonly chat: Protocol
  readonly completions: Protocol
  readonly responses: Protocol
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

/** Dialects that a member of the OpenAI family understands without translation. */
const ownDialects: ReadonlySet<ProtocolName> = new Set([
  'openai-chat',
  'openai-completions',
  'openai-responses',
  'opaque',
])

/** How a member of the OpenAI family is called: as the client called us, else as a chat. */
export function openaiDial(protocols: Protocols): Provider['dial'] {
  return ({ endpoint, path, search, protocol }) =>
    ownDialects.has(protocol.name)
      ? { protocol: protocolFor(protocols, endpoint, path), path, search }
      : { protocol: protocols.chat, path: '/chat/completions', search: '' }
}
