/** Reads `contents` and `systemInstruction` into messages. */
import { isObject, type JsonObject } from '../../core/json.ts'
import type { Message, Part, Role } from '../hub/request.ts'
import { camelKeys } from './fields.ts'
import { invalid } from './invalid.ts'
import { readPart } from './part-read.ts'
import { PendingCalls } from './pending-calls.ts'

/** The messages of a request, the system's first. @throws GatewayError for a wrong type. */
export function readMessages(body: JsonObject): readonly Message[] {
  const messages: Message[] = []
  const calls = new PendingCalls()
  const system = body.systemInstruction
  if (system !== undefined && system !== null) {
    const content = typeof system === 'string' ? { parts: [{ text: system }] } : system
    if (!isObject(content)) throw invalid('systemInstruction', 'an object with `parts`')
    const parts = readParts(camelKeys(content), 'systemInstruction', calls)
    if (parts.length > 0) messages.push(message('system', parts))
  }
  const contents = isObject(body.contents) ? [body.contents] : body.contents
  if (!Array.isArray(contents)) throw invalid('contents', 'a list of contents')
  for (const [index, content] of contents.entries()) {
    const place = `contents[${index}]`
    if (!isObject(content)) throw invalid(place, 'an object with `parts`')
    readContent(camelKeys(content), place, calls, messages)
  }
  return messages
}

const message = (role: Role, parts: readonly Part[]): Message => ({ role, parts, name: null })

function readContent(
  content: JsonObject,
  place: string,
  calls: PendingCalls,
  messages: Message[],
): void {
  const role = roleOf(content, place)
  const parts = readParts(content, place, calls)
  const last = messages.at(-1)
  if (role === 'assistant' && last?.role === 'assistant') {
    // A client that keeps each chunk of a stream as a content of its own sends one turn in pieces.
    messages[messages.length - 1] = message(role, joinedTurn(last.parts, parts))
    return
  }
  const first = messages.length
  for (const part of parts) {
    // A tool's answers stand in messages of their own, also between what the user says.
    const speaker = part.type === 'tool-result' ? 'tool' : role
    const open = messages.length > first ? messages.at(-1) : undefined
    if (open?.role !== speaker) messages.push(message(speaker, [part]))
    else messages[messages.length - 1] = message(speaker, [...open.parts, part])
  }
}

function roleOf(content: JsonObject, place: string): Role {
  const role = content.role ?? 'user'
  switch (role) {
    case 'user':
    // Older clients send a tool's answers under a role of their own.
    case 'function':
    case 'tool':
    case '':
      return 'user'
    case 'model':
    case 'assistant':
      return 'assistant'
    case 'system':
      return 'system'
    default:
      throw invalid(`${place}.role`, '`user` or `model`')
  }
}

function readParts(content: JsonObject, place: string, calls: PendingCalls): readonly Part[] {
  const list = content.parts ?? []
  const items = isObject(list) ? [list] : list
  if (!Array.isArray(items)) throw invalid(`${place}.parts`, 'a list of parts')
  const parts: Part[] = []
  for (const [index, item] of items.entries()) {
    if (!isObject(item)) throw invalid(`${place}.parts[${index}]`, 'an object')
    const part = readPart(camelKeys(item), `${place}.parts[${index}]`, calls)
    if (part !== null) addThought(parts, part)
  }
  return parts
}

/** Thoughts that follow each other are one, up to the signature that closes it. */
function addThought(parts: Part[], part: Part): void {
  const last = parts.at(-1)
  if (last?.type !== 'reasoning' || part.type !== 'reasoning' || last.signedBy !== null) {
    parts.push(part)
    return
  }
  if (part.redacted !== null) parts.push(part)
  else parts[parts.length - 1] = { ...part, text: last.text + part.text }
}

/** Two pieces of one turn: text and thought go on where they were cut. */
function joinedTurn(before: readonly Part[], after: readonly Part[]): readonly Part[] {
  const last = before.at(-1)
  const [first, ...rest] = after
  if (last?.type === 'text' && first?.type === 'text' && last.signature === null) {
    return [...before.slice(0, -1), { ...first, text: last.text + first.text }, ...rest]
  }
  const parts = [...before]
  for (const part of after) addThought(parts, part)
  return parts
}
