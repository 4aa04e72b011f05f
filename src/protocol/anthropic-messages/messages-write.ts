/** Writes the messages of a request: the system's at the top, the others taking turns. */
import type { JsonObject } from '../../core/json.ts'
import { withoutForeignParts } from '../hub/native-parts.ts'
import type { Message } from '../hub/request.ts'
import { PartWriter } from './parts-write.ts'
import { dialect } from './words.ts'

/** A message as it is sent. */
export interface WrittenMessage {
  readonly role: 'system' | 'user' | 'assistant'
  readonly content: JsonObject[]
}

/** The messages of a request, and what stands above them. */
export interface WrittenMessages {
  readonly system: JsonObject[]
  readonly messages: readonly WrittenMessage[]
}

/**
 * @param isOwn the request came in this dialect: later system messages stay where they are.
 * @throws GatewayError a 400 for content that cannot be said.
 */
export function writeMessages(messages: readonly Message[], isOwn: boolean): WrittenMessages {
  const writer = new PartWriter(isOwn)
  const system: JsonObject[] = []
  const turns: WrittenMessage[] = []
  for (const message of withoutForeignParts(messages, dialect)) {
    const role = roleOf(message)
    const content = writer.write(message.parts, role)
    if (content.length === 0) continue
    if (role === 'system' && (turns.length === 0 || !isOwn)) system.push(...content)
    else append(turns, role, content)
  }
  trimPrefill(turns)
  if (turns.length > 0 || system.length === 0) return { system, messages: turns }
  return { system: [], messages: [{ role: 'user', content: system }] }
}

function roleOf({ role }: Message): WrittenMessage['role'] {
  if (role === 'tool') return 'user'
  return role === 'developer' ? 'system' : role
}

/** Adds a turn, or adds to the last one; results of tools must come first in it. */
function append(
  turns: WrittenMessage[],
  role: WrittenMessage['role'],
  content: readonly JsonObject[],
): void {
  const last = turns.at(-1)
  if (last?.role !== role) {
    turns.push({ role, content: [...content] })
    return
  }
  for (const block of content) {
    const firstOther = last.content.findIndex(({ type }) => type !== 'tool_result')
    const isEarly = block.type === 'tool_result' && firstOther !== -1
    last.content.splice(isEarly ? firstOther : last.content.length, 0, block)
  }
}

/** An answer that is to be continued may not end in white space. */
function trimPrefill(turns: WrittenMessage[]): void {
  const last = turns.at(-1)
  const block = last?.role === 'assistant' ? last.content.at(-1) : undefined
  if (last === undefined || block?.type !== 'text') return
  const text = String(block.text).trimEnd()
  last.content.pop()
  if (text !== '') last.content.push({ ...block, text })
  else if (last.content.length === 0) turns.pop()
}
