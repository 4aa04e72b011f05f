/** What stands behind the hook: one stream at a time, and its state for a view. */
import { followStream, type StreamState } from './follow.ts'
import { noOrigin, type StreamRequest } from './request.ts'
import { type AnswerStream, streamAnswer } from './stream.ts'
import type { FinishedAnswer, Streaming, StreamingMetadata } from './streaming.ts'

type View = Omit<Streaming, 'start' | 'stop' | 'reconnect'>

/** State outside of React, so that a frame is one commit. Its methods may be passed around. */
export class StreamStore {
  readonly #listeners = new Set<() => void>()
  #stream: AnswerStream | null = null
  #snapshot: Streaming

  constructor() {
    this.#snapshot = this.#view(idle)
  }

  /** Calls `listener` after each change. Returns the way to stop. */
  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener)
    return () => void this.#listeners.delete(listener)
  }

  /** The same object until something changes. */
  readonly read = (): Streaming => this.#snapshot

  /** The view is there. Returns what to do when it goes: nothing is read for nobody. */
  readonly mount = (): (() => void) => this.stop

  /** As `Streaming.start`. */
  readonly start = async (request: StreamRequest): Promise<FinishedAnswer | null> => {
    const stream = streamAnswer(request)
    this.#stream?.abort()
    this.#stream = stream
    this.#show({ ...idle, isStreaming: true })
    const last = await followStream(stream, (state) => {
      // What was replaced, or stopped, has no more to show.
      if (this.#stream === stream) this.#show(viewOf(state))
    })
    if (this.#stream !== stream) return null
    this.#stream = null
    if (!last.isFinished) return null
    const { content, reasoning, toolCalls, metadata } = viewOf(last)
    return { content, reasoning, toolCalls, metadata }
  }

  /** As `Streaming.stop`. */
  readonly stop = (): void => {
    const stream = this.#stream
    if (stream === null) return
    this.#stream = null
    const { answer, origin, metrics } = stream
    stream.abort()
    const over = { isStreaming: false, isFinished: false, isReconnecting: false, error: null }
    this.#show(viewOf({ ...over, answer, origin, metrics }))
  }

  /** As `Streaming.reconnect`. */
  readonly reconnect = (): void => this.#stream?.reconnect()

  #show(view: View): void {
    this.#snapshot = this.#view(view)
    for (const listener of [...this.#listeners]) listener()
  }

  #view(view: View): Streaming {
    return { ...view, start: this.start, stop: this.stop, reconnect: this.reconnect }
  }
}

function viewOf({
  isStreaming,
  answer,
  origin,
  metrics,
  error,
  isReconnecting,
}: StreamState): View {
  const { content, reasoning, toolCalls, id, model, usage, finishReason, isRefusal } = answer
  const metadata: StreamingMetadata = {
    ...{ id, model, usage, finishReason, isRefusal, metrics, isReconnecting },
    provider: origin.provider,
    requestId: origin.requestId,
    resumable: origin.streamId !== null,
  }
  return { isStreaming, content, reasoning, toolCalls, error, metadata }
}

const idle: View = {
  isStreaming: false,
  content: '',
  reasoning: '',
  toolCalls: [],
  error: null,
  metadata: {
    ...{ id: null, model: null, usage: null, finishReason: null, isRefusal: false },
    ...{ metrics: null, isReconnecting: false, resumable: false },
    provider: noOrigin.provider,
    requestId: noOrigin.requestId,
  },
}
