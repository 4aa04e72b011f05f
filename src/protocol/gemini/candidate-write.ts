/** Makes Google's parts out of the blocks of one choice. */
import { isObject, type JsonObject } from '../../core/json.ts'
import type { HubEvent } from '../hub/events.ts'
import type { Citation } from '../hub/request.ts'
import { writeGrounding } from './citations.ts'
import { geminiReason } from './finish.ts'
import { writeLogprobs } from './logprobs.ts'
import { rawCandidate, rawPart } from './raw.ts'
import { sealSignature, writeCallSignature } from './signature.ts'

/** The events that belong to one choice. */
export type ChoiceEvent = Extract<HubEvent, { readonly choice: number }>

/** A call that waits for the rest of its arguments: Google sends them whole, as an object. */
interface WaitingCall {
  readonly id: string
  readonly name: string
  readonly custom: boolean
  readonly signature: string | null
  /** Pieces of the arguments, joined once. */
  readonly pieces: string[]
}

/** The writer of one candidate. */
export class CandidateWriter {
  readonly index: number
  readonly #calls = new Map<number, WaitingCall>()
  /** Blocks whose reasoning was said, so that a signature is known to belong to a thought. */
  readonly #reasoned = new Set<number>()
  readonly #citations: Citation[] = []
  #brokenCall = false
  #finish: Extract<HubEvent, { readonly type: 'finish' }> | null = null

  constructor(index: number) {
    this.index = index
  }

  /** What `event` adds to the candidate, without its index; null where nothing is said yet. */
  write(event: ChoiceEvent): JsonObject | null {
    switch (event.type) {
      case 'text-delta':
        return this.#text(event)
      case 'refusal':
        return event.text === '' ? null : content({ text: event.text })
      case 'reasoning-delta':
        this.#reasoned.add(event.block)
        return event.text === '' ? null : content({ text: event.text, thought: true })
      case 'reasoning-signature':
        return content(this.#signature(event))
      case 'tool-start':
        this.#calls.set(event.block, { ...event, pieces: [] })
        return null
      case 'tool-delta':
        this.#calls.get(event.block)?.pieces.push(event.arguments)
        return null
      case 'block-end':
        return this.#endCall(event.block)
      case 'citation':
        // Its own sources are said again as a whole, by the `raw` event that comes with them.
        if (event.citation.native.dialect !== 'gemini') this.#citations.push(event.citation)
        return null
      case 'raw': {
        const part = rawPart(event.native)
        if (part !== null) return content(part)
        const fields = rawCandidate(event.native)
        return fields === null ? null : { ...content(emptyText), ...fields }
      }
      case 'finish':
        this.#finish ??= event
        return null
    }
  }

  /** The last of the candidate: calls whose end was never said, sources, and the finish reason. */
  last(): JsonObject {
    const parts: JsonObject[] = []
    for (const block of [...this.#calls.keys()]) {
      const part = this.#callPart(block)
      if (part !== null) parts.push(part)
    }
    const details = this.#finish?.details
    const native = details?.dialect === 'gemini' && isObject(details.value) ? details.value : {}
    const { promptFeedback: _blocked, ...own } = native
    return {
      content: { parts: parts.length > 0 ? parts : [emptyText], role: 'model' },
      finishReason: this.#reason(),
      ...own,
      ...(this.#citations.length > 0 && { groundingMetadata: writeGrounding(this.#citations) }),
    }
  }

  /** Google's own account of a prompt that it blocked, where that is all there was. */
  get promptFeedback(): JsonObject | null {
    const details = this.#finish?.details
    const native = details?.dialect === 'gemini' ? details.value : null
    return isObject(native) && isObject(native.promptFeedback) ? native.promptFeedback : null
  }

  #reason(): string {
    const finish = this.#finish
    if (finish === null) return this.#brokenCall ? 'MALFORMED_FUNCTION_CALL' : 'STOP'
    const isOwn = finish.details?.dialect === 'gemini'
    const reason = geminiReason(finish.reason, isOwn ? finish.native : null)
    return this.#brokenCall && reason === 'STOP' ? 'MALFORMED_FUNCTION_CALL' : reason
  }

  #text(event: Extract<HubEvent, { readonly type: 'text-delta' }>): JsonObject | null {
    const logprobs = event.logprobs === null ? null : writeLogprobs(event.logprobs)
    if (event.text === '' && logprobs === null) return null
    const said = content({ text: event.text })
    return logprobs === null ? said : { ...said, logprobsResult: logprobs }
  }

  #signature(event: Extract<HubEvent, { readonly type: 'reasoning-signature' }>): JsonObject {
    const isOwn = event.signedBy === 'gemini' && event.kind === 'signature'
    const { kind, signature, signedBy, id } = event
    const thoughtSignature = isOwn ? signature : sealSignature({ kind, signature, signedBy, id })
    // Google signs a text with an empty text part, and a thought with a part that is one.
    const isThought = !isOwn || this.#reasoned.has(event.block)
    return isThought
      ? { text: '', thought: true, thoughtSignature }
      : { text: '', thoughtSignature }
  }

  #endCall(block: number): JsonObject | null {
    const part = this.#callPart(block)
    return part === null ? null : content(part)
  }

  /** Arguments that were cut off are no object and cannot be said: the finish reason tells. */
  #callPart(block: number): JsonObject | null {
    const call = this.#calls.get(block)
    if (call === undefined) return null
    this.#calls.delete(block)
    const args = argumentsOf(call)
    if (args === null) {
      this.#brokenCall = true
      return null
    }
    const functionCall = { name: call.name, args, id: call.id }
    return call.signature === null
      ? { functionCall }
      : { functionCall, thoughtSignature: writeCallSignature(call.signature) }
  }
}

/**
 * The official SDK forgets a turn of a chat in which one chunk came without parts; Google's own
 * last chunk often holds an empty text as well.
 */
const emptyText: JsonObject = { text: '' }

const content = (part: JsonObject): JsonObject => ({ content: { parts: [part], role: 'model' } })

function argumentsOf(call: WaitingCall): JsonObject | null {
  const text = call.pieces.join('')
  if (call.custom) return { input: text }
  if (text.trim() === '') return {}
  try {
    const value: unknown = JSON.parse(text)
    return isObject(value) ? value : null
  } catch {
    return null
  }
}
