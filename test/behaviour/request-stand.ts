/** What the tests of bad requests share: how they are written, and what a refusal is. */
import { expect, test } from 'bun:test'
import { sendJson } from '../kit/answers.ts'
import { jsonRequest, type RequestToSend } from '../kit/client.ts'
import type { RawResponse } from '../kit/response.ts'
import type { UpstreamScript } from '../kit/upstream.ts'
import { type Asking, type Stand, startStand } from './client-stand.ts'

/** The endpoint that most requests are for. */
export const chatPath = '/v1/chat/completions'

/** A provider that answers whatever it is asked, when it has read all of it. */
export const answer: UpstreamScript = async (request, connection) => {
  await request.bytes()
  await sendJson(connection, 200, { id: 'chatcmpl-1', object: 'chat.completion', choices: [] })
}

/** A chat that nothing is wrong with. */
export const good = { model: 'gpt-test', messages: [] } as const
/** The same as the text of a body. */
export const goodText = JSON.stringify(good)

/** A Host line, and the lines of a good body. */
export const host = 'host: localhost'
/** See `host`. */
export const jsonLines = ['content-type: application/json', `content-length: ${goodText.length}`]

/** What is sent: a request, or bytes of our own as text with one character a byte. */
export type Sent = string | RequestToSend

/** What is wrong, what is sent, and the status and the code of the answer. */
export type Row = readonly [name: string, sent: Sent, status: number, code: string]

/** A chat with this body. */
export const chat = (
  body: unknown,
  headers: Readonly<Record<string, string>> = {},
): RequestToSend => jsonRequest(chatPath, body, headers)

/** A chat with these bytes as its body. */
export const bodyOf = (body: string | Uint8Array, type = 'application/json'): RequestToSend => ({
  method: 'POST',
  path: chatPath,
  headers: { 'content-type': type },
  body,
})

/** A request in the bytes of the wire; `lines` come after the request line. */
export const raw = (startLine: string, lines: readonly string[], body = ''): string =>
  `${startLine} HTTP/1.1\r\n${lines.map((line) => `${line}\r\n`).join('')}\r\n${body}`

/** A good chat in the bytes of the wire, with more `lines`, or with another body or none. */
export const rawChat = (lines: readonly string[] = [], body = goodText): string =>
  raw(`POST ${chatPath}`, [host, ...jsonLines, ...lines], body)

/** Sends it on a connection of its own. */
export async function sendTo(stand: Stand, sent: Sent, method = 'POST'): Promise<Asking> {
  if (typeof sent !== 'string') return stand.ask(sent)
  const client = await stand.connect()
  const response = client.expect(method)
  // The server may close before it has read everything.
  client.send(Buffer.from(sent, 'latin1')).catch(() => {})
  return { client, response }
}

/** The status and the code of a complete answer. */
export const outcomeOf = (response: RawResponse): unknown[] => [
  response.status,
  JSON.parse(response.text()).error?.code,
]

/** Expects the refusal of a row: in OpenAI's shape, with an id, and nobody else has heard of it. */
export async function expectRefusal(
  [, sent, status, code]: Row,
  environment: Readonly<Record<string, string>> = {},
): Promise<void> {
  const stand = await startStand(answer, environment)
  const { response } = await sendTo(stand, sent)
  expect(await response.ended()).toBe('complete')
  expect(outcomeOf(response)).toEqual([status, code])
  const { error } = JSON.parse(response.text())
  expect(Object.keys(error).sort()).toEqual(['code', 'message', 'param', 'type'])
  expect(error.message).toMatch(/\w.*\.$/)
  expect(response.header('content-type')).toBe('application/json')
  expect(response.header('x-request-id')).toMatch(/^req_[0-9a-z]{24}$/)
  expect(stand.upstream.connectionCount).toBe(0)
}

/** Tests every row; `title` has a `%s` for what is wrong. */
export function testRefusals(title: string, rows: readonly Row[]): void {
  const named = rows.map((row) => [row[0], row] as const)
  test.each(named)(title, async (_name, row) => expectRefusal(row))
}

/** Expects that the parser refuses the bytes: a status without a body, and the end. */
export async function expectParserRefusal(stand: Stand, sent: string, status = 400) {
  const { client, response } = await sendTo(stand, sent)
  await response.ended()
  expect([response.status, response.bodyBytes]).toEqual([status, 0])
  await client.closed
  expect(client.ending).toStartWith('peer-')
}

/** Expects that the connection still answers a good chat. */
export async function expectReusable({ client }: Pick<Asking, 'client'>): Promise<void> {
  const next = client.request(chat(good))
  expect(await next.ended()).toBe('complete')
  expect(next.status).toBe(200)
}
