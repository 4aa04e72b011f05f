/** The last stage: the provider's bytes become the client's response. */
import { GatewayError } from '../core/errors.ts'
import { isObject } from '../core/json.ts'
import { translationOf } from '../protocol/translation.ts'
import type { Opened } from '../provider/call.ts'
import { ClientStream } from './client-stream.ts'
import type { RelayContext } from './context.ts'
import { directStream } from './direct-stream.ts'
import type { ResumableStream } from './resumable.ts'

/** Headers that every event stream leaves with (design, section 4). */
export const eventStreamHeaders = {
  'content-type': 'text/event-stream; charset=utf-8',
  'cache-control': 'no-cache, no-transform',
  'x-accel-buffering': 'no',
} as const

/**
 * Turns an answer, or the promise of one, into the client's response. A promise opens the response
 * before the answer is there, as an event stream that carries heartbeats until then.
 * @param headers what the gateway adds.
 */
export function relay(
  source: Opened | Promise<Opened>,
  headers: Headers,
  context: RelayContext,
): Response {
  const isEventStream = source instanceof Promise || source.isEventStream
  const { framing, resume } = context
  const kept = isEventStream && framing === 'sse' && resume !== null ? resume.open() : null
  if (kept !== null && resume !== null) {
    return resumable(source, headers, context, kept, resume.signal)
  }
  if (source instanceof Promise) {
    return new Response(streamOf(new ClientStream(source, true, context), context), {
      status: 200,
      headers: withStream(headers, context),
    })
  }
  takeHeaders(headers, source)
  if (source.reader === null && !source.isEventStream)
    return wholeResponse(source, headers, context)
  const client = new ClientStream(source, source.isEventStream, context)
  return new Response(streamOf(client, context), {
    status: source.status,
    headers: source.isEventStream ? withStream(headers, context) : headers,
  })
}

/** The answer is written to a journal, and its client is the first that reads there. */
function resumable(
  source: Opened | Promise<Opened>,
  headers: Headers,
  context: RelayContext,
  stream: ResumableStream,
  signal: AbortSignal,
): Response {
  const status = source instanceof Promise ? 200 : source.status
  if (!(source instanceof Promise)) takeHeaders(headers, source)
  withStream(headers, context).set('x-sluice-stream-id', stream.id)
  const { settings } = stream
  const client = new ClientStream(source, true, { ...context, settings })
  const reader = stream.first(signal)
  void stream.run((sink) => client.pull(sink))
  return new Response(directStream(reader, settings.responseChunkBytes), { status, headers })
}

function withStream(headers: Headers, { framing }: RelayContext): Headers {
  for (const [name, value] of Object.entries(eventStreamHeaders)) headers.set(name, value)
  if (framing === 'json-array') headers.set('content-type', 'application/json; charset=utf-8')
  return headers
}

/** A body that is all there needs no stream. */
function wholeResponse(opened: Opened, headers: Headers, context: RelayContext): Response {
  const { exchange, done } = context
  const [first] = opened.head
  const received =
    first === undefined ? null : opened.head.length === 1 ? first : Buffer.concat(opened.head)
  const body = opened.translated === null ? received : translated(opened, received, context)
  exchange.bytesIn += received?.byteLength ?? 0
  exchange.bytesOut += body?.byteLength ?? 0
  exchange.endReason = 'completed'
  done()
  return new Response(body as Uint8Array<ArrayBuffer> | null, { status: opened.status, headers })
}

/** A whole answer in the client's dialect. @throws GatewayError the provider's error in it. */
function translated(
  { protocol, translated: answer }: Opened,
  received: Uint8Array | null,
  context: RelayContext,
): Uint8Array | null {
  const parsed: unknown = JSON.parse(new TextDecoder().decode(received ?? undefined))
  if (!isObject(parsed) || answer === null) throw new GatewayError('upstream_bad_response')
  const events = translationOf(protocol).readResponse(parsed, context.protocol.name)
  for (const event of events) {
    if (event.type === 'error') throw event.error
    if (event.type === 'finish') context.exchange.finishReason = event.native ?? event.reason
  }
  const written = translationOf(context.protocol).writeResponse(events, answer)
  return new TextEncoder().encode(JSON.stringify(written))
}

function takeHeaders(headers: Headers, opened: Opened): void {
  for (const [name, value] of opened.headers) {
    // Limits of the client's own key say more to it than those that we have at the provider.
    if (!headers.has(name)) headers.set(name, value)
  }
}

const streamOf = (client: ClientStream, { settings }: RelayContext): ReadableStream =>
  directStream(client, settings.responseChunkBytes)
