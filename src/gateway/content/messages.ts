/**
 * Messages in the shape of OpenTelemetry's conventions for generative AI ("Input messages JSON
 * schema" and "Output messages JSON schema"), as far as they fit: the newest ones are kept.
 */
import type { FinishReason } from '../../protocol/hub/events.ts'
import type { Message, Part } from '../../protocol/hub/request.ts'

/** Characters of the texts of one attribute; collectors refuse what is much larger. */
export const CONTENT_LENGTH_MAX = 16_384

/** A part as the schema has it: a type, and what it says. */
export type ContentPart = Readonly<Record<string, unknown>> & { readonly type: string }

/** How much room there is left. */
export class Room {
  #left: number

  constructor(length = CONTENT_LENGTH_MAX) {
    this.#left = length
  }

  get isFull(): boolean {
    return this.#left <= 0
  }

  /** As much of a text as fits. */
  take(text: string): string {
    const taken = text.length <= this.#left ? text : text.slice(0, Math.max(0, this.#left))
    this.#left -= taken.length
    return taken.toWellFormed()
  }
}

/** The messages of a request; null where there are none. */
export function inputText(messages: readonly Message[]): string | null {
  const room = new Room()
  const kept: object[] = []
  for (const { role, parts } of messages.toReversed()) {
    if (room.isFull) break
    kept.push({ role, parts: parts.map((part) => partOf(part, room)) })
  }
  return kept.length === 0 ? null : JSON.stringify(kept.reverse())
}

/** One part. Of pictures and files only that they are there: their bytes are too many. */
function partOf(part: Part, room: Room): ContentPart {
  switch (part.type) {
    case 'text':
    case 'refusal':
      return { type: 'text', content: room.take(part.text) }
    case 'reasoning':
      return { type: 'reasoning', content: room.take(part.text) }
    case 'tool-call': {
      const { id, name } = part
      return { type: 'tool_call', id, name, arguments: room.take(part.arguments) }
    }
    case 'tool-result': {
      const texts = part.content.map((each) => (each.type === 'text' ? each.text : ''))
      return { type: 'tool_call_response', id: part.callId, response: room.take(texts.join('')) }
    }
    default:
      return { type: part.type }
  }
}

const finishReasons: Partial<Record<FinishReason, string>> = {
  'stop-sequence': 'stop',
  'tool-calls': 'tool_call',
  'content-filter': 'content_filter',
}

/** Why an answer ended, in the words of the schema. */
export const finishReasonOf = (reason: FinishReason): string => finishReasons[reason] ?? reason
