/** The items of an answer while they are written, and what they look like when they are done. */
import { isObject, type JsonObject } from '../../core/json.ts'
import type { Logprobs } from '../hub/events.ts'
import { hashText } from '../hub/ids.ts'

/** A part of a message (`text`, `refusal`) or of reasoning (`summary`, `content`). */
export interface PartDraft {
  readonly kind: 'text' | 'refusal' | 'summary' | 'content'
  /** Among the parts of its list. */
  readonly index: number
  text: string
  readonly annotations: JsonObject[]
  readonly logprobs: unknown[]
  ended: boolean
}

/** An item that is being written. */
export interface ItemDraft {
  readonly type: string
  /** Its `output_index`. */
  readonly index: number
  readonly id: string
  /** The item as it was when it was opened; of a call, with the name that came later. */
  fields: JsonObject
  readonly parts: PartDraft[]
  /** The arguments of a call. */
  text: string
  /** `encrypted_content` of reasoning. */
  signature: string | null
  /** It was opened by the provider's own event, and the block for it is still to come. */
  awaitsBlock: boolean
  /** Whether its fields are those of a provider that speaks this dialect. */
  readonly isOwn: boolean
  done: boolean
}

/** How an item ended. */
export type ItemStatus = 'completed' | 'incomplete'

/** How the ids of items begin. */
const idPrefixes: Readonly<Record<string, string>> = {
  message: 'msg',
  reasoning: 'rs',
  function_call: 'fc',
  custom_tool_call: 'ctc',
}

/** A length that nobody else has, so that an id of ours is known when it returns. */
const ITEM_HASH_LENGTH = 40

/** The id of the item at `index` of the answer with this id; the same for the same answer. */
export function itemId(type: string, answerId: string, index: number): string {
  return `${idPrefixes[type] ?? 'item'}_${hashText(`${answerId}\n${index}`, ITEM_HASH_LENGTH)}`
}

/** A part of a message as it is when it is opened. */
export function emptyPart(kind: PartDraft['kind']): JsonObject {
  switch (kind) {
    case 'text':
      return { type: 'output_text', annotations: [], logprobs: [], text: '' }
    case 'refusal':
      return { type: 'refusal', refusal: '' }
    case 'summary':
      return { type: 'summary_text', text: '' }
    case 'content':
      return { type: 'reasoning_text', text: '' }
  }
}

/** A part as it is when it is done. */
export function donePart({ kind, text, annotations, logprobs }: PartDraft): JsonObject {
  const part = emptyPart(kind)
  if (kind === 'refusal') return { ...part, refusal: text }
  return kind === 'text' ? { ...part, annotations, logprobs, text } : { ...part, text }
}

/** An item as it is when it is done. */
export function doneItem(draft: ItemDraft, status: ItemStatus): JsonObject {
  const { type, fields, parts, text, signature } = draft
  const partsOf = (...kinds: readonly string[]): JsonObject[] =>
    parts.filter(({ kind }) => kinds.includes(kind)).map(donePart)
  // Reasoning items have a status only where the provider gives them one.
  const ended = type !== 'reasoning' || 'status' in fields ? { ...fields, status } : fields
  switch (type) {
    case 'message':
      return { ...ended, content: partsOf('text', 'refusal') }
    case 'reasoning': {
      const content = partsOf('content')
      return {
        ...ended,
        summary: partsOf('summary'),
        ...(content.length > 0 && { content }),
        ...(signature !== null && { encrypted_content: signature }),
      }
    }
    case 'custom_tool_call':
      return { ...ended, input: text }
    default:
      return { ...ended, arguments: writtenArguments(text) }
  }
}

/** Arguments are JSON text, and none are an empty object. */
export function writtenArguments(text: string): string {
  return text === '' ? '{}' : text
}

/** The tokens of log probabilities; `bytes` and the runners-up are lists here and never null. */
export function tokensOf(logprobs: Logprobs | null): readonly JsonObject[] {
  const tokens = logprobs?.content
  if (!Array.isArray(tokens)) return []
  return tokens.filter(isObject).map((token) => ({
    ...token,
    bytes: Array.isArray(token.bytes) ? token.bytes : bytesOf(token.token),
    top_logprobs: Array.isArray(token.top_logprobs)
      ? token.top_logprobs
          .filter(isObject)
          .map((top) => (Array.isArray(top.bytes) ? top : { ...top, bytes: bytesOf(top.token) }))
      : [],
  }))
}

const encoder = new TextEncoder()

function bytesOf(token: unknown): number[] {
  return typeof token === 'string' ? [...encoder.encode(token)] : []
}
