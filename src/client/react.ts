/** The entry of `sluice/react`: a streamed answer as the state of a component. */
import { useEffect, useState, useSyncExternalStore } from 'react'
import { StreamStore } from './store.ts'
import type { Streaming } from './streaming.ts'

export type { Answer, ToolCall } from './answer.ts'
export { StreamError } from './error.ts'
export type { FinishReason, Usage } from './events.ts'
export type { StreamMetrics } from './metrics.ts'
export type { StreamRequest } from './request.ts'
export type { FinishedAnswer, Streaming, StreamingMetadata } from './streaming.ts'

/**
 * One stream at a time as the state of a component, rendered at most 60 times a second. When the
 * component goes, so does the stream. `start`, `stop` and `reconnect` stay the same functions.
 */
export function useStreaming(): Streaming {
  const [store] = useState(() => new StreamStore())
  const snapshot = useSyncExternalStore(store.subscribe, store.read, store.read)
  // Under StrictMode this runs twice: what one leaves, the next can use.
  useEffect(() => store.mount(), [store])
  return snapshot
}
