/** Chat completions: what most applications and most providers speak. */
import { heartbeat, readError, writeError } from './openai/error.ts'
import { readAnswer } from './openai-chat/response.ts'
import { watchChat } from './openai-chat/stream.ts'
import type { Protocol } from './protocol.ts'

/** The dialect of `/v1/chat/completions`. */
export const openaiChat: Protocol = {
  name: 'openai-chat',
  framing: 'sse',
  hasEndMarker: true,
  dropsInvalid: true,
  heartbeat,
  watch: watchChat,
  readAnswer,
  readError,
  writeError,
  translation: null,
}
