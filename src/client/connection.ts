/** One HTTP answer, from its head to the last of its events. */
import { StreamError, serverError, toStreamError } from './error.ts'
import type { Meter } from './metrics.ts'
import { retryAfterOf } from './pause.ts'
import { type SseMessage, SseReader } from './sse-reader.ts'

/** As much of `fetch` as is used. */
export type Fetch = (url: string, init: RequestInit) => Promise<Response>

/** What a connection needs of its stream. */
export interface ConnectionOptions {
  readonly fetch: Fetch
  /** Ends the stream, and so every connection of it. */
  readonly signal: AbortSignal
  readonly meter: Meter
  readonly eventCharsMax: number
}

/** An error body is read up to here. */
const errorBytesMax = 65_536

/** How long the end of a body may take whose answer is complete. */
const drainMs = 1_000

/** A connection whose head has come, and says that events follow, or that none do. */
export class Connection {
  readonly headers: Headers
  /** 204: the answer is complete, and all of it has been sent before. */
  readonly isEmpty: boolean
  readonly #body: ReadableStream<Uint8Array> | null
  readonly #abort: AbortController
  readonly #unlink: () => void
  readonly #options: ConnectionOptions
  #isComplete = false

  private constructor(
    response: Response,
    abort: AbortController,
    unlink: () => void,
    options: ConnectionOptions,
  ) {
    this.headers = response.headers
    this.isEmpty = response.status === 204
    this.#body = response.body
    this.#abort = abort
    this.#unlink = unlink
    this.#options = options
  }

  /**
   * Asks.
   * @throws StreamError the server's where it refuses, or what went wrong on the way.
   */
  static async open(
    url: string,
    init: RequestInit,
    options: ConnectionOptions,
  ): Promise<Connection> {
    const abort = new AbortController()
    const unlink = follow(options.signal, abort)
    try {
      const response = await options.fetch(url, { ...init, signal: abort.signal })
      if (!response.ok) throw await refusal(response)
      const type = response.headers.get('content-type') ?? ''
      if (response.status !== 204 && !/^text\/event-stream\b/i.test(type)) {
        const said = type === '' ? 'no type' : type.slice(0, 100)
        const message = `The server answered with ${said}, and not with a stream of events.`
        throw new StreamError('unexpected_content_type', message, known(response))
      }
      return new Connection(response, abort, unlink, options)
    } catch (thrown) {
      unlink()
      abort.abort()
      throw toStreamError(thrown, options.signal)
    }
  }

  /**
   * The events, as they arrive; those that came together are given together.
   * @param idleTimeoutMs how long nothing may come, not even a heartbeat; 0 is for ever.
   * @throws StreamError where the connection breaks. Its end is no error here.
   */
  async *messages(idleTimeoutMs: number): AsyncGenerator<readonly SseMessage[]> {
    if (this.#body === null) return
    const { meter, signal, eventCharsMax } = this.#options
    const sse = new SseReader(eventCharsMax)
    const body = this.#body.getReader()
    let isIdle = false
    let timer: ReturnType<typeof setTimeout> | undefined
    try {
      for (;;) {
        if (idleTimeoutMs > 0) {
          timer = setTimeout(() => {
            isIdle = true
            this.close()
          }, idleTimeoutMs)
        }
        const { done, value } = await body.read()
        clearTimeout(timer)
        if (done) return
        meter.bytes += value.byteLength
        const messages = sse.push(value)
        if (messages.length > 0) yield messages
        sse.check()
      }
    } catch (thrown) {
      if (!isIdle || signal.aborted) throw toStreamError(thrown, signal)
      const message = `Nothing came for ${idleTimeoutMs} ms.`
      throw new StreamError('stream_idle', message, { retryable: true })
    } finally {
      clearTimeout(timer)
      if (this.#isComplete) void this.#drain(body)
      else this.close()
    }
  }

  /**
   * Nothing more is wanted. What is left of the body is read without anybody waiting for it, so
   * that the server does not take us for a client that left too early.
   */
  complete(): void {
    this.#isComplete = true
    this.#unlink()
  }

  async #drain(body: ReadableStreamDefaultReader<Uint8Array>): Promise<void> {
    const timer = setTimeout(() => this.close(), drainMs)
    try {
      while (!(await body.read()).done);
    } catch {
      // Its end says nothing any more.
    } finally {
      clearTimeout(timer)
    }
  }

  /** Cuts it, wherever it is. Safe to call twice. */
  close(): void {
    this.#unlink()
    this.#abort.abort()
  }
}

/** Aborts `inner` with `outer`. Returns the way to stop. */
function follow(outer: AbortSignal, inner: AbortController): () => void {
  const abort = (): void => inner.abort(outer.reason)
  if (outer.aborted) abort()
  else outer.addEventListener('abort', abort, { once: true })
  return () => outer.removeEventListener('abort', abort)
}

async function refusal(response: Response): Promise<StreamError> {
  const text = await beginningOf(response)
  let body: unknown = null
  try {
    body = JSON.parse(text)
  } catch {
    // A page of some proxy on the way: its status tells enough.
  }
  return serverError(body, known(response))
}

function known({ status, headers }: Response) {
  const shouldRetry = headers.get('x-should-retry')
  return {
    status,
    requestId: headers.get('x-request-id') ?? headers.get('request-id'),
    retryAfterMs: retryAfterOf(headers),
    shouldRetry: shouldRetry === 'true' ? true : shouldRetry === 'false' ? false : null,
  }
}

async function beginningOf(response: Response): Promise<string> {
  if (response.body === null) return ''
  const decoder = new TextDecoder()
  const reader = response.body.getReader()
  let [text, bytes] = ['', 0]
  while (bytes < errorBytesMax) {
    const { done, value } = await reader.read()
    if (done) return text
    bytes += value.byteLength
    text += decoder.decode(value, { stream: true })
  }
  await reader.cancel()
  return text
}
