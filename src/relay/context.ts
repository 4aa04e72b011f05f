import type { BufferPool } from '../buffer/lease.ts'
import type { StreamSettings } from '../config/config.ts'
import type { Sweep } from '../core/clock.ts'
import type { Exchange } from '../observe/exchange.ts'
import type { Protocol } from '../protocol/protocol.ts'

/** What relaying one request needs from the rest of the program. */
export interface RelayContext {
  readonly exchange: Exchange
  /** The client's dialect: heartbeats and in-band errors are written in it. */
  readonly protocol: Protocol
  /** How the client wants its stream framed: events, or Gemini's one JSON array. */
  readonly framing: 'sse' | 'json-array'
  readonly settings: StreamSettings
  readonly sweep: Sweep
  readonly pool: BufferPool
  /** Ends the request with a reason; the reason of its signal is why a stream failed. */
  readonly abort: AbortController
  /** Called once, when the last byte has left or never will. */
  readonly done: () => void
}
