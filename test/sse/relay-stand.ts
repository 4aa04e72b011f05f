/** What the tests of relayed streams share: streams of chats, and asking for them in two ways. */
import { type Stand, startStand } from '../behaviour/client-stand.ts'
import { chatEvents, replay, type Splits } from '../kit/answers.ts'
import { jsonRequest } from '../kit/client.ts'
import type { RawResponse } from '../kit/response.ts'
import type { UpstreamScript } from '../kit/upstream.ts'
import { readAsBrowser } from './event-source.ts'

/** The chunks of a chat that says `Hello 🌊 there`: role, text, text, finish, usage. */
export const chunks = chatEvents(['Hello 🌊', ' there'])

/** Its stream as providers should send it. */
export const canonical = [...chunks, '[DONE]'].map((data) => `data: ${data}\n\n`).join('')

/** A stand whose provider is asked once for each request. */
export function startOnce(
  script: UpstreamScript,
  environment: Readonly<Record<string, string>> = {},
): Promise<Stand> {
  return startStand(script, { RETRIES_MAX: '0', ...environment })
}

/** How a client asks: in the provider's dialect, in another one, or for bytes it reads itself. */
export type Way = 'passed' | 'translated' | 'opaque'

const messages = [{ role: 'user', content: 'Hi' }]
const requests = {
  passed: jsonRequest('/v1/chat/completions', { model: 'gpt-test', stream: true, messages }),
  translated: jsonRequest('/v1/messages', {
    ...{ model: 'openai/gpt-test', max_tokens: 9, stream: true, messages },
  }),
  opaque: { method: 'GET', path: '/passthrough/openai/events' },
} as const

/** Asks in one of the ways and waits for the end of the answer. */
export async function askIn(way: Way, stand: Stand): Promise<RawResponse> {
  const { response, client } = await stand.ask(requests[way])
  await response.ended()
  client.close()
  return response
}

/** A script whose body can be changed from request to request. */
export class Playing {
  #script: UpstreamScript = () => {}
  readonly script: UpstreamScript = (request, connection) => this.#script(request, connection)

  /** Answers with these bytes from now on. */
  play(bytes: Uint8Array | string, splits: Splits, headers?: Record<string, string>): void {
    const body = typeof bytes === 'string' ? new TextEncoder().encode(bytes) : bytes
    this.#script = replay(body, splits, headers === undefined ? {} : { headers })
  }

  /** Answers by a script of its own from now on. */
  follow(script: UpstreamScript): void {
    this.#script = script
  }
}

/** The data of the events of a body, as a browser reads them. */
export const dataIn = (response: RawResponse): string[] =>
  readAsBrowser(response.body()).events.map(({ data }) => data)

/** The text that a body says, in the dialect of chats or of messages. */
export function textIn(response: RawResponse): string {
  let text = ''
  for (const data of dataIn(response)) {
    if (data.startsWith('[DONE]')) continue
    const event = JSON.parse(data)
    text += event.choices?.[0]?.delta?.content ?? event.delta?.text ?? ''
  }
  return text
}
