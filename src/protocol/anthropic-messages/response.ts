/** Answers that are not streamed: the same events, read and written in one go. */
import { GatewayError } from '../../core/errors.ts'
import { isObject, type JsonObject, objectAt } from '../../core/json.ts'
import type { HubEvent } from '../hub/events.ts'
import type { Protocol } from '../protocol.ts'
import type { AnswerContext } from '../translation.ts'
import { readArguments } from './arguments.ts'
import { readEventError } from './error.ts'
import { MessageReader } from './stream-read.ts'
import { MessageWriter } from './stream-write.ts'
import { readUsage } from './usage.ts'
import { streamOfBlock } from './whole-block.ts'

/** Keys that the end of a stream says; the rest of a message is said by its start. */
const endKeys: ReadonlySet<string> = new Set(['content', 'context_management'])
const endDeltaKeys = ['stop_details', 'container'] as const

/** The usage of an answer, or the error that hides in its 200. */
export function readAnswer(body: JsonObject): ReturnType<Protocol['readAnswer']> {
  return {
    usage: readUsage(body.usage),
    error: isError(body) ? readEventError(body) : null,
  }
}

function isError(body: JsonObject): boolean {
  return body.type === 'error' || (Boolean(body.error) && !Array.isArray(body.content))
}

/** A whole answer as hub events, read by the reader of streams. Never throws. */
export function readResponse(body: JsonObject): readonly HubEvent[] {
  const reader = new MessageReader()
  const events: HubEvent[] = []
  if (isError(body)) return [{ type: 'error', error: readEventError(body) }]
  if (!Array.isArray(body.content)) {
    return [{ type: 'error', error: new GatewayError('upstream_protocol_error') }]
  }
  try {
    for (const event of streamOf(body, body.content)) {
      for (const read of reader.readEvent(event, null)) events.push(read)
    }
  } catch (cause) {
    // Nested so deeply that it can be read but not said again.
    return [{ type: 'error', error: new GatewayError('upstream_protocol_error', { cause }) }]
  }
  return [...events, ...reader.end()]
}

/** The stream that would have brought a message. */
function* streamOf(body: JsonObject, content: readonly unknown[]): Generator<JsonObject> {
  const inDelta: Record<string, unknown> = {}
  for (const key of endDeltaKeys) if (key in body) inDelta[key] = body[key]
  const rest = Object.entries(body).filter(([key]) => !endKeys.has(key) && !(key in inDelta))
  yield { type: 'message_start', message: { ...Object.fromEntries(rest), content: [] } }
  for (const [index, block] of content.entries()) {
    if (isObject(block)) yield* streamOfBlock(index, block)
  }
  const management = body.context_management
  yield {
    type: 'message_delta',
    delta: { stop_reason: body.stop_reason, stop_sequence: body.stop_sequence ?? null, ...inDelta },
    usage: body.usage,
    ...(management !== undefined && { context_management: management }),
  }
  yield { type: 'message_stop' }
}

/**
 * The events of a finished answer as one message.
 * @throws GatewayError where the answer is an error after all.
 */
export function writeResponse(events: readonly HubEvent[], context: AnswerContext): JsonObject {
  const message = new WholeMessage()
  const writer = new MessageWriter(context, (event) => message.take(event))
  for (const event of events) {
    if (event.type === 'error') throw event.error
    if (!writer.over) writer.take(event)
  }
  if (!writer.over) writer.take({ type: 'end' })
  return message.value
}

/** A block that is being put together. */
interface Draft {
  readonly block: Record<string, unknown>
  input: string
}

/** Puts the events of a stream together, as SDKs do. */
class WholeMessage {
  #message: Record<string, unknown> = {}
  readonly #drafts: Draft[] = []

  get value(): JsonObject {
    return { ...this.#message, content: this.#drafts.map(({ block }) => block) }
  }

  take(event: JsonObject): void {
    switch (event.type) {
      case 'message_start':
        this.#message = { ...objectAt(event, 'message') }
        return
      case 'content_block_start':
        this.#drafts.push({ block: { ...objectAt(event, 'content_block') }, input: '' })
        return
      case 'content_block_delta':
        this.#add(objectAt(event, 'delta') ?? {})
        break
      case 'content_block_stop':
        this.#complete()
        break
      case 'message_delta':
        this.#finish(event)
        break
    }
  }

  /** Blocks never overlap, so a delta always belongs to the last one. */
  #add(delta: JsonObject): void {
    const draft = this.#drafts.at(-1)
    if (draft === undefined) return
    const { block } = draft
    if (delta.type === 'text_delta') block.text = `${block.text}${delta.text}`
    else if (delta.type === 'thinking_delta') block.thinking = `${block.thinking}${delta.thinking}`
    else if (delta.type === 'signature_delta') block.signature = delta.signature
    else if (delta.type === 'input_json_delta') draft.input += String(delta.partial_json)
    else if (delta.type === 'compaction_delta') block.content = delta.content
    else if (delta.type === 'citations_delta') {
      const before = Array.isArray(block.citations) ? block.citations : []
      block.citations = [...before, delta.citation]
    }
  }

  #complete(): void {
    const draft = this.#drafts.at(-1)
    if (draft !== undefined && draft.input !== '') draft.block.input = readArguments(draft.input)
  }

  #finish(event: JsonObject): void {
    const { type: _type, delta, usage, ...beside } = event
    const counts = Object.entries(isObject(usage) ? usage : {}).filter(
      ([, count]) => count !== null,
    )
    const before = isObject(this.#message.usage) ? this.#message.usage : {}
    Object.assign(this.#message, delta, beside, {
      usage: { ...before, ...Object.fromEntries(counts) },
    })
  }
}
