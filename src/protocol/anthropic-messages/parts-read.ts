/** Reads content blocks of a request into parts. */
import { isObject, type JsonObject, textAt } from '../../core/json.ts'
import type { CacheMarker, MediaSource, Native, Part, ReasoningPart } from '../hub/request.ts'
import { type Sealed, unseal } from '../hub/sealed.ts'
import {
  invalid,
  optionalBoolean,
  optionalObject,
  optionalObjects,
  optionalText,
  requiredObject,
  requiredText,
} from './check.ts'
import { readCitation } from './citation.ts'
import { dialect, without } from './words.ts'

const imageKeys: ReadonlySet<string> = new Set(['type', 'source', 'cache_control'])
const documentKeys: ReadonlySet<string> = new Set([...imageKeys, 'title'])
const toolUseKeys: ReadonlySet<string> = new Set(['type', 'id', 'name', 'input', 'cache_control'])
const toolResultKeys: ReadonlySet<string> = new Set([
  ...['type', 'tool_use_id', 'content', 'is_error', 'cache_control'],
])

/** Reads the blocks of one request, remembering which call has which name. */
export class PartReader {
  readonly #toolNames = new Map<string, string>()

  /**
   * The parts of a message's `content`: a text, or a list of blocks.
   * @param where its path, for errors: `messages.0.content`.
   * @throws GatewayError a 400 that names the block at fault.
   */
  read(content: unknown, where: string): readonly Part[] {
    if (typeof content === 'string') return [textPart(content)]
    if (!Array.isArray(content)) throw invalid(where, 'Input should be a valid string or list')
    const parts: Part[] = []
    let callSignature: Sealed | null = null
    for (const [index, block] of content.entries()) {
      const at = `${where}.${index}`
      if (!isObject(block)) throw invalid(at, 'Input should be an object')
      const sealed = block.type === 'redacted_thinking' ? unseal(textAt(block, 'data') ?? '') : null
      if (sealed?.kind === 'tool') {
        callSignature = sealed
      } else {
        parts.push(...this.#readBlock(block, at, callSignature?.signature ?? null))
        callSignature = null
      }
    }
    return parts
  }

  #readBlock(block: JsonObject, at: string, callSignature: string | null): readonly Part[] {
    switch (requiredText(block, 'type', at)) {
      case 'text':
        return [readText(block, at)]
      case 'image':
        return [readImage(block, at)]
      case 'document':
        return readDocument(block, at)
      case 'search_result':
        return [readSearchResult(block, at)]
      case 'thinking':
        return [readThinking(block, at)]
      case 'redacted_thinking':
        return [readRedacted(requiredText(block, 'data', at))]
      case 'tool_use':
        return [this.#readToolUse(block, at, callSignature)]
      case 'tool_result':
        return [this.#readToolResult(block, at)]
      default:
        return [{ type: 'native', native: { dialect, value: block } }]
    }
  }

  #readToolUse(block: JsonObject, at: string, signature: string | null): Part {
    const id = requiredText(block, 'id', at)
    const name = requiredText(block, 'name', at)
    this.#toolNames.set(id, name)
    const input = block.input ?? {}
    return {
      type: 'tool-call',
      id,
      name,
      arguments: JSON.stringify(input),
      custom: false,
      signature,
      cache: readCache(block, at),
      ...detailsOf(block, toolUseKeys),
    }
  }

  #readToolResult(block: JsonObject, at: string): Part {
    const callId = requiredText(block, 'tool_use_id', at)
    const content = block.content ?? []
    return {
      type: 'tool-result',
      callId,
      name: this.#toolNames.get(callId) ?? null,
      content: this.read(content, `${at}.content`),
      isError: optionalBoolean(block, 'is_error', at) ?? false,
      custom: false,
      cache: readCache(block, at),
      ...detailsOf(block, toolResultKeys),
    }
  }
}

/** A cache marker, or null. @throws GatewayError a 400 where it is no object. */
export function readCache(block: JsonObject, at: string): CacheMarker | null {
  const marker = optionalObject(block, 'cache_control', at)
  return marker === null ? null : { ttl: optionalText(marker, 'ttl', `${at}.cache_control`) }
}

/** What of `block` the hub has no words for, as its `details`. */
export function detailsOf(block: JsonObject, keys: ReadonlySet<string>): { details?: Native } {
  const rest = without(block, keys)
  return rest === null ? {} : { details: { dialect, value: rest } }
}

function textPart(text: string): Part {
  return { type: 'text', text, citations: [], cache: null, signature: null }
}

function readText(block: JsonObject, at: string): Part {
  const citations = optionalObjects(block, 'citations', at) ?? []
  return {
    type: 'text',
    text: requiredText(block, 'text', at),
    citations: citations.map(readCitation).filter((citation) => citation !== null),
    cache: readCache(block, at),
    signature: null,
  }
}

function readImage(block: JsonObject, at: string): Part {
  const source = readSource(requiredObject(block, 'source', at), `${at}.source`)
  const cache = readCache(block, at)
  return { type: 'image', source, detail: null, cache, ...detailsOf(block, imageKeys) }
}

function readSource(source: JsonObject, at: string): MediaSource {
  switch (requiredText(source, 'type', at)) {
    case 'base64': {
      const data = requiredText(source, 'data', at)
      return { kind: 'base64', data, mediaType: requiredText(source, 'media_type', at) }
    }
    case 'url':
      return { kind: 'url', url: requiredText(source, 'url', at), mediaType: null }
    case 'file':
      return { kind: 'file', id: requiredText(source, 'file_id', at), mediaType: null }
    case 'text': {
      const text = requiredText(source, 'data', at)
      return { kind: 'text', text, mediaType: optionalText(source, 'media_type', at) }
    }
    default:
      throw invalid(`${at}.type`, 'Input should be base64, content, file, text or url')
  }
}

/**
 * A document. One that is made of blocks is text for everyone else, and whole again for us; the
 * pictures in it are parts of their own, since a text cannot hold them.
 */
function readDocument(block: JsonObject, at: string): readonly Part[] {
  const source = requiredObject(block, 'source', at)
  const cache = readCache(block, at)
  const filename = optionalText(block, 'title', at)
  if (source.type !== 'content') {
    const media = readSource(source, `${at}.source`)
    const file = { type: 'file', source: media, filename, cache } as const
    return [{ ...file, ...detailsOf(block, documentKeys) }]
  }
  const { text, images } = readPieces(source, `${at}.source`)
  const media: MediaSource = { kind: 'text', text, mediaType: 'text/plain' }
  const file = { type: 'file', source: media, filename, cache } as const
  if (images.length > 0) return [file, ...images]
  const value = { ...without(block, documentKeys), source }
  return [{ ...file, details: { dialect, value } }]
}

/** The search result's text, as a document; its own fields come along. */
function readSearchResult(block: JsonObject, at: string): Part {
  const { text } = readPieces(block, at)
  const value = without(block, new Set(['title', 'cache_control'])) ?? {}
  return {
    type: 'file',
    source: { kind: 'text', text, mediaType: 'text/plain' },
    filename: optionalText(block, 'title', at),
    cache: readCache(block, at),
    details: { dialect, value },
  }
}

function readPieces(holder: JsonObject, at: string): { text: string; images: readonly Part[] } {
  if (typeof holder.content === 'string') return { text: holder.content, images: [] }
  const pieces = optionalObjects(holder, 'content', at) ?? []
  const texts = pieces.map((piece) => textAt(piece, 'text')).filter((text) => text !== null)
  const images = pieces.filter((piece) => piece.type === 'image')
  return {
    text: texts.join('\n'),
    images: images.map((image, index) => readImage(image, `${at}.content.${index}`)),
  }
}

function readThinking(block: JsonObject, at: string): ReasoningPart {
  const text = requiredText(block, 'thinking', at)
  const signature = optionalText(block, 'signature', at) || null
  const foreign = signature === null ? null : unseal(signature)
  return {
    type: 'reasoning',
    text,
    signature: foreign?.signature ?? signature,
    redacted: null,
    signedBy: signature === null ? null : (foreign?.signedBy ?? dialect),
    id: foreign?.id ?? null,
  }
}

function readRedacted(data: string): ReasoningPart {
  const foreign = unseal(data)
  const opaque = foreign?.signature ?? data
  const isSignature = foreign?.kind === 'signature'
  return {
    type: 'reasoning',
    text: '',
    signature: isSignature ? opaque : null,
    redacted: isSignature ? null : opaque,
    signedBy: foreign?.signedBy ?? dialect,
    id: foreign?.id ?? null,
  }
}
