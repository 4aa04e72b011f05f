/** Reads the content of messages: text, or a list of parts. */
import { isObject, textAt } from '../../core/json.ts'
import type { CacheMarker, Part } from '../hub/request.ts'
import { Fields, wrongParameter } from '../openai/fields.ts'
import { readAddress, typeOfName } from './media.ts'
import { plainThinking } from './reasoning-parts.ts'

/** The parts of `content`. @throws GatewayError a 400 that names what is wrong. */
export function readContent(content: unknown, path: string): readonly Part[] {
  if (content === null || content === '') return []
  if (typeof content === 'string') return [textPart(content, null)]
  if (!Array.isArray(content)) throw wrongParameter(path, 'a string or an array of parts')
  return content.map((part: unknown, index) => {
    if (typeof part === 'string') return textPart(part, null)
    if (isObject(part)) return readPart(new Fields(part, `${path}[${index}]`))
    throw wrongParameter(`${path}[${index}]`, 'an object')
  })
}

/** A part that is text and nothing else. */
export function textPart(text: string, cache: CacheMarker | null): Part {
  return { type: 'text', text, citations: [], cache, signature: null }
}

/**
 * Anthropic's marker, which OpenRouter and LiteLLM take over, or OpenAI's own one.
 * @throws GatewayError where the marker is not an object.
 */
export function readCache(fields: Fields): CacheMarker | null {
  const marker = fields.object('cache_control') ?? fields.object('prompt_cache_breakpoint')
  return marker === null ? null : { ttl: textAt(marker, 'ttl') }
}

function readPart(fields: Fields): Part {
  const type = fields.text('type')
  switch (type) {
    case 'text':
      return textPart(fields.needText('text'), readCache(fields))
    case 'image_url':
      return readImage(fields)
    case 'input_audio': {
      const audio = fields.inside('input_audio')
      return { type: 'audio', data: audio.needText('data'), format: audio.needText('format') }
    }
    case 'file':
      return readFile(fields)
    case 'refusal':
      return { type: 'refusal', text: fields.needText('refusal') }
    case 'thinking':
      return plainThinking(fields.whole)
    default:
      // Other kinds exist (videos, documents); whoever cannot say them will refuse them.
      return { type: 'native', native: { dialect: 'openai-chat', value: fields.whole } }
  }
}

function readImage(fields: Fields): Part {
  const cache = readCache(fields)
  // Several clients send the address without the object around it.
  if (typeof fields.value('image_url') === 'string') {
    return { type: 'image', source: readAddress(fields.needText('image_url')), detail: null, cache }
  }
  const image = fields.inside('image_url')
  const source = readAddress(image.needText('url'))
  return { type: 'image', source, detail: image.text('detail'), cache }
}

function readFile(fields: Fields): Part {
  const cache = readCache(fields)
  const file = fields.inside('file')
  const filename = file.text('filename')
  const id = file.text('file_id')
  const mediaType = file.text('format')
  if (id !== null) {
    return { type: 'file', source: { kind: 'file', id, mediaType }, filename, cache }
  }
  const data = file.needText('file_data')
  if (/^(data|https?):/.test(data)) {
    return { type: 'file', source: readAddress(data, mediaType), filename, cache }
  }
  const source = { kind: 'base64', data, mediaType: mediaType ?? typeOfName(filename) } as const
  return { type: 'file', source, filename, cache }
}
