/** The dialects of clients: where each asks, and for what. */
import type { EndpointName } from '../../src/config/config.ts'
import type { HubEvent } from '../../src/protocol/hub/events.ts'
import type { Protocol } from '../../src/protocol/protocol.ts'
import { protocols } from '../../src/protocol/registry.ts'
import { translationOf } from '../../src/protocol/translation.ts'
import type { Call } from '../../src/provider/call.ts'
import { createDeframer } from '../../src/sse/deframe.ts'

/** A client. */
export interface Client {
  readonly protocol: Protocol
  readonly endpoint: EndpointName
  /** What the edge makes of the path. */
  readonly path: (model: string) => string
  /** The request target. */
  readonly target: (model: string) => string
  readonly body: (model: string) => object
}

const hello = [{ role: 'user', content: 'Hello?' }]

/** Every dialect that a client may speak. */
export const clients: Readonly<Record<string, Client>> = {
  chat: {
    protocol: protocols.chat,
    endpoint: 'chat-completions',
    path: () => '/chat/completions',
    target: () => '/v1/chat/completions',
    body: (model) => ({
      model,
      stream: true,
      stream_options: { include_usage: true },
      messages: hello,
    }),
  },
  completions: {
    protocol: protocols.completions,
    endpoint: 'completions',
    path: () => '/completions',
    target: () => '/v1/completions',
    body: (model) => ({
      model,
      stream: true,
      stream_options: { include_usage: true },
      prompt: 'Hello?',
    }),
  },
  responses: {
    protocol: protocols.responses,
    endpoint: 'responses',
    path: () => '/responses',
    target: () => '/v1/responses',
    body: (model) => ({ model, stream: true, input: 'Hello?' }),
  },
  messages: {
    protocol: protocols.messages,
    endpoint: 'messages',
    path: () => '/messages',
    target: () => '/v1/messages',
    body: (model) => ({ model, stream: true, max_tokens: 64, messages: hello }),
  },
  gemini: {
    protocol: protocols.gemini,
    endpoint: 'gemini',
    path: (model) => `/models/${model}:streamGenerateContent`,
    target: (model) => `/v1beta/models/${model}:streamGenerateContent?alt=sse`,
    body: () => ({ contents: [{ role: 'user', parts: [{ text: 'Hello?' }] }] }),
  },
}

/** The call that the edge makes of a client's request. */
export const callOf = ({ protocol, endpoint, path }: Client, model: string): Call => ({
  endpoint,
  path: path(model),
  search: '',
  provider: null,
  protocol,
  framing: 'sse',
})

/** What a client reads in a stream of its dialect. */
export function readStream(protocol: Protocol, bytes: Uint8Array): readonly HubEvent[] {
  const deframer = createDeframer('sse', 1 << 20)
  const reader = translationOf(protocol).reader()
  const frames = [...deframer.push(bytes), ...deframer.end()]
  return [...frames.flatMap((frame) => reader.read(frame)), ...reader.end()]
}
