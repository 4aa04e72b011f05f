/**
 * Stage 2: reads a request as far as is needed to route it.
 *
 * One loop for every kind of body: bytes arrive, are looked at, and are kept. What is kept grows
 * out of memory at `memoryBytesMax`; from there it goes to a file when it must be sent again or is
 * not understood yet, and straight to the provider when neither holds.
 */
import type { EndpointName, IntakeSettings, StreamSettings } from '../config/config.ts'
import type { Sweep } from '../core/clock.ts'
import { GatewayError, toGatewayError } from '../core/errors.ts'
import type { Call, Intent, RequestBody } from '../provider/call.ts'
import { join, MemoryBody, SpooledBody, StreamedBody } from './body.ts'
import { blind, checkModelName, type Inspector } from './inspector.ts'
import { JsonInspector } from './json.ts'
import { free } from './memory.ts'
import { boundaryOf, MultipartInspector } from './multipart.ts'
import { BodySource } from './source.ts'
import type { Spool } from './spool.ts'

/** What reading needs besides the request. */
export interface IntakeContext {
  readonly settings: IntakeSettings
  readonly stream: StreamSettings
  /** Ends the reading, with its reason. */
  readonly signal: AbortSignal
  readonly sweep: Sweep
  readonly spool: Spool
}

type BodyKind = 'json' | 'multipart' | 'opaque'

/** The endpoints whose body we know: a JSON object with a model. */
const knownEndpoints: ReadonlySet<EndpointName> = new Set([
  'chat-completions',
  'completions',
  'responses',
  'messages',
  'gemini',
  'embeddings',
] as const)

/**
 * Reads `request`. The caller releases the body of the result on every path. Throws `GatewayError`
 * where the body is refused or does not arrive; nothing is left behind then.
 */
export async function readIntent(
  request: Request,
  call: Call,
  context: IntakeContext,
): Promise<Intent> {
  const contentType = request.headers.get('content-type')
  const isKnown = knownEndpoints.has(call.endpoint)
  const nothing = { model: null, stream: false, body: null, outputTokensMax: null }
  const none: Intent = { ...nothing, contentType }
  if (request.method === 'GET' || request.method === 'HEAD') return none
  if (request.method === 'DELETE' && request.body === null) return none

  const kind = kindOf(contentType, isKnown)
  refuseEncoded(request.headers)
  const declaredBytes = declaredLength(request.headers)
  if ((declaredBytes ?? 0) > context.settings.requestBytesMax) {
    throw new GatewayError('body_too_large')
  }
  await arrivedTogether()
  if (request.body === null) {
    if (isKnown) throw emptyBody()
    return none
  }

  const inspector = inspectorFor(kind, isKnown, call, contentType, context.settings)
  const { requestBytesMax: bytesMax, bodyIdleTimeoutMs: idleTimeoutMs } = context.settings
  const limits = { bytesMax, idleTimeoutMs }
  const source = new BodySource(request.body, limits, context.sweep, context.signal)
  try {
    const keeper = { source, inspector, kind, call, context, declaredBytes }
    const body = await keep(keeper)
    if (body !== null) {
      const { says } = call
      const named = says?.model ?? null
      const model = named === null ? inspector.model : checkModelName(named)
      const { uploadWaitMs } = source
      const { outputTokensMax } = inspector
      const stream = says?.stream ?? inspector.stream
      const intent = { model, stream, body, contentType, outputTokensMax }
      return uploadWaitMs > 0 ? { ...intent, uploadWaitMs } : intent
    }
  } catch (thrown) {
    source.cancel(toGatewayError(thrown))
    throw toGatewayError(thrown)
  }
  if (isKnown) throw emptyBody()
  return none
}

/**
 * One turn of the event loop. The server calls us when it has read a head, before it hands over
 * the body that came in the same packet. A body that is asked for then is read through a buffer of
 * 256 KiB that the runtime makes for each request: 35 microseconds, and a garbage collection every
 * 20 requests. One turn later the small ones are simply there.
 */
const arrivedTogether = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

/** What the loop below works with. */
interface Keeper {
  readonly source: BodySource
  readonly inspector: Inspector
  readonly kind: BodyKind
  readonly call: Call
  readonly context: IntakeContext
  readonly declaredBytes: number | null
}

/** Reads until the body is complete or may pass; null where it is empty. */
async function keep(keeper: Keeper): Promise<RequestBody | null> {
  const { source, inspector, kind, call, context, declaredBytes } = keeper
  const { memoryBytesMax } = context.settings
  const chunkBytes = context.stream.requestChunkBytes
  const chunks: Uint8Array[] = []
  for (;;) {
    const chunk = await source.read()
    if (chunk === null) {
      if (source.receivedBytes === 0) return null
      inspector.finish()
      return new MemoryBody(gather(chunks), inspector.span)
    }
    inspector.feed(chunk)
    chunks.push(chunk)
    const isFull = source.receivedBytes > memoryBytesMax
    // Where the client says that the body will not fit, there is no reason to wait until it fills.
    if (!isFull && (declaredBytes ?? 0) <= memoryBytesMax) continue
    const isRoutable = kind === 'opaque' || inspector.model !== null || call.provider !== null
    if (kind !== 'json' && isRoutable) {
      const options = { lengthBytes: declaredBytes, chunkBytes }
      return new StreamedBody(gather(chunks), source, inspector, options)
    }
    if (isFull || kind === 'json') return spoolRest(keeper, chunks)
  }
}

/** The chunks as one array; they are given up for it. */
function gather(chunks: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const all = join(chunks)
  if (chunks.length > 1) for (const chunk of chunks) free(chunk)
  return all
}

/** Writes the body to a file while the rest of it arrives. */
async function spoolRest(keeper: Keeper, chunks: Uint8Array[]): Promise<RequestBody> {
  const { source, inspector, context } = keeper
  const file = await context.spool.create()
  try {
    for (let chunk = chunks.shift(); chunk !== undefined; chunk = chunks.shift()) {
      await file.append(chunk)
      free(chunk)
    }
    for (let chunk = await source.read(); chunk !== null; chunk = await source.read()) {
      inspector.feed(chunk)
      await file.append(chunk)
      free(chunk)
    }
    inspector.finish()
    return new SpooledBody(file, inspector.span, context.stream.requestChunkBytes)
  } catch (thrown) {
    file.release()
    throw thrown
  }
}

/** What a body is, by its content type. Throws 415 where the endpoint takes another one. */
function kindOf(contentType: string | null, isKnown: boolean): BodyKind {
  const type = (contentType?.split(';')[0] ?? '').trim().toLowerCase()
  const isJson = type === 'application/json' || type.endsWith('+json')
  if (isJson || (isKnown && type === '')) return 'json'
  if (isKnown) {
    throw new GatewayError('unsupported_media_type', {
      message: 'The content type must be application/json.',
    })
  }
  return type === 'multipart/form-data' ? 'multipart' : 'opaque'
}

/** A compressed body could be a bomb, and could not be looked at without unpacking it. */
function refuseEncoded(headers: Headers): void {
  const encoding = headers.get('content-encoding')?.trim().toLowerCase() ?? ''
  if (encoding === '' || encoding === 'identity') return
  throw new GatewayError('unsupported_media_type', {
    message: 'A request body with a content encoding is not accepted.',
  })
}

/** The length that the client announced, or null. The server has checked that it is a number. */
function declaredLength(headers: Headers): number | null {
  const value = headers.get('content-length')
  return value === null ? null : Number(value)
}

function inspectorFor(
  kind: BodyKind,
  isKnown: boolean,
  call: Call,
  contentType: string | null,
  settings: IntakeSettings,
): Inspector {
  if (kind === 'json') {
    // Where the path names the model, a `model` in the body is only another field.
    const namesModel = isKnown && (call.says?.model ?? null) === null
    return new JsonInspector(settings.jsonDepthMax, { isKnown, namesModel })
  }
  // What a provider's own API means by a form is its own business.
  if (kind === 'opaque' || call.endpoint === 'passthrough') return blind
  return new MultipartInspector(boundaryOf(contentType ?? ''))
}

function emptyBody(): GatewayError {
  return new GatewayError('invalid_json', { message: 'The request body is empty.' })
}
