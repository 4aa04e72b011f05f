/** Legacy completions: text in, text out. */
import { heartbeat, readError, writeError } from './openai/error.ts'
import { readAnswer } from './openai-chat/response.ts'
import { watchCompletion } from './openai-completions/stream.ts'
import type { Protocol } from './protocol.ts'

/** The dialect of `/v1/completions`. */
export const openaiCompletions: Protocol = {
  name: 'openai-completions',
  framing: 'sse',
  hasEndMarker: true,
  dropsInvalid: true,
  heartbeat,
  watch: watchCompletion,
  readAnswer,
  readError,
  writeError,
  translation: null,
}
