/** Messages as `instructions` and `input`. */
import type { JsonObject } from '../../core/json.ts'
import { fittedToolCallId } from '../hub/ids.ts'
import { cannotSay } from '../hub/losses.ts'
import { withoutForeignParts } from '../hub/native-parts.ts'
import type { HubRequest, Message, Part, ReasoningPart, Role } from '../hub/request.ts'
import { messageItem } from './input-read.ts'
import { writeFile, writeImage } from './media.ts'
import { dialect, ownValue } from './words.ts'

/** What the API takes as the id of a call. */
const callIdChars = /^.{1,64}$/s

/** The first system message where it is nothing but one text; else null. */
export function instructionsOf({ messages }: HubRequest): string | null {
  const [first] = messages
  const [part, ...more] = first?.parts ?? []
  if (first?.role !== 'system' || part?.type !== 'text' || more.length > 0) return null
  return part.text
}

/** The items of a request's messages. @throws GatewayError for content that cannot be said. */
export function writeInput(request: HubRequest): readonly JsonObject[] {
  const isInstructed = instructionsOf(request) !== null
  const messages = isInstructed ? request.messages.slice(1) : request.messages
  return withoutForeignParts(messages, dialect).flatMap(
    (message) => new MessageItems(message).items,
  )
}

/** The items of one message, in the order of its parts. */
class MessageItems {
  readonly items: JsonObject[] = []
  readonly #role: Role
  #content: JsonObject[] = []

  constructor({ role, parts }: Message) {
    this.#role = role
    for (const part of parts) this.#add(part)
    this.#endMessage()
  }

  #add(part: Part): void {
    const item = itemOf(part)
    if (item === null) this.#content.push(...contentOf(part, this.#role))
    else {
      this.#endMessage()
      this.items.push(...item)
    }
  }

  #endMessage(): void {
    if (this.#content.length === 0) return
    // What somebody says beside the results of tools is said by the user.
    const role = this.#role === 'tool' ? 'user' : this.#role
    this.items.push(messageItem(role, this.#content))
    this.#content = []
  }
}

/** The items that a part is, none where it is dropped; null where it is content of a message. */
function itemOf(part: Part): readonly JsonObject[] | null {
  switch (part.type) {
    case 'reasoning':
      return reasoningItems(part)
    case 'tool-call': {
      const { name, arguments: text, custom, details } = part
      const common = { call_id: callId(part.id), name }
      const own = ownValue(details)
      return custom
        ? [{ type: 'custom_tool_call', ...common, input: text, ...own }]
        : [{ type: 'function_call', ...common, arguments: text, ...own }]
    }
    case 'tool-result': {
      const type = part.custom ? 'custom_tool_call_output' : 'function_call_output'
      const [first, ...more] = part.content
      const isText = first?.type === 'text' && more.length === 0
      const output = isText ? first.text : part.content.flatMap((each) => contentOf(each, 'user'))
      return [{ type, call_id: callId(part.callId), output, ...ownValue(part.details) }]
    }
    case 'native': {
      const own = ownValue(part.native)
      return own === null ? [] : [own]
    }
    default:
      return null
  }
}

/**
 * Reasoning goes back to the dialect that signed it. A reasoning item that is not ours would be
 * looked up by its id, and fail the request.
 */
function reasoningItems(part: ReasoningPart): readonly JsonObject[] {
  const { text, signature, redacted, signedBy, id } = part
  const isOwn = signedBy === dialect || (signedBy === null && id !== null)
  if (!isOwn) return []
  const secret = signature ?? redacted
  return [
    {
      type: 'reasoning',
      ...(id !== null && { id }),
      summary: text === '' ? [] : [{ type: 'summary_text', text }],
      ...(secret !== null && { encrypted_content: secret }),
    },
  ]
}

function contentOf(part: Part, role: Role): readonly JsonObject[] {
  const isAssistant = role === 'assistant'
  switch (part.type) {
    case 'text': {
      if (!isAssistant) return [{ type: 'input_text', text: part.text }]
      const annotations = part.citations.map(({ native }) => ownValue(native))
      const own = annotations.filter((annotation) => annotation !== null)
      return [{ type: 'output_text', text: part.text, annotations: own }]
    }
    case 'refusal':
      return isAssistant
        ? [{ type: 'refusal', refusal: part.text }]
        : [{ type: 'input_text', text: part.text }]
    case 'image':
      if (isAssistant) throw cannotSay(dialect, 'image')
      return [writeImage(part)]
    case 'file':
      if (isAssistant) throw cannotSay(dialect, 'file')
      return [writeFile(part)]
    case 'audio':
      throw cannotSay(dialect, 'input_audio')
    default:
      // What a tool answered has neither calls nor reasoning inside.
      throw cannotSay(dialect, 'content')
  }
}

function callId(id: string): string {
  return fittedToolCallId(id, callIdChars)
}
