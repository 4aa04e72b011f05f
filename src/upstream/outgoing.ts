/** What is sent to a provider: the client's own bytes, or their translation. */
import { GatewayError } from '../core/errors.ts'
import { isObject } from '../core/json.ts'
import type { HubRequest } from '../protocol/hub/request.ts'
import type { ProtocolName } from '../protocol/names.ts'
import { type AnswerContext, translationOf } from '../protocol/translation.ts'
import type { Call, RequestBody, Target } from '../provider/call.ts'
import type { Dial } from '../provider/provider.ts'
import type { OpenContext } from './context.ts'

/** A request that is ready to be sent. */
export interface Outgoing {
  readonly dial: Dial
  /** What the answer must be translated with; null where both sides speak one dialect. */
  readonly answer: AnswerContext | null
  /** The body is ours and JSON, whatever the client sent. */
  readonly isJson: boolean
  /** The length of a body that is streamed, where it is known beforehand. */
  readonly lengthBytes: number | null
  /** The body for a connection. */
  open(): BodyInit | null
  /** The body for a provider inside the program. */
  collect(): Promise<Uint8Array | null>
}

/**
 * Decides what is spoken to a target and prepares the body.
 * @throws GatewayError a 400 for a request that cannot be said in the provider's dialect.
 */
export async function prepare(target: Target, context: OpenContext): Promise<Outgoing> {
  const { call, intent, prefill } = context
  const wanted = { model: target.model, stream: intent.stream }
  const dial = target.provider.dial(call, wanted)
  const { body } = intent
  const ends = [call.protocol, dial.protocol]
  const differs =
    call.protocol !== dial.protocol ||
    call.framing === 'json-array' ||
    prefill !== null ||
    holdsForeign(body, call, target)
  const translates = differs && ends.every(({ translation }) => translation !== null)
  if (!translates || body === null) {
    // Where the path names the model, the body has none that could be renamed.
    const renamedTo = call.says === undefined ? target.renamedTo : null
    return {
      dial,
      answer: null,
      isJson: false,
      lengthBytes: renamedTo === null ? (body?.lengthBytes ?? null) : null,
      open: () => body?.open(renamedTo) ?? null,
      collect: async () => (await body?.collect(renamedTo)) ?? null,
    }
  }
  const { bytes, answer } = await translate(body, dial, target, context)
  return {
    dial,
    answer,
    isJson: true,
    lengthBytes: null,
    open: () => bytes,
    collect: async () => bytes,
  }
}

/** Whether what is said in one dialect on both sides carries what another provider said. */
function holdsForeign(body: RequestBody | null, { protocol }: Call, { provider }: Target): boolean {
  const bytes = body?.bytes ?? null
  const ofDialect = protocol.foreign
  // What a provider knows of itself is about chats.
  const ofProvider = protocol.name === 'openai-chat' ? provider.foreign : undefined
  if (bytes === null || (ofDialect === undefined && ofProvider === undefined)) return false
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const marks = [...(ofDialect === undefined ? [] : [ofDialect.mark]), ...(ofProvider?.marks ?? [])]
  if (!marks.some((mark) => text.includes(mark))) return false
  const parsed: unknown = JSON.parse(text.toString())
  if (!isObject(parsed)) return false
  return ofDialect?.test(parsed) === true || ofProvider?.test(parsed) === true
}

async function translate(
  body: RequestBody,
  dial: Dial,
  target: Target,
  { call, facts, prefill, request: client }: OpenContext,
): Promise<{ bytes: Uint8Array<ArrayBuffer>; answer: AnswerContext }> {
  const request = await readHubRequest(body, call)
  const model = target.model ?? request.model
  const asked = prefill === null ? request : withPrefill(request, prefill, dial.protocol.name)
  const written = translationOf(dial.protocol).writeRequest({ ...asked, model })
  const { amend } = target.provider
  const wanted = { model, stream: request.stream }
  const amended = amend === undefined ? written : amend(written, wanted, client.headers)
  return {
    bytes: new TextEncoder().encode(JSON.stringify(amended)),
    answer: answerContext(request, call, facts.requestId, facts.requestedAt),
  }
}

/**
 * The client's request as the hub holds it.
 * @throws GatewayError a 400 for a request that the dialect forbids.
 */
export async function readHubRequest(body: RequestBody, call: Call): Promise<HubRequest> {
  const parsed: unknown = JSON.parse(new TextDecoder().decode(await body.collect(null)))
  if (!isObject(parsed)) throw new GatewayError('invalid_request')
  return translationOf(call.protocol).readRequest(
    parsed,
    call.says ?? { model: null, stream: null },
  )
}

/**
 * What a writer of the client's dialect must know of the request that it answers.
 * @param requestedAt wall time in milliseconds.
 */
export function answerContext(
  request: HubRequest,
  call: Call,
  requestId: string,
  requestedAt: number,
): AnswerContext {
  return {
    model: request.model,
    requestId,
    createdS: Math.floor(requestedAt / 1000),
    includeUsage: request.includeUsage === true,
    framing: call.framing ?? 'sse',
    request,
  }
}

/**
 * The request with the beginning of its answer. Where the client began it itself, as clients of
 * Anthropic do, that turn goes on; a legacy completion has no turns, only a text that goes on.
 */
function withPrefill(request: HubRequest, prefill: string, dialect: ProtocolName): HubRequest {
  const { messages } = request
  const last = messages.at(-1)
  const part = { type: 'text', text: prefill, citations: [], cache: null, signature: null } as const
  const goesOn = last?.role === 'assistant' || dialect === 'openai-completions'
  if (last === undefined || !goesOn) {
    return { ...request, messages: [...messages, { role: 'assistant', parts: [part], name: null }] }
  }
  const end = last.parts.at(-1)
  const parts =
    end?.type === 'text'
      ? [...last.parts.slice(0, -1), { ...end, text: end.text + prefill }]
      : [...last.parts, part]
  return { ...request, messages: [...messages.slice(0, -1), { ...last, parts }] }
}
