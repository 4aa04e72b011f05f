/**
 * What is spoken. A dialect is the same object on the client's side and on the provider's side;
 * where both are the same the bytes pass untouched, and only a `StreamWatch` looks at them.
 */
import type { GatewayError } from '../core/errors.ts'
import type { JsonObject } from '../core/json.ts'
import type { Framing } from '../sse/frame.ts'
import type { ProtocolName } from './names.ts'
import type { Translation } from './translation.ts'

/** Token counts as the provider reported them. Null is "not reported", which is never zero. */
export interface Usage {
  readonly inputTokens: number | null
  readonly outputTokens: number | null
  readonly cachedInputTokens: number | null
  readonly reasoningTokens: number | null
  /** Input that was written to the cache, where a provider tells it: it has a price of its own. */
  readonly cacheWriteInputTokens?: number | null
  /** The part of it that is to stay there for an hour. */
  readonly cacheWriteLongInputTokens?: number | null
}

/**
 * What one event of a stream was.
 * - `invalid`: its data is not valid JSON (nor the end marker), or nothing that the dialect has a
 *   place for; it is dropped, SDKs die of it
 * - `head`: an opening without content (a role, `response.created`); does not commit the answer
 * - `content`: something the user sees or a tool gets, or the finish of an empty answer
 * - `error`: the provider's own error event
 * - `end`: the protocol's end marker
 * - `other`: a comment, an event without data, usage on its own
 */
export type Sighting = 'invalid' | 'head' | 'content' | 'error' | 'end' | 'other'

/** Looks at the events of one stream and remembers what they said. Never changes them. */
export interface StreamWatch {
  /**
   * Looks at the data of one event (the joined `data:` lines).
   * @param event the name of the event, for dialects whose data does not repeat it.
   */
  look(data: string, event?: string | null): Sighting
  /**
   * Looks at the first bytes of an event that was too large to be held and has passed as a whole:
   * where the end of a stream carries the entire answer, it must still be seen to be the end.
   */
  glimpse?(beginning: string): void
  /** A finish reason was seen: the answer is complete even if the end marker is missing. */
  readonly finished: boolean
  /** The protocol's own end was seen. */
  readonly ended: boolean
  /** The last reported usage, or null. */
  readonly usage: Usage | null
  readonly finishReason: string | null
  /** The error that the provider put in its stream, or null. */
  readonly error: GatewayError | null
  /** What to send when the stream ends without its marker though it finished, or null. */
  readonly missingEnd: string | null
  /** The number that the next event has, in dialects that count theirs. */
  readonly nextSequenceNumber?: number
  /** An in-band error event, fit for the place the stream has reached. */
  errorEvent(error: GatewayError, requestId: string): string
}

/** An error as the body of an HTTP answer. */
export interface ErrorBody {
  readonly status: number
  readonly body: JsonObject
}

/** One dialect. */
export interface Protocol {
  readonly name: ProtocolName
  /** How the provider frames a stream. Clients of every dialect are sent server-sent events. */
  readonly framing: Framing
  /** False where the end of the body is the only end there is. */
  readonly hasEndMarker: boolean
  /**
   * Whether the end of the body is only good after a finish reason. True for Gemini, which has no
   * end marker; with a marker the question does not arise.
   */
  readonly needsFinish?: boolean
  /** Whether an event with invalid JSON is dropped. */
  readonly dropsInvalid: boolean
  /** A heartbeat: bytes that are legal between two events and that every SDK ignores. */
  readonly heartbeat: string
  /** A fresh watch for one stream. */
  watch(): StreamWatch
  /** Reads a JSON answer that is not a stream: its usage, or the error that hides in a 200. */
  readAnswer(body: JsonObject): { usage: Usage | null; error: GatewayError | null }
  /** Reads an answer with an error status. `body` is parsed, or null where it was not JSON. */
  readError(status: number, body: unknown, retryAfterMs: number | null): GatewayError
  /** Writes an error in this dialect's envelope. */
  writeError(error: GatewayError, requestId: string): ErrorBody
  /**
   * Finds requests that cannot pass as they are although both sides speak this dialect, because
   * they carry what another provider signed. `mark` stands in every one of them; only bodies that
   * hold it are parsed.
   */
  readonly foreign?: { readonly mark: string; readonly test: (body: JsonObject) => boolean }
  /** Both halves of a translation; null for a dialect that is only passed along. */
  readonly translation: Translation | null
}
