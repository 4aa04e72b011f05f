/** The one way in which anything ends a request early: its `AbortController`, with the reason. */
import { GatewayError, toGatewayError } from './errors.ts'

/** The reason a signal was aborted with, as our error. */
export function abortReason(signal: AbortSignal): GatewayError {
  const reason: unknown = signal.reason
  if (reason instanceof GatewayError) return reason
  // Bun aborts a request's own signal with a DOMException when the client closes the connection.
  return reason instanceof DOMException
    ? new GatewayError('client_gone', { cause: reason })
    : toGatewayError(reason)
}

/** Runs `listener` at the abort, or at once where that has happened. Returns the way to stop. */
export function onAbort(signal: AbortSignal, listener: () => void): () => void {
  if (signal.aborted) {
    listener()
    return () => {}
  }
  signal.addEventListener('abort', listener, { once: true })
  return () => signal.removeEventListener('abort', listener)
}
