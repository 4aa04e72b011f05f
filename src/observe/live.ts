/** A request that is under way, as an operator sees it: never content. */

/** What it does now. */
export type LivePhase =
  /** Its body is read, or it waits for its turn. */
  | 'queued'
  /** A provider was asked, and has said nothing yet. */
  | 'waiting'
  /** Content comes. */
  | 'streaming'
  /** The client takes nothing at this moment. */
  | 'blocked'
  /** The client has left; the answer is kept for it for a while. */
  | 'detached'

/** One of them. Times in milliseconds; null is "not yet" or "not known". Survives JSON. */
export interface LiveStream {
  readonly id: string
  /** Wall time of its beginning. */
  readonly at: number
  readonly worker: number
  readonly phase: LivePhase
  readonly endpoint: string
  readonly provider: string | null
  readonly model: string | null
  readonly route: string | null
  readonly keyId: string | null
  readonly streaming: boolean
  readonly attempts: number
  readonly ageMs: number
  readonly queueWaitMs: number
  readonly queuePosition: number | null
  readonly firstContentMs: number | null
  readonly sinceEventMs: number | null
  readonly events: number
  readonly eventsPerSecond: number | null
  readonly bytesIn: number
  readonly bytesOut: number
  readonly heldBytes: number
  readonly gapMaxMs: number | null
  readonly stalls: number
  readonly heartbeats: number
  readonly backpressureMs: number
}
