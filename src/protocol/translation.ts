/**
 * The reading and the writing half of a dialect. `read` goes from the dialect to the hub, `write`
 * from the hub to the dialect; a translation is the reading half of one and the writing half of
 * another, and there are as many implementations as dialects, not as pairs of them.
 */
import { GatewayError } from '../core/errors.ts'
import type { JsonObject } from '../core/json.ts'
import type { Frame } from '../sse/frame.ts'
import type { HubEvent } from './hub/events.ts'
import type { Losses } from './hub/losses.ts'
import type { HubRequest } from './hub/request.ts'
import type { ProtocolName } from './names.ts'

/** Reads one provider stream into hub events. One for each stream; never throws. */
export interface EventReader {
  /** What one frame says. After an `error` or `end` nothing more comes. */
  read(frame: Frame): readonly HubEvent[]
  /**
   * The body ended: what is left to say. An `end` where the answer was complete without a marker,
   * an `error` (`upstream_incomplete`) where it was not, nothing where either was already sent.
   */
  end(): readonly HubEvent[]
  /**
   * A finish was read, though it may not have been told yet because more may come: what breaks
   * from here on breaks nothing. Absent where a `finish` event is told as soon as it is read.
   */
  readonly finished?: boolean
}

/** What a writer must know of the request that it answers. */
export interface AnswerContext {
  /** The model as the client named it, for providers that do not say which one answered. */
  readonly model: string
  /** The request's id, from which ids of answers are made where the provider gave none. */
  readonly requestId: string
  /** Wall time in seconds since 1970, for dialects that carry it. */
  readonly createdS: number
  /** The client asked for usage in its stream; dialects that always send it ignore this. */
  readonly includeUsage: boolean
  /** Gemini without `alt=sse` streams one JSON array; everybody else sends events. */
  readonly framing: 'sse' | 'json-array'
  /** The hub's request, for dialects whose answers repeat parts of it (Responses). */
  readonly request: HubRequest
}

/** Writes one stream for the client. One for each stream. */
export interface EventWriter {
  /**
   * The text of whole events in the dialect's own framing; may be empty where nothing can be said
   * yet. An `error` event becomes the in-band error, after which nothing may be written.
   * @throws GatewayError `upstream_protocol_error` for an answer too large to be held, in dialects
   *   that tell all of it again at the end. What was to be said before the throw comes with the
   *   next call, which must be the one that says this error, and which never throws.
   */
  write(events: readonly HubEvent[]): string
  /**
   * In dialects that number their events: what comes next has this number. For a writer that goes
   * on with a stream whose beginning another server has sent.
   */
  countFrom?(sequenceNumber: number): void
}

/** Both halves of one dialect. */
export interface Translation {
  /** @throws GatewayError a 400 that names the parameter, for a request the dialect forbids. */
  readRequest(body: JsonObject, path: RequestPath): HubRequest
  /** @throws GatewayError a 400 that names the parameter, for what the dialect cannot say. */
  writeRequest(request: HubRequest): JsonObject
  /**
   * A whole answer as the events of a stream, `start` to `end`; an error in it is an `error`.
   * @param client as that of `reader`.
   */
  readResponse(body: JsonObject, client?: ProtocolName): readonly HubEvent[]
  /** The events of a finished answer as a whole one. */
  writeResponse(events: readonly HubEvent[], context: AnswerContext): JsonObject
  /**
   * @param client the dialect that will be written. Where it is the reader's own, each frame is
   *   told as it came (hub/own-frame.ts), by dialects whose events alone do not hold all of it.
   */
  reader(client?: ProtocolName): EventReader
  writer(context: AnswerContext): EventWriter
  readonly losses: Losses
}

/** What the path of a request says, in dialects that put it there (Gemini). */
export interface RequestPath {
  readonly model: string | null
  readonly stream: boolean | null
}

/** The halves of a dialect. @throws GatewayError `internal_error` for one that has none. */
export function translationOf(protocol: { readonly translation: Translation | null }): Translation {
  if (protocol.translation === null) throw new GatewayError('internal_error')
  return protocol.translation
}
