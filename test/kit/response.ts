/** A response as the raw client sees it, while it is still coming. */
import {
  declaredFraming,
  type Framing,
  type HeaderLine,
  headerValue,
  joinBytes,
  type MessageHead,
} from './http.ts'
import { Changes } from './signal.ts'

/**
 * How a response ended: `complete` by its own framing (final chunk, full length, no body);
 * `closed` by FIN where the end of the connection is the end of the body; `truncated` by FIN too
 * early; `reset` by RST; `malformed` where it is not HTTP; `left` where the client closed.
 */
export type ResponseEnding = 'complete' | 'closed' | 'truncated' | 'reset' | 'malformed' | 'left'

/** A chunk of the transfer coding, and when its last byte arrived. */
export interface ArrivedChunk {
  readonly sizeBytes: number
  /** Monotonic milliseconds. */
  readonly atMs: number
}

/** One response. Its fields fill while it arrives; `until` waits for them. */
export class RawResponse {
  status = 0
  statusLine = ''
  headers: readonly HeaderLine[] = []
  /** Status codes of 1xx answers before it. */
  readonly informational: number[] = []
  /** When the head was complete; 0 before that. */
  headAtMs = 0
  /** When the first byte of the body arrived; 0 before that. */
  firstByteAtMs = 0
  endedAtMs = 0
  /** The chunks with their sizes; the final one has size 0. Empty for other framings. */
  readonly chunks: ArrivedChunk[] = []
  /** Bytes of the body so far, kept or not. */
  bodyBytes = 0
  ending: ResponseEnding | null = null
  /** Why it is `malformed`. */
  fault: string | null = null
  readonly #pieces: Uint8Array[] = []
  readonly #onBody: ((piece: Uint8Array) => void) | null
  readonly #isHead: boolean
  readonly #changes = new Changes()

  /**
   * @param isHead whether it answers a HEAD, and so has no body.
   * @param onBody takes the body piece by piece; without it the body is kept.
   */
  constructor(isHead: boolean, onBody: ((piece: Uint8Array) => void) | null) {
    this.#isHead = isHead
    this.#onBody = onBody
  }

  /** The value of a header, several joined by a comma; null where there is none. */
  header(name: string): string | null {
    return headerValue(this.headers, name)
  }

  /** Resolves when `condition` holds; it is looked at whenever something arrived. */
  until(condition: (response: this) => boolean, what: string, withinMs = 10_000): Promise<void> {
    return this.#changes.until(() => condition(this), what, withinMs)
  }

  /** Resolves with the response when its head is there; throws if it ends before. */
  async head(withinMs = 10_000): Promise<this> {
    await this.until((r) => r.status > 0 || r.ending !== null, 'the response head', withinMs)
    if (this.status === 0) throw new Error(`no response, the connection ended: ${this.ending}`)
    return this
  }

  /** Resolves with how it ended. */
  async ended(withinMs = 20_000): Promise<ResponseEnding> {
    await this.until((r) => r.ending !== null, 'the end of the response', withinMs)
    return this.ending ?? 'left'
  }

  /** The body so far. Throws where it is not kept. */
  body(): Uint8Array {
    if (this.#onBody !== null) throw new Error('the body of this response is not kept')
    return joinBytes(this.#pieces)
  }

  /** The body so far, as text. */
  text(): string {
    return new TextDecoder().decode(this.body())
  }

  /** The pieces of the body from `index` on, as they arrived. */
  piecesFrom(index: number): readonly Uint8Array[] {
    return this.#pieces.slice(index)
  }

  /** For the client: a head arrived. 1xx answers are noted, and the response is still to come. */
  acceptHead(head: MessageHead): Framing {
    const status = Number(/^HTTP\/\d\.\d (\d{3})(?: |$)/.exec(head.startLine)?.[1] ?? 0)
    if (status === 0) {
      this.finish('malformed', `not a status line: ${head.startLine.slice(0, 60)}`)
      return { kind: 'none' }
    }
    if (status < 200 && status !== 101) {
      this.informational.push(status)
      return { kind: 'none' }
    }
    this.status = status
    this.statusLine = head.startLine
    this.headers = head.headers
    this.headAtMs = performance.now()
    this.#changes.notify()
    if (this.#isHead || status === 204 || status === 304) return { kind: 'none' }
    return declaredFraming(head.headers, { kind: 'until-close' })
  }

  /** For the client: some bytes of the body arrived. */
  acceptBody(piece: Uint8Array): void {
    if (this.bodyBytes === 0) this.firstByteAtMs = performance.now()
    this.bodyBytes += piece.byteLength
    if (this.#onBody === null) this.#pieces.push(piece)
    else this.#onBody(piece)
    this.#changes.notify()
  }

  /** For the client: a chunk is complete. */
  acceptChunk(sizeBytes: number): void {
    this.chunks.push({ sizeBytes, atMs: performance.now() })
    this.#changes.notify()
  }

  /** For the client: it is over. The second call does nothing. */
  finish(ending: ResponseEnding, fault: string | null = null): void {
    if (this.ending !== null) return
    this.ending = ending
    this.fault = fault
    this.endedAtMs = performance.now()
    this.#changes.notify()
  }
}
