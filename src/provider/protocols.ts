/** Which dialect is spoken on which endpoint of an OpenAI-family API. */
import type { EndpointName } from '../config/config.ts'
import type { Protocol } from '../protocol/protocol.ts'

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
  if (path.endsWith('/responses')) return protocols.responses
  return protocols.opaque
}
