/**
 * HTTP/1.1 as the test kit reads it: one incremental reader for both ends of a connection.
 *
 * It is written here, and not taken from the runtime, because the tests must see what is on the
 * wire: every chunk size, the final chunk or its absence, the byte at which a message broke.
 */

/** One header as it was on the wire: the name keeps its case. */
export type HeaderLine = readonly [name: string, value: string]

/** The first line and the headers of a message. */
export interface MessageHead {
  readonly startLine: string
  readonly headers: readonly HeaderLine[]
}

/** How the end of a body is found. */
export type Framing =
  | { readonly kind: 'none' }
  | { readonly kind: 'length'; readonly bytes: number }
  | { readonly kind: 'chunked' }
  | { readonly kind: 'until-close' }

/** What the reader reports, in the order of the wire. */
export interface MessageSink {
  /** The head is complete; the answer says how the body is framed. */
  head(head: MessageHead): Framing
  /** Some bytes of the body, without their framing. */
  body(bytes: Uint8Array): void
  /** A chunk of this size is complete; called for the final chunk with 0. */
  chunk(sizeBytes: number): void
  /** The message is complete by its own framing. */
  end(): void
  /** The bytes are not HTTP. Nothing more is reported. */
  malformed(reason: string): void
}

const lineFeed = 10
const headBytesMax = 4 * 1024 * 1024

type State =
  | 'head'
  | 'length'
  | 'until-close'
  | 'size'
  | 'data'
  | 'data-end'
  | 'trailers'
  | 'broken'

/** Turns bytes into calls of a sink, message after message. */
export class MessageReader {
  readonly #sink: MessageSink
  #state: State = 'head'
  /** The line that is under way, as text of one character a byte. */
  #line = ''
  #lines: string[] = []
  #headBytes = 0
  #chunkBytes = 0
  #remaining = 0

  constructor(sink: MessageSink) {
    this.#sink = sink
  }

  /** Whether the reader is between two messages. */
  get isBetweenMessages(): boolean {
    return this.#state === 'head' && this.#line === '' && this.#lines.length === 0
  }

  /** Whether the end of the connection is the proper end of the message. */
  get endsWithConnection(): boolean {
    return this.#state === 'until-close'
  }

  /** Takes the bytes of one read. They are not kept: what is reported are copies. */
  push(bytes: Uint8Array): void {
    let at = 0
    while (at < bytes.byteLength && this.#state !== 'broken') {
      at = this.#takesBody() ? this.#takeBody(bytes, at) : this.#takeLine(bytes, at)
    }
  }

  #takesBody(): boolean {
    return this.#state === 'length' || this.#state === 'until-close' || this.#state === 'data'
  }

  #takeBody(bytes: Uint8Array, at: number): number {
    const end = this.#state === 'until-close' ? bytes.byteLength : at + this.#remaining
    const piece = bytes.slice(at, Math.min(end, bytes.byteLength))
    this.#remaining -= piece.byteLength
    this.#sink.body(piece)
    if (this.#state === 'length' && this.#remaining === 0) this.#finish()
    if (this.#state === 'data' && this.#remaining === 0) this.#state = 'data-end'
    return at + piece.byteLength
  }

  #takeLine(bytes: Uint8Array, at: number): number {
    const found = bytes.indexOf(lineFeed, at)
    const end = found < 0 ? bytes.byteLength : found
    this.#headBytes += end - at
    this.#line += Buffer.from(bytes.buffer, bytes.byteOffset + at, end - at).toString('latin1')
    if (this.#headBytes > headBytesMax) this.#break('the head does not end')
    if (found < 0) return end
    const line = this.#line.endsWith('\r') ? this.#line.slice(0, -1) : this.#line
    this.#line = ''
    this.#acceptLine(line)
    return end + 1
  }

  #acceptLine(line: string): void {
    switch (this.#state) {
      case 'head':
        if (line !== '') this.#lines.push(line)
        else if (this.#lines.length > 0) this.#acceptHead()
        break
      case 'size':
        this.#acceptSize(line)
        break
      case 'data-end':
        if (line !== '') {
          this.#break('a chunk is longer than its size')
          break
        }
        this.#sink.chunk(this.#chunkBytes)
        this.#state = 'size'
        break
      case 'trailers':
        if (line === '') this.#finish()
    }
  }

  #acceptHead(): void {
    const [startLine = '', ...lines] = this.#lines
    const headers: HeaderLine[] = []
    for (const line of lines) {
      const colon = line.indexOf(':')
      if (colon < 1) {
        this.#break(`not a header: ${line.slice(0, 60)}`)
        return
      }
      headers.push([line.slice(0, colon), line.slice(colon + 1).trim()])
    }
    this.#lines = []
    this.#headBytes = 0
    const framing = this.#sink.head({ startLine, headers })
    if (framing.kind === 'none' || (framing.kind === 'length' && framing.bytes === 0)) {
      this.#finish()
      return
    }
    this.#remaining = framing.kind === 'length' ? framing.bytes : 0
    this.#state = framing.kind === 'chunked' ? 'size' : framing.kind
  }

  #acceptSize(line: string): void {
    const digits = line.split(';')[0]?.trim() ?? ''
    if (!/^[0-9a-fA-F]{1,12}$/.test(digits)) {
      this.#break(`not a chunk size: ${digits}`)
      return
    }
    this.#chunkBytes = Number.parseInt(digits, 16)
    this.#remaining = this.#chunkBytes
    this.#headBytes = 0
    if (this.#chunkBytes === 0) this.#sink.chunk(0)
    this.#state = this.#chunkBytes === 0 ? 'trailers' : 'data'
  }

  #finish(): void {
    this.#state = 'head'
    this.#headBytes = 0
    this.#sink.end()
  }

  #break(reason: string): void {
    this.#state = 'broken'
    this.#sink.malformed(reason)
  }
}

/** The value of a header, several of one name joined by a comma; null where there is none. */
export function headerValue(headers: readonly HeaderLine[], name: string): string | null {
  const wanted = name.toLowerCase()
  const found = headers.filter(([key]) => key.toLowerCase() === wanted)
  return found.length === 0 ? null : found.map(([, value]) => value).join(', ')
}

/** The framing that the headers declare: chunked wins over a length, as RFC 9112 6.3 demands. */
export function declaredFraming(headers: readonly HeaderLine[], otherwise: Framing): Framing {
  if (/\bchunked\b/i.test(headerValue(headers, 'transfer-encoding') ?? '')) {
    return { kind: 'chunked' }
  }
  const length = headerValue(headers, 'content-length')
  return length === null ? otherwise : { kind: 'length', bytes: Number.parseInt(length, 10) }
}

/** Text or bytes, as bytes. */
export function toBytes(data: string | Uint8Array): Uint8Array {
  return typeof data === 'string' ? new TextEncoder().encode(data) : data
}

/** All pieces in one array. */
export function joinBytes(pieces: readonly Uint8Array[]): Uint8Array {
  return new Uint8Array(Buffer.concat(pieces))
}
