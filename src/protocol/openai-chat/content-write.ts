/** Writes the content of messages. */
import { isObject, type JsonObject } from '../../core/json.ts'
import { cannotSay } from '../hub/losses.ts'
import type { CacheMarker, MediaSource, Part } from '../hub/request.ts'
import { writeAddress } from './media.ts'

/** The content of a message of the user: a text where that says it all, else parts. */
export function writeContent(parts: readonly Part[], param: string): string | JsonObject[] {
  const [first] = parts
  if (first === undefined) return ''
  if (parts.length === 1 && first.type === 'text' && first.cache === null) return first.text
  return parts.map((part) => writePart(part, param))
}

/** The same where nothing but text is allowed. @throws GatewayError for anything else. */
export function writeTextContent(parts: readonly Part[], param: string): string | JsonObject[] {
  const other = parts.find(({ type }) => type !== 'text' && type !== 'refusal')
  if (other !== undefined && !isOwn(other)) throw cannotSay('openai-chat', `${param}.${other.type}`)
  return writeContent(parts, param)
}

/** A prompt-cache marker as OpenRouter and LiteLLM know it. */
export function writeCache(cache: CacheMarker | null): JsonObject {
  if (cache === null) return {}
  return { cache_control: { type: 'ephemeral', ...(cache.ttl !== null && { ttl: cache.ttl }) } }
}

function isOwn(part: Part): boolean {
  return part.type === 'native' && part.native.dialect === 'openai-chat'
}

function writePart(part: Part, param: string): JsonObject {
  switch (part.type) {
    case 'text':
      return { type: 'text', text: part.text, ...writeCache(part.cache) }
    case 'image': {
      const url = addressOf(part.source, `${param}.image`)
      const image = { url, ...(part.detail !== null && { detail: part.detail }) }
      return { type: 'image_url', image_url: image, ...writeCache(part.cache) }
    }
    case 'audio':
      return { type: 'input_audio', input_audio: { data: part.data, format: part.format } }
    case 'file':
      return writeFile(part)
    case 'refusal':
      return { type: 'refusal', refusal: part.text }
    case 'native':
      if (isOwn(part) && isObject(part.native.value)) return part.native.value
      throw cannotSay('openai-chat', param)
    case 'reasoning':
    case 'tool-call':
    case 'tool-result':
      throw cannotSay('openai-chat', `${param}.${part.type}`)
  }
}

function writeFile({ source, filename, cache }: Extract<Part, { type: 'file' }>): JsonObject {
  if (source.kind === 'text') return { type: 'text', text: source.text, ...writeCache(cache) }
  const named = filename !== null && { filename }
  const file =
    source.kind === 'file'
      ? { file_id: source.id, ...named }
      : { file_data: addressOf(source, 'messages.file'), ...named }
  return { type: 'file', file, ...writeCache(cache) }
}

function addressOf(source: MediaSource, param: string): string {
  switch (source.kind) {
    case 'url':
      return source.url
    case 'base64':
      return writeAddress(source.mediaType, source.data)
    case 'file':
    case 'text':
      throw cannotSay('openai-chat', param)
  }
}
