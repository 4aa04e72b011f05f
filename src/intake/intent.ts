/** What a request wants, and its body in a form that can be sent upstream. */

/** What was measured while a body was sent to the provider. Times in milliseconds. */
export interface RequestStreamMetrics {
  readonly totalBytes: number
  readonly chunkCount: number
  readonly avgChunkSize: number
  readonly duration: number
  /** Bytes a second. */
  readonly throughput: number
  /** How often a chunk was ready while the provider was not. */
  readonly backpressureEvents: number
  readonly backpressureTime: number
}

/** A request body on its way to the provider. Whoever holds it releases it, exactly once. */
export interface RequestBody {
  /** The bytes, where they are in memory. They are the client's own, unless a model was renamed. */
  readonly bytes: Uint8Array<ArrayBuffer> | null
  readonly lengthBytes: number | null
  /** Whether `open` may be called again for another attempt. */
  readonly replayable: boolean
  /**
   * A body for one attempt. `renamedTo` puts another model name in the place of the client's,
   * changing nothing else. Throws `GatewayError` where the body cannot be read again.
   */
  open(renamedTo: string | null): BodyInit
  /** The same as bytes, for a provider inside the program. */
  collect(renamedTo: string | null): Promise<Uint8Array<ArrayBuffer>>
  /** Measures of the last `open`, where it streamed. */
  metrics(): RequestStreamMetrics | null
  /** Deletes the spool file, cancels what is left of the upload. */
  release(): void
}

/** A request that was read as far as is needed to route it. */
export interface Intent {
  /** The model as the client wrote it, or null where the endpoint has none. */
  readonly model: string | null
  /** The client asked for a stream. */
  readonly stream: boolean
  /** Null for methods without a body. */
  readonly body: RequestBody | null
  readonly contentType: string | null
}
