/** Which dialect an endpoint speaks. */
import { anthropicMessages } from './anthropic-messages.ts'
import type { Dialect, DialectName } from './dialect.ts'
import { gemini } from './gemini.ts'
import { openaiChat } from './openai-chat.ts'
import { openaiResponses } from './openai-responses.ts'

const dialects: Readonly<Record<DialectName, Dialect>> = {
  'openai-chat': openaiChat,
  'openai-responses': openaiResponses,
  'anthropic-messages': anthropicMessages,
  gemini,
}

/**
 * The dialect of that name, or the one that the end of the path tells.
 * @throws TypeError where it tells none.
 */
export function dialectOf(url: string, name: DialectName | null): Dialect {
  if (name !== null) return dialects[name]
  const path = url.split(/[?#]/, 1)[0] ?? ''
  if (path.endsWith('/chat/completions')) return openaiChat
  if (path.endsWith('/responses')) return openaiResponses
  if (path.endsWith('/messages')) return anthropicMessages
  if (path.endsWith(':streamGenerateContent')) return gemini
  throw new TypeError(`The dialect of ${path} is not known: name it as \`dialect\`.`)
}
