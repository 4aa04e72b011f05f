/** Where a stream is asked for, gone on with, and ended. */
import type { JsonObject } from '../core/json.ts'
import { Connection, type Fetch } from './connection.ts'
import { dialectOf } from './dialects/detect.ts'
import type { Dialect } from './dialects/dialect.ts'
import type { Meter } from './metrics.ts'
import type { StreamRequest } from './request.ts'
import type { Sequence } from './sequence.ts'

/** One endpoint, with what is asked of it. */
export class Endpoint {
  readonly dialect: Dialect
  readonly #request: StreamRequest
  readonly #url: string
  readonly #body: string
  readonly #fetch: Fetch
  readonly #signal: AbortSignal
  readonly #meter: Meter

  /**
   * @param signal ends every connection to it.
   * @throws TypeError where the dialect is not known, or the body cannot be said in JSON.
   */
  constructor(request: StreamRequest, signal: AbortSignal, meter: Meter) {
    this.#request = request
    this.dialect = dialectOf(String(request.url), request.dialect ?? null)
    this.#url = this.dialect.address(String(request.url))
    this.#body = JSON.stringify(this.dialect.body(request.body as JsonObject))
    // A method of `window` may not be called as a method of something else.
    this.#fetch = request.fetch ?? ((url, init) => globalThis.fetch(url, init))
    this.#signal = signal
    this.#meter = meter
  }

  /** Sends the request. @throws StreamError */
  ask(): Promise<Connection> {
    const wish = { ...(this.#request.resume === true && { 'x-sluice-resume': '1' }) }
    const headers = { ...this.#headers({ 'content-type': 'application/json', ...wish }) }
    return this.#open(this.#url, { method: 'POST', headers, body: this.#body })
  }

  /** Asks for what follows in a stream that the server keeps. @throws StreamError */
  goOn(sequence: Sequence): Promise<Connection> {
    const headers = { ...this.#headers({}), 'last-event-id': sequence.lastEventId }
    return this.#open(this.#streamUrl(sequence), { headers, cache: 'no-store' })
  }

  /** Tells a server that keeps a stream that nobody wants it any more. Never rejects. */
  async end(sequence: Sequence): Promise<void> {
    try {
      // `keepalive`, because the page may be on its way out.
      const init = { method: 'DELETE', headers: this.#headers({}), keepalive: true }
      const response = await this.#fetch(this.#streamUrl(sequence), init)
      await response.body?.cancel()
    } catch {
      // Then it ends by itself, when nobody has read it for a while.
    }
  }

  #open(url: string, init: RequestInit): Promise<Connection> {
    const { eventCharsMax = 4_194_304 } = this.#request
    const shared = { fetch: this.#fetch, signal: this.#signal, meter: this.#meter }
    return Connection.open(url, init, { ...shared, eventCharsMax })
  }

  /** What the caller says of a header goes before what we would. */
  #headers(own: Readonly<Record<string, string>>): Record<string, string> {
    const { apiKey = null, headers } = this.#request
    return { accept: 'text/event-stream', ...own, ...this.dialect.headers(apiKey), ...headers }
  }

  /** Beside the endpoint: what stands before the version of the API stays. */
  #streamUrl({ streamId }: Sequence): string {
    const base = /^([^?#]*?)\/v1(?:beta)?\//.exec(this.#url)?.[1] ?? ''
    return `${base}/v1/streams/${encodeURIComponent(streamId)}`
  }
}
