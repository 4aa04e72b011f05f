/** What a dialect has to know for its streams to be asked for and read. */
import { isObject, type JsonObject } from '../../core/json.ts'
import { invalidEvent } from '../error.ts'
import type { StreamEvent } from '../events.ts'
import type { SseMessage } from '../sse-reader.ts'

/** The dialects that can be read. */
export type DialectName = 'openai-chat' | 'openai-responses' | 'anthropic-messages' | 'gemini'

/** The reader of one stream, over all connections that it takes. */
export interface DialectReader {
  /**
   * What one event says.
   * @throws StreamError the server's, where the event is an error; `invalid_event` where it cannot
   *   be read.
   */
  read(message: SseMessage): readonly StreamEvent[]
  /** The end marker was seen: nothing more comes. */
  readonly isOver: boolean
  /** The reason of the end was told, so that the end of the body is a good one too. */
  readonly isFinished: boolean
  /** The body ended, and that is a good end: what was held back until then. */
  end(): readonly StreamEvent[]
}

/** One dialect. */
export interface Dialect {
  readonly name: DialectName
  /** The address that streams, for the one that was given. */
  address(url: string): string
  /** The body that asks for a stream. */
  body(body: JsonObject): JsonObject
  /** How a key is sent. */
  headers(apiKey: string | null): Readonly<Record<string, string>>
  /** A fresh reader. */
  createReader(): DialectReader
}

/** More tool calls, or parts of anything, than an answer has. */
export const placesMax = 1_024

/** The object in an event. @throws StreamError `invalid_event` */
export function parseObject(data: string): JsonObject {
  let value: unknown
  try {
    value = JSON.parse(data)
  } catch (cause) {
    throw invalidEvent('An event of the stream is not JSON.', cause)
  }
  if (!isObject(value)) throw invalidEvent('An event of the stream is not an object.')
  return value
}

/** The objects in a list; whatever else it holds, or is, counts for nothing. */
export function objectsIn(value: unknown): readonly JsonObject[] {
  return Array.isArray(value) ? value.filter(isObject) : []
}

/** The places of tool calls in the answer, by whatever the dialect tells them apart. */
export class ToolPlaces {
  readonly #places = new Map<string, number>()

  /** How many calls have begun. */
  get count(): number {
    return this.#places.size
  }

  /** The place of a call that has begun, or null. */
  find(key: string): number | null {
    return this.#places.get(key) ?? null
  }

  /** The key of the last call whose key begins like this, or null. */
  last(beginning: string): string | null {
    let found: string | null = null
    for (const key of this.#places.keys()) if (key.startsWith(beginning)) found = key
    return found
  }

  /** The place of a call that begins. @throws StreamError `invalid_event` for too many. */
  begin(key: string): number {
    const place = this.#places.size
    if (place >= placesMax) throw invalidEvent('The answer has too many tool calls.')
    this.#places.set(key, place)
    return place
  }
}
