/**
 * `input` as messages. Its items are finer than messages: what the model thought, said and called
 * in one turn are items that follow each other, and one message of the assistant in the hub; the
 * results of its calls are one message of the role `tool`.
 */
import type { JsonObject } from '../../core/json.ts'
import type { Message, Part, ReasoningPart, Role } from '../hub/request.ts'
import { unseal } from '../hub/sealed.ts'
import { readAnnotations } from './citation.ts'
import { type Fields, missing, wrongType } from './fields.ts'
import { isMadeHere } from './foreign-reasoning.ts'
import { readCache, readFile, readImage } from './media.ts'
import { dialect, ownNative, partSeparator, textsOf } from './words.ts'

const callKeys = new Set(['type', 'id', 'status', 'call_id', 'name', 'arguments', 'input'])
const resultKeys = new Set(['type', 'id', 'status', 'call_id', 'name', 'output'])
const roles: ReadonlySet<string | null> = new Set(['system', 'developer', 'user', 'assistant'])

/** The messages of a request. @throws GatewayError that names the item which makes no sense. */
export function readInput(body: Fields): readonly Message[] {
  const input = body.value.input
  if (typeof input === 'string') return [messageOf('user', [textPart(input)])]
  const reader = new InputReader()
  for (const item of body.objects('input')) reader.read(item)
  return reader.messages
}

/** A message whose speaker has no name, as none has here. */
export function messageOf(role: Role, parts: readonly Part[]): Message {
  return { role, parts, name: null }
}

/** A text that says nothing but itself. */
export function textPart(text: string): Extract<Part, { type: 'text' }> {
  return { type: 'text', text, citations: [], cache: null, signature: null }
}

class InputReader {
  readonly messages: Message[] = []
  /** The message that the next item may be another part of. */
  #open: { readonly role: Role; readonly parts: Part[] } | null = null
  /** The names of the calls so far, by id. */
  readonly #names = new Map<string, string>()
  /** A signature that travelled in front of the call that it belongs to. */
  #callSignature: string | null = null

  read(item: Fields): void {
    const type = item.text('type') ?? (item.value.role === undefined ? '' : 'message')
    switch (type) {
      case 'message':
        this.#message(item)
        return
      case 'reasoning':
        this.#reasoning(item)
        return
      case 'function_call':
        this.#call(item, item.text('arguments') ?? '', false)
        return
      case 'custom_tool_call':
        this.#call(item, item.text('input') ?? '', true)
        return
      case 'function_call_output':
        this.#result(item, false)
        return
      case 'custom_tool_call_output':
        this.#result(item, true)
        return
      case '':
        throw missing(item.param('type'))
      default:
        this.#add(nativeRole(type), { type: 'native', native: ownNative(item.value) })
        return
    }
  }

  #message(item: Fields): void {
    const role = item.needText('role')
    if (!roles.has(role)) throw wrongType(item.param('role'), 'a role', item.value.role)
    const content = item.value.content
    const isAssistant = role === 'assistant'
    const parts =
      typeof content === 'string'
        ? [textPart(content)]
        : item.objects('content').map((part) => readContent(part, role))
    if (isAssistant) for (const part of parts) this.#add('assistant', part)
    else {
      this.#open = null
      this.messages.push(messageOf(role as Role, parts))
    }
  }

  #reasoning(item: Fields): void {
    const secret = item.text('encrypted_content') || null
    const sealed = secret === null ? null : unseal(secret)
    if (sealed?.kind === 'tool') {
      this.#callSignature = sealed.signature
      return
    }
    const texts = [...textsOf(item.value.summary), ...textsOf(item.value.content)]
    const text = texts.filter((each) => each !== '').join(partSeparator)
    const isHidden = sealed === null ? text === '' : sealed.kind === 'redacted'
    const signature = sealed?.signature ?? secret
    const part: ReasoningPart = {
      type: 'reasoning',
      text,
      signature: isHidden ? null : signature,
      redacted: isHidden ? signature : null,
      signedBy: secret === null ? null : (sealed?.signedBy ?? dialect),
      id: sealed === null ? ownId(item.text('id')) : sealed.id,
    }
    this.#add('assistant', part)
  }

  #call(item: Fields, text: string, custom: boolean): void {
    const id = item.needText('call_id')
    const name = item.needText('name')
    const details = item.rest(callKeys)
    this.#names.set(id, name)
    const signature = this.#callSignature
    this.#callSignature = null
    this.#add('assistant', {
      type: 'tool-call',
      id,
      name,
      arguments: text === '' && !custom ? '{}' : text,
      custom,
      signature,
      cache: null,
      ...(details !== null && { details: ownNative(details) }),
    })
  }

  #result(item: Fields, custom: boolean): void {
    const callId = item.needText('call_id')
    const output = item.value.output
    const details = item.rest(resultKeys)
    this.#add('tool', {
      type: 'tool-result',
      callId,
      name: item.text('name') ?? this.#names.get(callId) ?? null,
      content:
        typeof output === 'string'
          ? [textPart(output)]
          : item.objects('output').map((part) => readContent(part, 'user')),
      isError: false,
      custom,
      cache: null,
      ...(details !== null && { details: ownNative(details) }),
    })
  }

  #add(role: Role, part: Part): void {
    if (this.#open?.role === role) {
      this.#open.parts.push(part)
      return
    }
    const parts = [part]
    this.#open = { role, parts }
    this.messages.push(messageOf(role, parts))
  }
}

/** An id that means something to its provider. */
const ownId = (id: string | null): string | null =>
  id === null || isMadeHere(id) ? null : id || null

/** One part of a message's content, or of what a tool answered. */
function readContent(part: Fields, role: string): Part {
  switch (part.needText('type')) {
    case 'input_text':
    case 'output_text':
    case 'text':
      return {
        ...textPart(part.text('text') ?? ''),
        citations: readAnnotations(part.value.annotations),
        cache: readCache(part),
      }
    case 'refusal':
      return { type: 'refusal', text: part.text('refusal') ?? '' }
    case 'input_image':
      return readImage(part)
    case 'input_file':
      return readFile(part)
    case 'input_audio': {
      const audio = part.inner('input_audio')
      if (audio === null) throw missing(part.param('input_audio'))
      const [data, format] = [audio.needText('data'), audio.needText('format')]
      return { type: 'audio', data, format }
    }
    default:
      // Kept as a message of its own, so that all there is of this dialect in messages are items.
      return { type: 'native', native: ownNative(messageItem(role, [part.value])) }
  }
}

/** A message item. */
export function messageItem(role: string, content: readonly JsonObject[]): JsonObject {
  return { type: 'message', role, content }
}

/** Who says an item that only this dialect has: the results that a client sends are no calls. */
function nativeRole(type: string): Role {
  return /_(output|response)$/.test(type) ? 'tool' : 'assistant'
}
