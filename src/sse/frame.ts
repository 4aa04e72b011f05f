/** One frame of a stream, whatever frames it: the name of the event and its data as text. */
export interface Frame {
  /** SSE's `event:`, or AWS's `:event-type`; null where there is none. */
  readonly event: string | null
  readonly data: string
}

/** Cuts one body into frames. One for each stream. */
export interface Deframer {
  /**
   * The frames that are complete with `chunk`.
   * @throws GatewayError `upstream_protocol_error` where the framing is broken or a frame is larger
   *   than allowed.
   */
  push(chunk: Uint8Array): readonly Frame[]
  /** The body ended: a last frame whose end is missing, if it makes one. */
  end(): readonly Frame[]
}

/** How a provider frames a stream. */
export type Framing = 'sse' | 'ndjson' | 'aws-event-stream'
