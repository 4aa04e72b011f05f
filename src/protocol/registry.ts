/** Every dialect of the program. */

import { opaque } from './opaque.ts'
import { openaiChat } from './openai-chat.ts'
import { openaiCompletions } from './openai-completions.ts'
import { openaiResponses } from './openai-responses.ts'
import type { Protocol } from './protocol.ts'

/** The dialects by the role they play for an endpoint. */
export const protocols = {
  chat: openaiChat,
  completions: openaiCompletions,
  responses: openaiResponses,
  messages: opaque,
  gemini: opaque,
  opaque,
} as const satisfies Record<string, Protocol>
