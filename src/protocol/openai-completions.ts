/** Legacy completions: text in, text out. */
import { heartbeat, readError, writeError } from './openai/error.ts'
import { readAnswer } from './openai-chat/response.ts'
import { losses } from './openai-completions/losses.ts'
import { readCompletionRequest, writeCompletionRequest } from './openai-completions/request.ts'
import { writeCompletionResponse } from './openai-completions/response-write.ts'
import { watchCompletion } from './openai-completions/stream.ts'
import { readCompletionResponse, readCompletionStream } from './openai-completions/stream-read.ts'
import { CompletionStreamWriter } from './openai-completions/stream-write.ts'
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
  translation: {
    readRequest: readCompletionRequest,
    writeRequest: writeCompletionRequest,
    readResponse: readCompletionResponse,
    writeResponse: writeCompletionResponse,
    reader: readCompletionStream,
    writer: (context) => new CompletionStreamWriter(context),
    losses,
  },
}
