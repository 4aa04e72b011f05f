/** Answers that many tests need, as scripts of the upstream. */
import { toBytes } from './http.ts'
import { turn } from './signal.ts'
import type { UpstreamScript } from './upstream.ts'
import type { HeadersToSend, UpstreamConnection } from './upstream-connection.ts'

/** An event to send; a plain string is its data. */
export type EventToSend =
  | string
  | { readonly data: string; readonly event?: string; readonly id?: string }

/** How a stream is sent. */
export interface StreamOptions {
  /** Milliseconds between two pieces; 0 turns the event loop once. */
  readonly gapMs?: number
  readonly headers?: HeadersToSend
  /** Whether `data: [DONE]` closes a stream of events. Default false. */
  readonly done?: boolean
}

/** Where `replay` cuts: nowhere, after every byte, or at these offsets. */
export type Splits = 'whole' | 'bytes' | readonly number[]

const eventStream = { 'content-type': 'text/event-stream; charset=utf-8' }

/** One event in the bytes of the wire. */
export function eventText(event: EventToSend): string {
  if (typeof event === 'string') return `data: ${event}\n\n`
  const name = event.event === undefined ? '' : `event: ${event.event}\n`
  const id = event.id === undefined ? '' : `id: ${event.id}\n`
  return `${name}${id}data: ${event.data}\n\n`
}

/** The whole stream that `sse` sends, for comparing. */
export function eventsText(events: readonly EventToSend[], done = false): string {
  return events.map(eventText).join('') + (done ? 'data: [DONE]\n\n' : '')
}

/** Answers with a stream of events, one chunk each. */
export function sse(events: readonly EventToSend[], options: StreamOptions = {}): UpstreamScript {
  return async (_request, connection) => {
    await connection.head(200, options.headers ?? eventStream)
    for (const event of events) {
      await connection.chunk(eventText(event))
      await pause(options.gapMs ?? 0)
    }
    if (options.done === true) await connection.chunk(eventText('[DONE]'))
    await connection.end()
  }
}

/** Answers with exactly these bytes as the body, cut as `splits` says, one chunk a piece. */
export function replay(
  bytes: Uint8Array,
  splits: Splits = 'whole',
  options: StreamOptions = {},
): UpstreamScript {
  return async (_request, connection) => {
    await connection.head(200, options.headers ?? eventStream)
    for (const piece of cut(bytes, splits)) {
      await connection.chunk(piece)
      await pause(options.gapMs ?? 0)
    }
    await connection.end()
  }
}

/** Answers with a JSON body and its length. */
export function json(
  status: number,
  body: unknown,
  headers: Readonly<Record<string, string>> = {},
): UpstreamScript {
  return async (_request, connection) => {
    await sendJson(connection, status, body, headers)
  }
}

/** Sends a JSON body on a connection, for scripts that decide by the request. */
export async function sendJson(
  connection: UpstreamConnection,
  status: number,
  body: unknown,
  headers: Readonly<Record<string, string>> = {},
): Promise<void> {
  const bytes = toBytes(JSON.stringify(body))
  const length = { 'content-length': String(bytes.byteLength) }
  await connection.head(status, { 'content-type': 'application/json', ...length, ...headers })
  await connection.raw(bytes)
}

/** Answers nothing, until the program under test closes the connection. */
export const silence: UpstreamScript = async (_request, connection) => {
  await connection.closed
}

/** Answers the requests with these scripts in turn; the last one answers all further ones. */
export function inTurn(...scripts: readonly UpstreamScript[]): UpstreamScript {
  let index = 0
  return (request, connection) => {
    const script = scripts[Math.min(index++, scripts.length - 1)] ?? silence
    return script(request, connection)
  }
}

/** The data of the events of an OpenAI chat stream: role, one delta a token, finish, usage. */
export function chatEvents(tokens: readonly string[], model = 'test-model'): string[] {
  const base = { id: 'chatcmpl-test', object: 'chat.completion.chunk', created: 1, model }
  const delta = (content: object, finish: string | null): string =>
    JSON.stringify({
      ...base,
      choices: [{ index: 0, delta: content, logprobs: null, finish_reason: finish }],
      usage: null,
    })
  const usage = { prompt_tokens: 3, completion_tokens: tokens.length }
  return [
    delta({ role: 'assistant', content: '' }, null),
    ...tokens.map((token) => delta({ content: token }, null)),
    delta({}, 'stop'),
    JSON.stringify({
      ...base,
      choices: [],
      usage: { ...usage, total_tokens: 3 + tokens.length },
    }),
  ]
}

/** Cuts bytes into pieces; offsets outside, equal or unsorted are put right. */
export function cut(bytes: Uint8Array, splits: Splits): Uint8Array[] {
  if (splits === 'whole') return [bytes]
  const inside = splits === 'bytes' ? Array.from(bytes.keys()) : splits
  const edges = [...new Set([0, ...inside, bytes.byteLength])].sort((a, b) => a - b)
  const within = edges.filter((edge) => edge >= 0 && edge <= bytes.byteLength)
  return within.slice(1).map((edge, index) => bytes.subarray(within[index], edge))
}

async function pause(gapMs: number): Promise<void> {
  if (gapMs > 0) await Bun.sleep(gapMs)
  else await turn()
}
