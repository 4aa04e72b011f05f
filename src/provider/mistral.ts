/** Mistral: `api.mistral.ai`, which refuses every field that it does not know. */
import { isObject, type JsonObject } from '../core/json.ts'
import type { CompatibleKind } from './compatible.ts'
import { likeOpenai } from './embeddings.ts'
import {
  begunAnswer,
  common,
  fittedCallIds,
  reasoningIsContent,
  withoutNames,
} from './message-quirks.ts'
import {
  efforts,
  olderTokenLimit,
  type Quirk,
  renamed,
  replaced,
  withoutStreamOptions,
  withoutTopK,
  withoutUser,
} from './quirks.ts'

const document = (part: unknown): unknown => {
  const file = isObject(part) && part.type === 'file' && isObject(part.file) ? part.file : null
  if (typeof file?.file_data !== 'string') return part
  return { type: 'document_url', document_url: file.file_data }
}

const documents: Quirk = {
  ...replaced('messages', 'Files are `document_url` parts there.', (messages) => ({
    messages: Array.isArray(messages) ? messages.map(withDocuments) : messages,
  })),
  what: 'messages.content.file',
}

function withDocuments(message: JsonObject): JsonObject {
  const { content } = message
  return Array.isArray(content) ? { ...message, content: content.map(document) } : message
}

const high = { minimal: 'high', low: 'high', medium: 'high', xhigh: 'high', max: 'high' }

/** Legacy completions do not exist there. */
export const mistral: CompatibleKind = {
  speaks: ['openai-chat'],
  claims: /^(?:open-)?(?:mistral|mixtral|ministral|codestral|pixtral|magistral|devstral|voxtral)-/,
  embeddings: likeOpenai('mistral', 128),
  quirks: [
    ...common(),
    olderTokenLimit,
    renamed('seed', 'random_seed'),
    withoutStreamOptions,
    withoutTopK,
    withoutUser,
    efforts(high, 'There are two efforts, `none` and `high`.'),
    withoutNames,
    reasoningIsContent,
    documents,
    begunAnswer('prefix'),
    fittedCallIds(/^[a-zA-Z0-9]{9}$/, 9),
  ],
}
