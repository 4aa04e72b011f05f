/** Images and files, which the API takes by address, as a data URL, or by the id of a file. */
import type { JsonObject } from '../../core/json.ts'
import { cannotSay } from '../hub/losses.ts'
import type { MediaSource, Part } from '../hub/request.ts'
import type { Fields } from './fields.ts'
import { dialect, ownNative, ownValue } from './words.ts'

const dataUrl = /^data:([^;,]*)(?:;[^;,]*)*;base64,(.*)$/s

/** What a file is that does not say so; nearly all of them are. */
const usualFileType = 'application/pdf'

const imageKeys = new Set(['type', 'image_url', 'file_id', 'detail', 'prompt_cache_breakpoint'])
const fileKeys = new Set([
  'type',
  'file_id',
  'file_url',
  'file_data',
  'filename',
  'prompt_cache_breakpoint',
])

/** `input_image`. @throws GatewayError for one without a source. */
export function readImage(part: Fields): Part {
  const { url, id } = { url: part.text('image_url'), id: part.text('file_id') }
  const details = part.rest(imageKeys)
  return {
    type: 'image',
    source: id === null ? readUrl(url ?? part.needText('image_url'), 'image/png') : fileSource(id),
    detail: part.text('detail'),
    cache: readCache(part),
    ...(details !== null && { details: ownNative(details) }),
  }
}

/** `input_file`. @throws GatewayError for one without a source. */
export function readFile(part: Fields): Part {
  const id = part.text('file_id')
  const url = part.text('file_url')
  const details = part.rest(fileKeys)
  return {
    type: 'file',
    source:
      id !== null
        ? fileSource(id)
        : url !== null
          ? { kind: 'url', url, mediaType: null }
          : readData(part.needText('file_data')),
    filename: part.text('filename'),
    cache: readCache(part),
    ...(details !== null && { details: ownNative(details) }),
  }
}

/** A marker after which the prefix may be cached; whoever has words for it may use it. */
export function readCache(part: Fields): { readonly ttl: string | null } | null {
  const marker = part.inner('prompt_cache_breakpoint')
  return marker === null ? null : { ttl: marker.text('ttl') }
}

function fileSource(id: string): MediaSource {
  return { kind: 'file', id, mediaType: null }
}

function readUrl(url: string, usualType: string): MediaSource {
  const [, mediaType, data] = dataUrl.exec(url) ?? []
  if (data === undefined) return { kind: 'url', url, mediaType: null }
  return { kind: 'base64', data, mediaType: mediaType || usualType }
}

/** `file_data` is a data URL, though some send the base64 alone. */
function readData(text: string): MediaSource {
  return text.startsWith('data:')
    ? readUrl(text, usualFileType)
    : { kind: 'base64', data: text, mediaType: usualFileType }
}

/** `input_image`. @throws GatewayError for an image that is none. */
export function writeImage(part: Extract<Part, { type: 'image' }>): JsonObject {
  const { source, detail, details } = part
  if (source.kind === 'text') throw cannotSay(dialect, 'image')
  return {
    type: 'input_image',
    ...(source.kind === 'file' ? { file_id: source.id } : { image_url: urlOf(source) }),
    ...(detail !== null && { detail }),
    ...ownValue(details),
  }
}

/** `input_file`; text that is given as a file is text here. */
export function writeFile(part: Extract<Part, { type: 'file' }>): JsonObject {
  const { source, filename, details } = part
  const rest = { ...(filename !== null && { filename }), ...ownValue(details) }
  switch (source.kind) {
    case 'text':
      return { type: 'input_text', text: source.text }
    case 'file':
      return { type: 'input_file', file_id: source.id, ...rest }
    case 'url':
      return { type: 'input_file', file_url: source.url, ...rest }
    case 'base64': {
      // A file with content must have a name, and its ending tells the provider what it is.
      const ending = source.mediaType.split('/').at(-1) || 'bin'
      const named = { filename: filename ?? `file.${ending}` }
      return { type: 'input_file', file_data: urlOf(source), ...rest, ...named }
    }
  }
}

function urlOf(source: Extract<MediaSource, { kind: 'url' | 'base64' }>): string {
  return source.kind === 'url' ? source.url : `data:${source.mediaType};base64,${source.data}`
}
