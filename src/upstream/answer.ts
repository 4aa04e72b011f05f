/** Judges a provider's answer: what may go on to the client, and what is a failure. */
import { GatewayError } from '../core/errors.ts'
import { isObject } from '../core/json.ts'
import type { Protocol } from '../protocol/protocol.ts'
import type { AnswerContext } from '../protocol/translation.ts'
import type { BodyReader, Opened, Target } from '../provider/call.ts'
import type { OpenContext } from './context.ts'
import { bodyReader } from './decoding.ts'
import { type HeadOwner, readFirstContent } from './first-event.ts'
import { headersForClient, isHeadTooLarge, retryAfterMs } from './headers.ts'

/** An error body above this is not read to its end. */
const ERROR_BYTES_MAX = 64 * 1024

/** Methods whose answer carries no body whatever its headers say. */
const bodiless = (method: string, status: number): boolean =>
  method === 'HEAD' || status === 204 || status === 205 || status === 304

/** What was sent, as far as it decides how the answer is read. */
export interface Sent {
  readonly target: Target
  /** What the provider was spoken to in. */
  readonly protocol: Protocol
  /** Set where the answer must be translated for the client. */
  readonly translated: AnswerContext | null
}

/** The content types that streams come with, by how they are framed. */
const streamTypes: Readonly<Record<Protocol['framing'], RegExp>> = {
  sse: /^text\/event-stream\b/i,
  ndjson: /^application\/(x-)?(nd)?json(lines|l)?\b/i,
  'aws-event-stream': /^application\/vnd\.amazon\.eventstream\b/i,
}

/** A whole answer that must be translated is held whole; none is larger than this. */
const TRANSLATED_BYTES_MAX = 64 * 1024 * 1024

/** The connection that an answer comes over. */
export interface AnswerOwner extends HeadOwner {
  /** Closes the connection. */
  cancel(): void
  /** It is no longer of interest, because all was read. */
  finished(): void
}

/**
 * Turns a provider's response into an open answer.
 * @throws GatewayError for redirects, error statuses, HTML, hidden errors, empty answers and heads
 *   that are too large.
 */
export async function acceptAnswer(
  response: Response,
  sent: Sent,
  context: OpenContext,
  owner: AnswerOwner,
): Promise<Opened> {
  const { request, call, intent, settings } = context
  const { target, protocol, translated } = sent
  if (isHeadTooLarge(response.headers)) throw new GatewayError('upstream_bad_response')
  const contentType = response.headers.get('content-type') ?? ''
  const answer = {
    target,
    settings,
    protocol,
    translated,
    status: response.status,
    headers: headersForClient(response.headers),
    cancel: owner.cancel,
  }
  if (bodiless(request.method, response.status) || response.body === null) {
    owner.finished()
    // To a reader of events an answer without a body would be an answer that says nothing.
    if (intent.stream && call.endpoint !== 'passthrough') throw new GatewayError('upstream_empty')
    return { ...answer, isEventStream: false, head: [], reader: null }
  }
  if (response.status >= 300 && response.status < 400) {
    throw new GatewayError('upstream_redirect_blocked')
  }
  const reader = bodyReader(response.body, response.headers.get('content-encoding'))
  if (!response.ok) {
    return refusedAnswer(response, reader, answer, call.endpoint === 'passthrough')
  }
  // A login page or a proxy's apology is never an answer, whatever its status says.
  if (/^text\/html\b/i.test(contentType) && call.endpoint !== 'passthrough') {
    throw new GatewayError('upstream_bad_content_type')
  }
  const mayStream = protocol.framing === 'sse' || intent.stream
  if (mayStream && streamTypes[protocol.framing].test(contentType)) {
    const { chunks, rest } = await readFirstContent(reader, protocol, settings, owner)
    if (rest === null) owner.finished()
    return { ...answer, isEventStream: true, head: chunks, reader: rest }
  }
  if (!/\bjson\b/i.test(contentType)) {
    if (intent.stream && protocol.hasEndMarker) throw new GatewayError('upstream_bad_content_type')
    // A response that breaks before its first byte would reach the client as half a status line.
    const { done, value } = await reader.read()
    if (done) owner.finished()
    const head = value === undefined ? [] : [value]
    return { ...answer, isEventStream: false, head, reader: done ? null : reader }
  }
  const bytesMax = translated === null ? settings.bufferedBytesMax : TRANSLATED_BYTES_MAX
  const { chunks, ended } = await readUpTo(reader, bytesMax)
  if (!ended && translated !== null) throw new GatewayError('upstream_protocol_error')
  if (ended) {
    owner.finished()
    lookAtJson(chunks, protocol, context)
  }
  return { ...answer, isEventStream: false, head: chunks, reader: ended ? null : reader }
}

/** A non-2xx answer: the provider's error in the client's dialect, or as it is on passthrough. */
async function refusedAnswer(
  response: Response,
  reader: BodyReader,
  answer: Omit<Opened, 'isEventStream' | 'head' | 'reader'>,
  verbatim: boolean,
): Promise<Opened> {
  const { chunks } = await readUpTo(reader, ERROR_BYTES_MAX).catch(() => ({ chunks: [] }))
  const wait = retryAfterMs(response.headers, Date.now())
  const parsed = parseJson(chunks)
  const error = advised(answer.protocol.readError(response.status, parsed, wait), response.headers)
  // The operator's credentials failed, not the client's: that is never shown as a 401.
  if (!verbatim || parsed === null || error.code === 'upstream_auth_failed') throw error
  // Only here: whoever throws has the connection closed by `open`, with the error as the reason.
  answer.cancel()
  return { ...answer, isEventStream: false, head: chunks, reader: null }
}

/** The official SDKs obey `x-should-retry` before all else; so do we, and pass it on. */
function advised(error: GatewayError, headers: Headers): GatewayError {
  const said = headers.get('x-should-retry')
  if (said !== 'true' && said !== 'false') return error
  const { code, detail, message } = error
  return new GatewayError(code, { ...detail, message, shouldRetry: said === 'true' })
}

/** Reads a body to its end or to `bytesMax`, whichever comes first. */
async function readUpTo(
  reader: BodyReader,
  bytesMax: number,
): Promise<{ chunks: Uint8Array[]; ended: boolean }> {
  const chunks: Uint8Array[] = []
  let bytes = 0
  while (bytes <= bytesMax) {
    const { done, value } = await reader.read()
    if (done || value === undefined) return { chunks, ended: true }
    chunks.push(value)
    bytes += value.length
  }
  return { chunks, ended: false }
}

/** Learns the usage of a JSON answer; a provider's error inside a 200 is a failure. */
function lookAtJson(chunks: readonly Uint8Array[], protocol: Protocol, context: OpenContext): void {
  const { call, facts } = context
  if (protocol.name === 'opaque' && call.endpoint !== 'embeddings') return
  const body = parseJson(chunks)
  if (!isObject(body)) throw new GatewayError('upstream_bad_response')
  const { usage, error } = protocol.readAnswer(body)
  if (error !== null) throw error
  if (usage !== null) facts.useUsage(usage)
}

function parseJson(chunks: readonly Uint8Array[]): unknown {
  if (chunks.length === 0) return null
  try {
    return JSON.parse(new TextDecoder().decode(Buffer.concat(chunks)))
  } catch {
    return null
  }
}
