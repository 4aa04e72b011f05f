/** Every dialect of the program. */

import { anthropicMessages } from './anthropic-messages.ts'
import { bedrockConverse } from './bedrock-converse.ts'
import { bedrockInvoke } from './bedrock-invoke.ts'
import { cohereChat } from './cohere-chat.ts'
import { gemini } from './gemini.ts'
import { ollamaChat } from './ollama-chat.ts'
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
  messages: anthropicMessages,
  gemini,
  converse: bedrockConverse,
  invoke: bedrockInvoke,
  cohere: cohereChat,
  ollama: ollamaChat,
  opaque,
} as const satisfies Record<string, Protocol>
