import type { BufferPool } from '../buffer/lease.ts'
import type { StreamSettings } from '../config/config.ts'
import type { Sweep } from '../core/clock.ts'
import type { GatewayError } from '../core/errors.ts'
import type { Exchange } from '../observe/exchange.ts'
import type { Protocol } from '../protocol/protocol.ts'
import type { AnswerContext } from '../protocol/translation.ts'
import type { Opened, Target } from '../provider/call.ts'
import type { ResumableStream } from './resumable.ts'

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
  /** Finds another answer where one breaks in the middle; null where that is an error. */
  readonly recover: Recover | null
  /** What is said behind the last event of a whole stream; null is nothing. */
  readonly trailer: (() => string) | null
  /** Keeps the stream for a client that wants to come back to it; null where none wants that. */
  readonly resume: Resume | null
  /** Called once, when the last byte has left or never will. */
  readonly done: () => void
}

/** A stream that is kept, and the request that it is sent to first. */
export interface Resume {
  /** Null where no more can be kept: then the stream is like any other. */
  open(): ResumableStream | null
  readonly signal: AbortSignal
}

/** Another answer, in the place of one that broke. */
export interface Rescue {
  readonly opened: Opened
  /** `prefill`: it goes on behind the text. `restart`: it begins again. */
  readonly way: 'prefill' | 'restart'
  /** What a writer of the client's dialect must know of the request. */
  readonly answer: AnswerContext
}

/** The way to other answers for one request; wired to the stages before by the gateway. */
export interface Recover {
  /** What is kept in memory to ask with. */
  readonly heldBytes: number
  /** Whether one can be asked for: the failure is not the caller's, and a target is left. */
  isPossible(failure: GatewayError, failed: Target): boolean
  /**
   * Asks for one; null where there is none.
   * @param text what the client has been told.
   */
  open(text: string, failed: Target): Promise<Rescue | null>
}
