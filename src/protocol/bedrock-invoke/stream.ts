/**
 * Reads `InvokeModelWithResponseStream`: every frame carries one piece of what the model itself
 * says, in base64, and the first one tells which family that is. Only Claude is ever asked in this
 * dialect, since Converse says the same for everybody; the others are read where they turn up.
 */
import { GatewayError } from '../../core/errors.ts'
import { isObject, type JsonObject, objectAt, textAt } from '../../core/json.ts'
import type { Frame } from '../../sse/frame.ts'
import { MessageReader } from '../anthropic-messages/stream-read.ts'
import { readException } from '../bedrock-converse/error.ts'
import { ConverseReader } from '../bedrock-converse/stream.ts'
import type { HubEvent } from '../hub/events.ts'
import { NOT_JSON, parseData } from '../openai/data.ts'
import type { ProviderReader } from '../provider-only.ts'
import { TextModelReader } from './text-models.ts'

/** The reader of a family's own chunks. */
interface ChunkReader {
  /** The model has said why its answer ends. */
  readonly finished: boolean
  readChunk(chunk: JsonObject): readonly HubEvent[]
  end(): readonly HubEvent[]
}

/** The reader of one stream. */
export class InvokeReader implements ProviderReader {
  #family: ChunkReader | null = null
  #over = false

  get finished(): boolean {
    return this.#family?.finished === true
  }

  read({ event, data }: Frame): readonly HubEvent[] {
    if (this.#over) return []
    if (event?.startsWith('exception:')) {
      const type = event.slice('exception:'.length)
      return this.#note([{ type: 'error', error: readException(type, data) }])
    }
    const chunk = chunkIn(data)
    if (chunk === null) return []
    this.#family ??= familyOf(chunk)
    return this.#note(this.#family?.readChunk(chunk) ?? [])
  }

  end(): readonly HubEvent[] {
    if (this.#over) return []
    const incomplete: HubEvent = { type: 'error', error: new GatewayError('upstream_incomplete') }
    return this.#note(this.#family?.end() ?? [incomplete])
  }

  #note(events: readonly HubEvent[]): readonly HubEvent[] {
    if (events.some(({ type }) => type === 'end' || type === 'error')) this.#over = true
    return events
  }
}

/** The model's own JSON inside `{"bytes": "...", "p": "..."}`; null where it is none. */
function chunkIn(data: string): JsonObject | null {
  const text = plainBytesIn(data) ?? anyBytesIn(data)
  const chunk = text === null ? NOT_JSON : parseData(text)
  return chunk !== NOT_JSON && isObject(chunk) ? chunk : null
}

const opening = '{"bytes":"'
const decoder = new TextDecoder('utf-8', { ignoreBOM: true })

/**
 * What is in `bytes` where it comes first, as AWS writes it: its base64 has nothing that JSON would
 * escape, so that parsing what is around it can be spared. Null where it is not so plain.
 */
function plainBytesIn(data: string): string | null {
  if (!data.startsWith(opening) || !data.endsWith('}')) return null
  try {
    const base64 = data.slice(opening.length, data.indexOf('"', opening.length))
    return decoder.decode(Uint8Array.fromBase64(base64))
  } catch {
    return null
  }
}

function anyBytesIn(data: string): string | null {
  const payload = parseData(data)
  const bytes = payload !== NOT_JSON && isObject(payload) ? textAt(payload, 'bytes') : null
  return bytes === null ? null : Buffer.from(bytes, 'base64').toString('utf8')
}

/** Null for a chunk that tells nothing; the next one may. */
function familyOf(chunk: JsonObject): ChunkReader | null {
  if (typeof chunk.type === 'string') return new ClaudeReader()
  if (TextModelReader.knows(chunk)) return new TextModelReader()
  return novaEvents.some((name) => name in chunk) ? new NovaReader() : null
}

/** Claude says the events of the Messages API. */
class ClaudeReader implements ChunkReader {
  readonly #reader = new MessageReader()

  get finished(): boolean {
    return this.#reader.finished
  }

  readChunk(chunk: JsonObject): readonly HubEvent[] {
    return this.#reader.readEvent(chunk, null)
  }

  end(): readonly HubEvent[] {
    return this.#reader.end()
  }
}

const novaEvents = [
  'messageStart',
  'contentBlockStart',
  'contentBlockDelta',
  'contentBlockStop',
  'messageStop',
  'metadata',
] as const

/**
 * Nova says Converse's events, but counts every piece of text as a block of its own. Those that
 * follow each other are one text, as they are in Converse itself.
 */
class NovaReader implements ChunkReader {
  readonly #reader = new ConverseReader()
  /** The index under which the text goes that is being said. */
  #textIndex: unknown = null

  get finished(): boolean {
    return this.#reader.finished
  }

  readChunk(chunk: JsonObject): readonly HubEvent[] {
    const piece = objectAt(chunk, 'contentBlockDelta')
    if (piece !== null && typeof objectAt(piece, 'delta')?.text === 'string') {
      this.#textIndex ??= piece.contentBlockIndex ?? 0
      const contentBlockIndex = this.#textIndex
      return this.#reader.readUnion({ contentBlockDelta: { ...piece, contentBlockIndex } })
    }
    if (this.#textIndex === null) return this.#reader.readUnion(chunk)
    // The end of a piece of text; whether the text has ended is for what comes next to say.
    if ('contentBlockStop' in chunk) return []
    const contentBlockStop = { contentBlockIndex: this.#textIndex }
    this.#textIndex = null
    return [...this.#reader.readUnion({ contentBlockStop }), ...this.#reader.readUnion(chunk)]
  }

  end(): readonly HubEvent[] {
    return this.#reader.end()
  }
}
