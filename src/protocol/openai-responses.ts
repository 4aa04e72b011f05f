/** OpenAI's Responses API. */
import { tellingCustomCalls, withCustomCalls } from './hub/custom-calls.ts'
import { heartbeat, readError, writeError } from './openai/error.ts'
import { hasForeignReasoning } from './openai-responses/foreign-reasoning.ts'
import { losses } from './openai-responses/losses.ts'
import { readRequest } from './openai-responses/request-read.ts'
import { writeRequest } from './openai-responses/request-write.ts'
import { readAnswer } from './openai-responses/response.ts'
import { watchResponse } from './openai-responses/stream.ts'
import { ResponseReader } from './openai-responses/stream-read.ts'
import { ResponseWriter, writeResponse } from './openai-responses/stream-write.ts'
import type { Protocol } from './protocol.ts'
import type { Translation } from './translation.ts'

const translation: Translation = {
  readRequest,
  writeRequest,
  readResponse: (body) => new ResponseReader().readResponse(body),
  writeResponse: (events, context) => writeResponse(withCustomCalls(events, context), context),
  reader: () => new ResponseReader(),
  writer: (context) => tellingCustomCalls(new ResponseWriter(context), context),
  losses,
}

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
  foreign: { mark: 'reasoning"', test: hasForeignReasoning },
  translation,
}
