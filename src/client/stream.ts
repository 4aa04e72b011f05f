/**
 * A stream of one answer: asked for, read, asked for again while nothing has been said, resumed
 * where the server can, and never taken for complete when it is not.
 */
import { type Answer, AnswerFold } from './answer.ts'
import type { Connection } from './connection.ts'
import type { DialectReader } from './dialects/dialect.ts'
import { Endpoint } from './endpoint.ts'
import { aborted, incomplete, invalidEvent, StreamError, withRequest } from './error.ts'
import { isContent, type StreamEvent } from './events.ts'
import { Meter, type StreamMetrics } from './metrics.ts'
import { delayMs, pause, retryAfterMaxMs } from './pause.ts'
import { noOrigin, originOf, type StreamOrigin, type StreamRequest } from './request.ts'
import { Sequence } from './sequence.ts'

/** Failures of a connection, which say nothing of the answer. */
const breaks: ReadonlySet<string> = new Set(['network_error', 'stream_incomplete', 'stream_idle'])

/** A stream that can be read once. Nothing is asked for before somebody wants an event. */
export class AnswerStream implements AsyncIterable<StreamEvent> {
  readonly #request: StreamRequest
  readonly #abort = new AbortController()
  readonly #meter = new Meter(() => performance.now())
  readonly #endpoint: Endpoint
  readonly #answerCharsMax: number
  #fold: AnswerFold
  #reader: DialectReader
  #sequence: Sequence | null = null
  #connection: Connection | null = null
  #origin = noOrigin
  #hasContent = false
  #isTaken = false
  #isOver = false
  /** In a row: a new event of a stream that is kept counts as a good one. */
  #resumes = 0

  /** @throws TypeError where the dialect is not known, or the body cannot be said in JSON. */
  constructor(request: StreamRequest) {
    this.#request = request
    this.#endpoint = new Endpoint(request, this.#abort.signal, this.#meter)
    this.#answerCharsMax = request.answerCharsMax ?? 33_554_432
    this.#fold = new AnswerFold(this.#answerCharsMax)
    this.#reader = this.#endpoint.dialect.createReader()
  }

  /** What was said so far; the same object until something changes. */
  get answer(): Answer {
    return this.#fold.answer
  }

  get origin(): StreamOrigin {
    return this.#origin
  }

  get metrics(): StreamMetrics {
    return this.#meter.read(this.answer.usage?.outputTokens ?? null)
  }

  /** Ends it: whoever reads gets the error `aborted`, and the provider is cancelled. */
  abort(reason?: unknown): void {
    this.#abort.abort(reason)
  }

  /** Cuts the connection, to go on over another one; a stream that cannot go on fails. */
  reconnect(): void {
    this.#connection?.close()
  }

  /**
   * The events. Whoever stops reading ends the stream.
   * @throws StreamError where it fails, at the place where it did.
   */
  async *[Symbol.asyncIterator](): AsyncGenerator<StreamEvent, void, void> {
    if (this.#isTaken) throw new TypeError('A stream can be read once.')
    this.#isTaken = true
    const { signal } = this.#request
    const abort = (): void => this.#abort.abort(signal?.reason)
    if (signal?.aborted) abort()
    else signal?.addEventListener('abort', abort, { once: true })
    try {
      while (!this.#isOver) yield* this.#readUntilBroken()
    } finally {
      signal?.removeEventListener('abort', abort)
      this.#meter.end()
      // A server that keeps the stream would go on without us.
      if (!this.#isOver && this.#sequence !== null) void this.#endpoint.end(this.#sequence)
    }
  }

  /** Reads over one connection; where it breaks and there may be another, waits for its turn. */
  async *#readUntilBroken(): AsyncGenerator<StreamEvent, void, void> {
    let failure: StreamError
    let isRefusal = true
    try {
      const connection = await this.#open()
      isRefusal = false
      yield* this.#read(connection)
      return
    } catch (thrown) {
      failure = withRequest(this.#errorFrom(thrown), this.#origin.requestId)
    } finally {
      this.#connection?.close()
      this.#connection = null
    }
    const type = this.#remedy(failure, isRefusal)
    if (type === null) {
      // A server that reported a failure has nothing left to cancel.
      if (!breaks.has(failure.code) && failure.status !== null) this.#sequence = null
      throw failure
    }
    const { signal } = this.#abort
    const attempt = type === 'retry' ? ++this.#meter.retries : ++this.#resumes
    // A connection that broke says nothing of the server: the first resume need not wait.
    const waits = type === 'retry' ? attempt : attempt - 1
    const wait = waits === 0 ? 0 : delayMs(waits, failure)
    yield { type, attempt, delayMs: wait, error: failure }
    await pause(wait, signal)
    if (type === 'retry') this.#startAgain()
    else this.#meter.resumes += 1
  }

  async *#read(connection: Connection): AsyncGenerator<StreamEvent, void, void> {
    this.#connection = connection
    const { idleTimeoutMs = this.#sequence === null ? 0 : 60_000 } = this.#request
    for await (const messages of connection.messages(idleTimeoutMs)) {
      for (const message of messages) {
        this.#abort.signal.throwIfAborted()
        this.#meter.events += 1
        if (this.#sequence?.accept(message.id) === false) {
          this.#meter.duplicates += 1
          continue
        }
        if (message.id !== null) this.#resumes = 0
        yield* this.#say(this.#reader.read(message))
        if (!this.#reader.isOver) continue
        this.#isOver = true
        this.#connection = null
        connection.complete()
        return
      }
    }
    if (!this.#isGoodEnd(connection)) {
      // The server has told all that it knows: there is nothing to ask it for.
      if (connection.isEmpty) this.#sequence = null
      throw incomplete()
    }
    yield* this.#say(this.#reader.end())
    this.#isOver = true
  }

  /**
   * An end without the marker, which Gemini never has: good where the reason of the end was told,
   * and where a server that keeps the stream has nothing after it.
   */
  #isGoodEnd({ isEmpty }: Connection): boolean {
    if (!this.#reader.isFinished) return false
    return this.#sequence === null || isEmpty || this.#endpoint.dialect.name === 'gemini'
  }

  *#say(events: readonly StreamEvent[]): Generator<StreamEvent, void, void> {
    // One event of the stream is one of the figures too, whatever it holds.
    if (events.some(isContent)) {
      this.#hasContent = true
      this.#meter.content()
    }
    for (const event of events) {
      this.#fold.take(event)
      yield event
    }
  }

  async #open(): Promise<Connection> {
    if (this.#sequence !== null) return this.#endpoint.goOn(this.#sequence)
    const connection = await this.#endpoint.ask()
    this.#origin = originOf(connection.headers)
    const { streamId } = this.#origin
    if (streamId !== null) this.#sequence = new Sequence(streamId)
    return connection
  }

  /** What can be done about a failure; null is nothing. */
  #remedy(error: StreamError, isRefusal: boolean): 'retry' | 'resume' | null {
    const { retriesMax = 2, resumesMax = 8 } = this.#request
    if (this.#abort.signal.aborted || (error.retryAfterMs ?? 0) > retryAfterMaxMs) return null
    // A server that cannot go on now may have the stream later; a stream that failed has ended.
    const isBreak = breaks.has(error.code) || (isRefusal && error.retryable)
    if (this.#sequence !== null && isBreak) {
      return this.#resumes < resumesMax ? 'resume' : null
    }
    if (this.#hasContent || !error.retryable) return null
    return this.#meter.retries < retriesMax ? 'retry' : null
  }

  /** What breaks on the way is ours already: anything else is an event that nobody foresaw. */
  #errorFrom(thrown: unknown): StreamError {
    const { signal } = this.#abort
    if (signal.aborted) return aborted(signal)
    if (thrown instanceof StreamError) return thrown
    return invalidEvent('An event of the stream cannot be read.', thrown)
  }

  #startAgain(): void {
    this.#sequence = null
    this.#origin = noOrigin
    this.#reader = this.#endpoint.dialect.createReader()
    this.#fold = new AnswerFold(this.#answerCharsMax)
  }
}

/**
 * Asks an endpoint for a streamed answer.
 * @throws TypeError where the dialect is not known, or the body cannot be said in JSON. All else is
 *   thrown to whoever reads.
 */
export function streamAnswer(request: StreamRequest): AnswerStream {
  return new AnswerStream(request)
}
