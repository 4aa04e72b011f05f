/** A stream as something to look at: its state, at most 60 times a second. */
import type { Answer } from './answer.ts'
import { type StreamError, toStreamError } from './error.ts'
import { Frames } from './frames.ts'
import type { StreamMetrics } from './metrics.ts'
import type { StreamOrigin } from './request.ts'
import type { AnswerStream } from './stream.ts'

/** A stream at one moment. */
export interface StreamState {
  readonly isStreaming: boolean
  /** It came to its end. One that has ended otherwise failed, or was stopped. */
  readonly isFinished: boolean
  readonly answer: Answer
  readonly origin: StreamOrigin
  readonly metrics: StreamMetrics
  /** Why it failed; what had been said is in `answer`. A stream that was stopped did not fail. */
  readonly error: StreamError | null
  /** The connection broke, and another one is being made. */
  readonly isReconnecting: boolean
}

/**
 * Reads a stream to its end, and tells what it is like: with each frame in which something
 * changed, and at once when it ends. Never rejects.
 * @returns the last state, which was told too.
 */
export async function followStream(
  stream: AnswerStream,
  onState: (state: StreamState) => void,
): Promise<StreamState> {
  let isReconnecting = false
  const now = () => ({ answer: stream.answer, origin: stream.origin, metrics: stream.metrics })
  const frames = new Frames(() => {
    onState({ isStreaming: true, isFinished: false, isReconnecting, error: null, ...now() })
  })
  let [error, isFinished]: [StreamError | null, boolean] = [null, false]
  try {
    for await (const event of stream) {
      isReconnecting = event.type === 'resume' || event.type === 'retry'
      frames.change()
    }
    isFinished = true
  } catch (thrown) {
    const failure = toStreamError(thrown, new AbortController().signal)
    if (failure.code !== 'aborted') error = failure
  }
  frames.stop()
  const last = { isStreaming: false, isFinished, isReconnecting: false, error, ...now() }
  onState(last)
  return last
}
