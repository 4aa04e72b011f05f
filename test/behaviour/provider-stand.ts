/** What the tests of the provider's faults share: raw answers, and asking for a chat. */
import { chatEvents, eventsText, json } from '../kit/answers.ts'
import { jsonRequest } from '../kit/client.ts'
import type { RawResponse } from '../kit/response.ts'
import type { UpstreamScript } from '../kit/upstream.ts'
import { chatRequest, type Stand, startStand } from './client-stand.ts'

/** The head of an event stream. */
export const stream = { 'content-type': 'text/event-stream' }
/** A whole chat, an event each. */
export const events = chatEvents(['Hello', ' there'])
const [role = '', first = ''] = events

/** As far as the first content. */
export const begun = eventsText([role, first])

/** Asks for a chat and waits for the end of the answer. */
export async function chat(stand: Stand, wantsStream = true): Promise<RawResponse> {
  const request = jsonRequest('/v1/chat/completions', { ...chatRequest, stream: wantsStream })
  const { response } = await stand.ask(request)
  await response.ended()
  return response
}

/** Asks a provider that answers by `script`. */
export async function answer(
  script: UpstreamScript,
  options: { readonly stream?: boolean; readonly environment?: Record<string, string> } = {},
): Promise<{ response: RawResponse; stand: Stand }> {
  const stand = await startStand(script, options.environment)
  return { response: await chat(stand, options.stream ?? true), stand }
}

/** OpenAI's error body. */
export interface ErrorBody {
  readonly error: { readonly message: string; readonly type: string; readonly code: string | null }
}

/** The error of an answer that is one. */
export const errorOf = (response: RawResponse): ErrorBody['error'] =>
  (JSON.parse(response.text()) as ErrorBody).error

/** Raw bytes as the whole answer or as the rest of it, then FIN; without bytes, FIN at once. */
export const raw =
  (...pieces: string[]): UpstreamScript =>
  async (_request, connection) => {
    for (const piece of pieces) await connection.raw(piece)
    connection.close()
  }

/** A good status line and these headers. */
export const head = (lines: string): string => `HTTP/1.1 200 OK\r\n${lines}\r\n\r\n`
/** One chunk of the transfer coding. */
export const chunked = (text: string): string =>
  `${Buffer.byteLength(text).toString(16)}\r\n${text}\r\n`
/** The head of a chunked event stream, as bytes. */
export const sseHead = head('content-type: text/event-stream\r\ntransfer-encoding: chunked')

/** Refuses with this status, in OpenAI's words. */
export const refuses = (
  status: number,
  code: string | null = null,
  headers: Readonly<Record<string, string>> = {},
): UpstreamScript =>
  json(status, { error: { message: 'No.', type: 'e', param: null, code } }, headers)

/** Answers with a page of HTML that names a machine. */
export function page(status: number): UpstreamScript {
  const html = '<html><body>Bad gateway at edge-7.internal</body></html>'
  return async (_request, connection) => {
    await connection.head(status, {
      'content-type': 'text/html; charset=utf-8',
      'content-length': String(html.length),
    })
    await connection.raw(html)
  }
}
