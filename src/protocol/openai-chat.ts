/** Chat completions: what most applications and most providers speak. */
import { tellingCustomCalls, withCustomCalls } from './hub/custom-calls.ts'
import { heartbeat, readError, writeError } from './openai/error.ts'
import { hasForeignReasoning } from './openai-chat/foreign-reasoning.ts'
import { losses } from './openai-chat/losses.ts'
import { readChatRequest } from './openai-chat/request-read.ts'
import { writeChatRequest } from './openai-chat/request-write.ts'
import { readAnswer } from './openai-chat/response.ts'
import { writeChatResponse } from './openai-chat/response-write.ts'
import { watchChat } from './openai-chat/stream.ts'
import { readChatResponse, readChatStream } from './openai-chat/stream-read.ts'
import { ChatStreamWriter } from './openai-chat/stream-write.ts'
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
  foreign: { mark: 'reasoning_details"', test: hasForeignReasoning },
  translation: {
    readRequest: readChatRequest,
    writeRequest: writeChatRequest,
    readResponse: readChatResponse,
    writeResponse: (events, context) =>
      writeChatResponse(withCustomCalls(events, context), context),
    reader: readChatStream,
    writer: (context) => tellingCustomCalls(new ChatStreamWriter(context), context),
    losses,
  },
}
