/** OpenAI's Responses API. */
import { heartbeat, readError, writeError } from './openai/error.ts'
import { readAnswer } from './openai-responses/response.ts'
import { watchResponse } from './openai-responses/stream.ts'
import type { Protocol } from './protocol.ts'

/** The dialect of `/v1/responses`. */
export const openaiResponses: Protocol = {
  name: 'openai-responses',
  framing: 'sse',
  hasEndMarker: true,
  dropsInvalid: true,
  heartbeat,
  watch: watchResponse,
  readAnswer,
  readError,
  writeError,
  translation: null,
}
