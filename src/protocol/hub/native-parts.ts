/**
 * Blocks that only one dialect understands, such as what a server's own tools did, on their way to
 * a provider of another: one rule for every writer, so that any conversation can go to anybody.
 */
import type { ProtocolName } from '../names.ts'
import { cannotSay, dropped, type Loss, refused } from './losses.ts'
import type { Message, Part } from './request.ts'

/** The rule, to be part of the losses of every dialect that writes messages. */
export const foreignBlocks: readonly Loss[] = [
  dropped(
    'assistant.native',
    'What another server’s tools did in a turn is told by the text that came of it.',
  ),
  refused(
    'content.native',
    'Blocks of another dialect in what the client says, or in what its tools answered.',
  ),
  refused('tools.native', 'Tools that another provider runs do not exist here.'),
]

/**
 * `messages` without the foreign blocks of the assistant's turns, and without the turns that were
 * nothing else.
 * @throws GatewayError a 400 for a foreign block that the client itself says: it is a part of the
 *   question.
 */
export function withoutForeignParts(
  messages: readonly Message[],
  dialect: ProtocolName,
): readonly Message[] {
  const isForeign = (part: Part) => part.type === 'native' && part.native.dialect !== dialect
  const isRefused = (part: Part): boolean =>
    isForeign(part) || (part.type === 'tool-result' && part.content.some(isForeign))
  return messages.flatMap((message) => {
    if (!message.parts.some(isRefused)) return message
    const isSaid = message.role === 'assistant'
    const parts = isSaid ? message.parts.filter((part) => !isForeign(part)) : message.parts
    if (parts.some(isRefused)) throw cannotSay(dialect, 'messages')
    return parts.length === 0 ? [] : { ...message, parts }
  })
}
