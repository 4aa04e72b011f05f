/** A request as the scripted upstream received it. */
import { type HeaderLine, headerValue, joinBytes, type MessageHead } from './http.ts'
import { Changes } from './signal.ts'
import { PeerGone } from './wire.ts'

/** One request: its head at once, its body as it comes. */
export class UpstreamRequest {
  readonly method: string
  /** The request target as it was sent, with its query. */
  readonly path: string
  readonly version: string
  /** In the order of the wire, names in their own case. */
  readonly headers: readonly HeaderLine[]
  /** Monotonic milliseconds. */
  readonly receivedAtMs = performance.now()
  /** 0 for the first request of a connection; more means that the connection was reused. */
  readonly indexOnConnection: number
  readonly connectionId: number
  /** Sizes of the chunks that are complete; empty for a body with a length. The final one is 0. */
  readonly chunkSizes: number[] = []
  /** Bytes of the body so far. */
  bodyBytes = 0
  /** Whether the body came to its proper end. */
  isComplete = false
  #broken: string | null = null
  #pieces: Uint8Array[] = []
  #consumed = false
  readonly #changes = new Changes()

  constructor(head: MessageHead, connectionId: number, indexOnConnection: number) {
    const [method = '', path = '', version = ''] = head.startLine.split(' ')
    this.method = method
    this.path = path
    this.version = version
    this.headers = head.headers
    this.connectionId = connectionId
    this.indexOnConnection = indexOnConnection
  }

  /** The value of a header, several joined by a comma; null where there is none. */
  header(name: string): string | null {
    return headerValue(this.headers, name)
  }

  /** Every value of a header on its own. */
  headerLines(name: string): readonly string[] {
    const wanted = name.toLowerCase()
    return this.headers.filter(([key]) => key.toLowerCase() === wanted).map(([, value]) => value)
  }

  /** The whole body, also after the answer. Throws `PeerGone` where the body broke off. */
  async bytes(withinMs = 20_000): Promise<Uint8Array> {
    if (this.#consumed) throw new Error('the body was already taken piece by piece')
    await this.#changes.until(() => this.#isSettled(), 'the end of the request body', withinMs)
    if (!this.isComplete) throw new PeerGone(this.#broken ?? 'the request body broke off')
    const body = joinBytes(this.#pieces)
    this.#pieces = [body]
    return body
  }

  /** The whole body as text. */
  async text(): Promise<string> {
    return new TextDecoder().decode(await this.bytes())
  }

  /** The whole body as parsed JSON. */
  async json(): Promise<unknown> {
    return JSON.parse(await this.text())
  }

  /**
   * The body piece by piece, none of it kept. What is read ahead of the consumer is bounded only
   * by `connection.pause()`. Throws `PeerGone` where the body broke off.
   */
  async *body(withinMs = 20_000): AsyncGenerator<Uint8Array> {
    this.#consumed = true
    while (true) {
      const piece = this.#pieces.shift()
      if (piece !== undefined) yield piece
      else if (this.isComplete) return
      else if (this.#broken !== null) throw new PeerGone(this.#broken)
      else await this.#changes.until(() => this.#hasNews(), 'more of the request body', withinMs)
    }
  }

  /** For the connection. */
  append(piece: Uint8Array): void {
    this.bodyBytes += piece.byteLength
    this.#pieces.push(piece)
    this.#changes.notify()
  }

  /** For the connection: the body is complete. */
  complete(): void {
    this.isComplete = true
    this.#changes.notify()
  }

  /** For the connection: the body will never be complete. */
  breakOff(reason: string): void {
    if (this.isComplete) return
    this.#broken ??= reason
    this.#changes.notify()
  }

  #isSettled(): boolean {
    return this.isComplete || this.#broken !== null
  }

  #hasNews(): boolean {
    return this.#pieces.length > 0 || this.#isSettled()
  }
}
