/** What a caller says of a stream, and what the head of the answer says of it. */
import type { Fetch } from './connection.ts'
import type { DialectName } from './dialects/dialect.ts'

/** What to ask, and how. */
export interface StreamRequest {
  /** The endpoint, such as `/v1/chat/completions`; relative to the page, or whole. */
  readonly url: string | URL
  /** The request of the endpoint's dialect. `stream` need not be set. */
  readonly body: object
  /** Sent as the dialect sends keys. */
  readonly apiKey?: string
  readonly headers?: Readonly<Record<string, string>>
  /** Where the path does not tell it. */
  readonly dialect?: DialectName
  /** Ends the stream, and with it what the provider does. */
  readonly signal?: AbortSignal
  /** Asks a sluice to keep the stream, so that it goes on after a broken connection. */
  readonly resume?: boolean
  /** How often a request that failed before the first content is sent again; 2. */
  readonly retriesMax?: number
  /** How often in a row the server is asked to go on, without a new event; 8. */
  readonly resumesMax?: number
  /** How long nothing may come; 0 is for ever. 60,000 for a stream that can go on, else 0. */
  readonly idleTimeoutMs?: number
  /** Of one event; 4,194,304. */
  readonly eventCharsMax?: number
  /** Of content, reasoning and arguments together; 33,554,432. */
  readonly answerCharsMax?: number
  /** Instead of the global one. */
  readonly fetch?: Fetch
}

/** Who answers, as the head of the answer says. Null is "not told", or not yet. */
export interface StreamOrigin {
  readonly requestId: string | null
  /** Of a sluice. */
  readonly provider: string | null
  /** The stream's name at the server, where it can go on after a broken connection. */
  readonly streamId: string | null
}

/** What the head of an answer says. */
export function originOf(headers: Headers): StreamOrigin {
  return {
    requestId: headers.get('x-request-id') ?? headers.get('request-id'),
    provider: headers.get('x-sluice-provider'),
    streamId: headers.get('x-sluice-stream-id'),
  }
}

/** Before the head of the answer is there. */
export const noOrigin: StreamOrigin = { requestId: null, provider: null, streamId: null }
