/** Gemini's `generateContent`, as Google AI Studio and Vertex AI speak it. */
import { readError, writeError } from './gemini/error.ts'
import { hasForeignTurns } from './gemini/foreign.ts'
import { losses } from './gemini/losses.ts'
import { readRequest } from './gemini/request-read.ts'
import { writeRequest } from './gemini/request-write.ts'
import { readAnswer, readResponse, writeResponse } from './gemini/response.ts'
import { GeminiReader } from './gemini/stream-read.ts'
import { GeminiWriter } from './gemini/stream-write.ts'
import { GeminiWatch } from './gemini/watch.ts'
import type { Protocol } from './protocol.ts'

/** The dialect of `/v1beta/models/{model}:generateContent`. */
export const gemini: Protocol = {
  name: 'gemini',
  framing: 'sse',
  hasEndMarker: false,
  needsFinish: true,
  dropsInvalid: true,
  /**
   * A blank line, and no comment: Google's SDKs are no SSE parsers. With `: ping` and a single line
   * end before it, the one for JavaScript loses the next event; those for Python and Go fail on any
   * comment. A blank line is an event without data to all of them, and white space to whoever reads
   * the stream as an array.
   */
  heartbeat: '\r\n\r\n',
  watch: () => new GeminiWatch(),
  readAnswer,
  readError,
  writeError,
  foreign: { mark: 'model"', test: hasForeignTurns },
  translation: {
    readRequest,
    writeRequest,
    readResponse,
    writeResponse,
    reader: (client) => new GeminiReader(client),
    writer: (context) => new GeminiWriter(context),
    losses,
  },
}
