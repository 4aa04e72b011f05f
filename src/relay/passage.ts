/** The way of one event stream through the relay: inspected as it is, or translated. */
import type { GatewayError } from '../core/errors.ts'
import type { Usage } from '../protocol/protocol.ts'

/** What the client's stream needs of either way. */
export interface Passage {
  /**
   * What of `chunk`, and of what waited for it, may leave now. The views are good until `settle`.
   * @throws GatewayError where the provider's bytes cannot be gone on with.
   */
  take(chunk: Uint8Array): readonly Uint8Array[]
  /** After the segments have been written: keeps the incomplete rest for the next chunk. */
  settle(): void
  /**
   * The provider's body ended cleanly: what is still to be sent.
   * @throws GatewayError where the answer is not complete (design, rule 1).
   */
  finish(): readonly Uint8Array[]
  /** An in-band error event in the client's dialect, fit for the place the stream has reached. */
  errorEvent(error: GatewayError, requestId: string): string
  /** False in the middle of an event whose first part has left: nothing may be put in there. */
  readonly atBoundary: boolean
  /** The answer is whole: what breaks after this breaks nothing. */
  readonly complete: boolean
  /** The provider's own end was seen; it should close now. */
  readonly ended: boolean
  /** When the last whole event arrived; the idle clock counts from it. */
  readonly lastEventAtMs: number
  /** The provider's own error, which the client has been sent. */
  readonly error: GatewayError | null
  /** The provider's own error, which the client has not been sent: another answer may go on. */
  readonly held: GatewayError | null
  readonly usage: Usage | null
  readonly finishReason: string | null
}
