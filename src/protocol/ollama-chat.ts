/** Ollama's own chat API. */
import type { JsonObject } from '../core/json.ts'
import type { HubEvent } from './hub/events.ts'
import { losses } from './ollama-chat/losses.ts'
import { writeRequest } from './ollama-chat/request.ts'
import { OllamaReader } from './ollama-chat/stream.ts'
import { readError } from './openai/error.ts'
import type { Protocol } from './protocol.ts'
import { providerOnly } from './provider-only.ts'

/** The dialect of `/api/chat`. An answer that is not streamed is the last line with everything. */
export const ollamaChat: Protocol = providerOnly({
  name: 'ollama-chat',
  framing: 'ndjson',
  readError,
  writeRequest,
  readResponse,
  reader: () => new OllamaReader(),
  losses,
})

function readResponse(body: JsonObject): readonly HubEvent[] {
  const reader = new OllamaReader()
  return [...reader.readLine(body), ...reader.end()]
}
