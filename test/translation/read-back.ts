/** The dialects that clients speak: how an answer is written there, and which SDKs read it back. */
import { collect } from '../../src/protocol/hub/collect.ts'
import type { HubEvent } from '../../src/protocol/hub/events.ts'
import type { Losses } from '../../src/protocol/hub/losses.ts'
import type { HubRequest } from '../../src/protocol/hub/request.ts'
import { protocols } from '../../src/protocol/registry.ts'
import { type AnswerContext, translationOf } from '../../src/protocol/translation.ts'
import type { Account } from './account.ts'
import { readMessage, readMessageStream } from './anthropic-readings.ts'
import { readContent, readContentStream } from './gemini-readings.ts'
import {
  readChat,
  readChatStream,
  readCompletion,
  readCompletionStream,
} from './openai-readings.ts'
import { readResponse, readResponseEvents, readResponseStream } from './responses-readings.ts'
import type { Clients } from './stand.ts'
import type { VercelProvider } from './vercel-readings.ts'

/** The dialects of clients. */
export const clientNames = ['chat', 'responses', 'messages', 'gemini', 'completions'] as const
/** One of them. */
export type ClientName = (typeof clientNames)[number]

/** How the official SDK of a dialect reads it. */
interface Client {
  readStream(clients: Clients): Promise<Account>
  readWhole(clients: Clients): Promise<Account>
  /** A more patient reading of what is only passed along; where it differs. */
  readOwn?(clients: Clients): Promise<Account>
  /** The provider of the `ai` package for it; null where it has none. */
  readonly vercel: VercelProvider | null
}

/** The readings of each. */
export const clients: Readonly<Record<ClientName, Client>> = {
  chat: { readStream: readChatStream, readWhole: readChat, vercel: 'chat' },
  responses: {
    readStream: readResponseStream,
    readOwn: readResponseEvents,
    readWhole: readResponse,
    vercel: 'responses',
  },
  messages: { readStream: readMessageStream, readWhole: readMessage, vercel: 'messages' },
  gemini: { readStream: readContentStream, readWhole: readContent, vercel: 'gemini' },
  completions: { readStream: readCompletionStream, readWhole: readCompletion, vercel: null },
}

/** The list of what a dialect cannot say. */
export const lossesOf = (client: ClientName): Losses => translationOf(protocols[client]).losses

/** A request in a dialect, as short as it can be. */
function requestIn(client: ClientName): HubRequest {
  const content = 'Hi'
  const messages = [{ role: 'user', content }]
  const bodies = {
    chat: { model: 'm', messages, stream_options: { include_usage: true } },
    responses: { model: 'm', input: content },
    messages: { model: 'm', max_tokens: 10, messages },
    gemini: { contents: [{ role: 'user', parts: [{ text: content }] }] },
    completions: { model: 'm', prompt: content },
  }
  const path = client === 'gemini' ? { model: 'm', stream: true } : { model: null, stream: null }
  return translationOf(protocols[client]).readRequest(bodies[client], path)
}

function contextOf(client: ClientName, framing: AnswerContext['framing'] = 'sse'): AnswerContext {
  return {
    model: 'asked-for',
    requestId: 'req_123',
    createdS: 1_700_000_000,
    includeUsage: true,
    framing,
    request: requestIn(client),
  }
}

/** An answer as a stream of a dialect, written as it would come: event by event. */
export function writeStream(
  client: ClientName,
  events: readonly HubEvent[],
  framing: AnswerContext['framing'] = 'sse',
): string {
  const writer = translationOf(protocols[client]).writer(contextOf(client, framing))
  return events.map((event) => writer.write([event])).join('')
}

/** The same where everything came at once. */
export function writeBatch(client: ClientName, events: readonly HubEvent[]): string {
  return translationOf(protocols[client]).writer(contextOf(client)).write(events)
}

/** The same as one body of JSON; null where the answer failed, which has no body. */
export function writeWhole(client: ClientName, events: readonly HubEvent[]): unknown {
  if (collect(events).error !== null) return null
  return translationOf(protocols[client]).writeResponse(events, contextOf(client))
}
