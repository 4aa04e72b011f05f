/** Tools that take free text, for the many servers of chats that know functions only. */
import { withChatFunctions } from '../protocol/openai-chat/custom-tools.ts'
import type { Quirk } from './quirks.ts'

/** What it is about; requests that are otherwise passed along are looked through for it. */
export const CUSTOM_TOOLS = 'tools.custom'

/** They become functions with one text, and their calls become custom again in the answer. */
export const customToolsAreFunctions: Quirk = {
  what: CUSTOM_TOOLS,
  how: 'changed',
  note: 'They are functions with one text, `input`; a grammar is told, and not enforced.',
  apply: withChatFunctions,
}
