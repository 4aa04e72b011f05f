/** The stream of legacy completions. */
import type { JsonObject } from '../../core/json.ts'
import { ChunkWatch } from '../openai/chunk-watch.ts'
import { choiceSpeaks } from '../openai-chat/stream.ts'
import type { StreamWatch } from '../protocol.ts'

/** A fresh watch for one stream. */
export function watchCompletion(): StreamWatch {
  return new ChunkWatch(textSpeaks)
}

/** Fill-in-the-middle endpoints (Mistral, DeepSeek) answer here with chunks of chat. */
function textSpeaks(choice: JsonObject): boolean {
  const text = choice.text
  return (typeof text === 'string' && text !== '') || choiceSpeaks(choice)
}
