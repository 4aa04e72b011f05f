/** Cohere's own chat API, version 2. */
import { readError } from './cohere-chat/error.ts'
import { losses } from './cohere-chat/losses.ts'
import { writeRequest } from './cohere-chat/request.ts'
import { readResponse } from './cohere-chat/response.ts'
import { CohereReader } from './cohere-chat/stream.ts'
import type { Protocol } from './protocol.ts'
import { providerOnly } from './provider-only.ts'

/** The dialect of `/v2/chat`. */
export const cohereChat: Protocol = providerOnly({
  name: 'cohere-chat',
  framing: 'sse',
  readError,
  writeRequest,
  readResponse,
  reader: () => new CohereReader(),
  losses,
})
