/** The Messages API: what Claude speaks, and the clients that were made for it. */
import { heartbeat, readError, writeError } from './anthropic-messages/error.ts'
import { hasForeignThinking } from './anthropic-messages/foreign-thinking.ts'
import { losses } from './anthropic-messages/losses.ts'
import { readRequest } from './anthropic-messages/request-read.ts'
import { writeRequest } from './anthropic-messages/request-write.ts'
import { readAnswer, readResponse, writeResponse } from './anthropic-messages/response.ts'
import { readStream } from './anthropic-messages/stream-read.ts'
import { writeStream } from './anthropic-messages/stream-write.ts'
import { watchMessages } from './anthropic-messages/watch.ts'
import type { Protocol } from './protocol.ts'

/** The dialect of `/v1/messages`. */
export const anthropicMessages: Protocol = {
  name: 'anthropic-messages',
  framing: 'sse',
  hasEndMarker: true,
  dropsInvalid: true,
  heartbeat,
  watch: watchMessages,
  readAnswer,
  readError,
  writeError,
  foreign: { mark: 'thinking"', test: hasForeignThinking },
  translation: {
    readRequest,
    writeRequest,
    readResponse,
    writeResponse,
    reader: readStream,
    writer: writeStream,
    losses,
  },
}
