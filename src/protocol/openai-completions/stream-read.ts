/** Reads legacy completions, streamed or whole. */
import type { JsonObject } from '../../core/json.ts'
import type { HubEvent } from '../hub/events.ts'
import type { ProtocolName } from '../names.ts'
import { type ChunkLanguage, ChunkRead } from '../openai/chunk-read.ts'
import { readChatChoice } from '../openai-chat/stream-read.ts'
import type { EventReader } from '../translation.ts'
import { readLogprobs } from './logprobs.ts'

/** The reader of one stream. @param client the dialect that will be written. */
export function readCompletionStream(client?: ProtocolName): EventReader {
  return new ChunkRead(language, client)
}

/** The events of a whole answer. @param client the dialect that will be written. */
export function readCompletionResponse(
  body: JsonObject,
  client?: ProtocolName,
): readonly HubEvent[] {
  return new ChunkRead(language, client).readWhole(body)
}

const language: ChunkLanguage = {
  dialect: 'openai-completions',
  readChoice(choice, reader, whole) {
    if (typeof choice.text === 'string') {
      reader.text(choice.text, readLogprobs(choice.logprobs))
    } else {
      // Fill-in-the-middle endpoints (Mistral, DeepSeek) answer here with chunks of chat.
      readChatChoice(choice, reader, whole)
    }
  },
  readRest() {},
  /** Writer says `{"value": "..."}` and nothing else. */
  choicesOf: ({ value }) => (typeof value === 'string' ? [{ index: 0, text: value }] : []),
}
