/** Writes parts as content blocks. */
import type { JsonObject } from '../../core/json.ts'
import { fittedToolCallId } from '../hub/ids.ts'
import { cannotSay } from '../hub/losses.ts'
import type {
  CacheMarker,
  MediaSource,
  Part,
  ToolCallPart,
  ToolResultPart,
} from '../hub/request.ts'
import { readArguments } from './arguments.ts'
import { writeOwnCitations } from './citation.ts'
import { dialect, ownValue } from './words.ts'

const cacheTtls: ReadonlySet<string | null> = new Set(['5m', '1h'])

/** A cache marker as the field of a block; nothing for none. */
export function writeCache(cache: CacheMarker | null): { readonly cache_control?: JsonObject } {
  if (cache === null) return {}
  const ttl = cacheTtls.has(cache.ttl) ? { ttl: cache.ttl } : {}
  return { cache_control: { type: 'ephemeral', ...ttl } }
}

/** Anthropic's rule; its clouds' is the same, up to the length. */
const legalId = /^[a-zA-Z0-9_-]+$/

/** Ids of calls in one request: of the allowed characters, and each call with one of its own. */
class CallIds {
  readonly #written = new Map<string, string>()
  readonly #taken = new Set<string>()

  /** The id of a call. One that comes again belongs to a later call, and so do its results. */
  begin(id: string): string {
    const base = fittedToolCallId(id, legalId)
    let unique = base
    for (let count = 2; this.#taken.has(unique); count += 1) unique = `${base}_${count}`
    this.#taken.add(unique)
    this.#written.set(id, unique)
    return unique
  }

  /** The id of the call that a result belongs to. */
  of(id: string): string {
    return this.#written.get(id) ?? this.begin(id)
  }
}

/** Writes the parts of one request's messages. */
export class PartWriter {
  readonly #ids = new CallIds()
  /** The request came in this dialect, so its file ids are this provider's. */
  readonly #isOwn: boolean

  constructor(isOwn: boolean) {
    this.#isOwn = isOwn
  }

  /**
   * The blocks of a message.
   * @throws GatewayError a 400 for what cannot stand there.
   */
  write(parts: readonly Part[], role: 'system' | 'user' | 'assistant'): JsonObject[] {
    return parts
      .map((part) => this.#writePart(part, role))
      .filter((block) => block !== null)
      .filter((block) => block.type !== 'text' || block.text !== '')
  }

  #writePart(part: Part, role: 'system' | 'user' | 'assistant'): JsonObject | null {
    if (role !== 'user' && (part.type === 'image' || part.type === 'file')) {
      throw cannotSay(dialect, 'messages')
    }
    switch (part.type) {
      case 'text': {
        const citations = writeOwnCitations(part.citations)
        const cited = citations.length > 0 ? { citations } : {}
        return { type: 'text', text: part.text, ...cited, ...writeCache(part.cache) }
      }
      case 'refusal':
        return { type: 'text', text: part.text }
      case 'image':
      case 'file':
        return this.#writeMedia(part)
      case 'audio':
        throw cannotSay(dialect, 'input_audio')
      case 'reasoning':
        if (part.signedBy !== dialect) return null
        if (part.redacted !== null) return { type: 'redacted_thinking', data: part.redacted }
        if (part.signature === null) return null
        return { type: 'thinking', thinking: part.text, signature: part.signature }
      case 'tool-call':
        return this.#writeCall(part)
      case 'tool-result':
        return this.#writeResult(part)
      case 'native':
        return ownValue(part.native)
    }
  }

  #writeCall(part: ToolCallPart): JsonObject {
    return {
      type: 'tool_use',
      id: this.#ids.begin(part.id),
      name: part.name,
      input: readArguments(part.arguments),
      ...writeCache(part.cache),
      ...ownValue(part.details),
    }
  }

  #writeResult(part: ToolResultPart): JsonObject {
    const content = this.write(part.content, 'user')
    return {
      type: 'tool_result',
      tool_use_id: this.#ids.of(part.callId),
      ...(content.length > 0 && { content }),
      ...(part.isError && { is_error: true }),
      ...writeCache(part.cache),
      ...ownValue(part.details),
    }
  }

  #writeMedia(part: Extract<Part, { type: 'image' | 'file' }>): JsonObject {
    const source = this.#writeSource(part.source)
    const isImage = part.type === 'image' || `${source.media_type}`.startsWith('image/')
    const title = part.type === 'file' && !isImage ? part.filename : null
    if (isImage && source.type === 'text') throw cannotSay(dialect, 'messages')
    if (!isImage && source.type === 'base64' && source.media_type !== 'application/pdf') {
      throw cannotSay(dialect, 'messages')
    }
    return {
      type: isImage ? 'image' : 'document',
      source,
      ...(title !== null && { title }),
      ...writeCache(part.cache),
      // Of a search result this replaces the type and the source: it is one again.
      ...ownValue(part.details),
    }
  }

  #writeSource(source: MediaSource): JsonObject {
    switch (source.kind) {
      case 'url':
        return { type: 'url', url: source.url }
      case 'file':
        if (!this.#isOwn) throw cannotSay(dialect, 'file_id')
        return { type: 'file', file_id: source.id }
      case 'text':
        return { type: 'text', media_type: 'text/plain', data: source.text }
      case 'base64': {
        const { data, mediaType } = source
        if (!/^text\/|^application\/json\b/.test(mediaType)) {
          return { type: 'base64', media_type: mediaType, data }
        }
        const text = Buffer.from(data, 'base64').toString('utf8')
        return { type: 'text', media_type: 'text/plain', data: text }
      }
    }
  }
}
