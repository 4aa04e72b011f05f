/** A connection as a script of the upstream sees it: every way to answer, and every way not to. */
import { Connection } from './connection.ts'
import type { HeaderLine, MessageHead } from './http.ts'
import { declaredFraming, headerValue, MessageReader, toBytes } from './http.ts'
import { UpstreamRequest } from './upstream-request.ts'
import type { Wire, WireEvents } from './wire.ts'

/** Headers to send: a record for the plain case, lines where order or repetition matters. */
export type HeadersToSend = Readonly<Record<string, string>> | readonly HeaderLine[]

/** What a connection tells the upstream that owns it. */
export interface ConnectionOwner {
  /** A request's head is there, and the requests before it are done. */
  begin(request: UpstreamRequest, connection: UpstreamConnection): Promise<void>
  /** Something changed that somebody may wait for. */
  changed(): void
  closed(connection: UpstreamConnection): void
}

/** One connection from the program under test. Every write waits until the kernel took it. */
export class UpstreamConnection extends Connection {
  readonly id: number
  /** Requests seen on this connection, with the one under way. */
  requestCount = 0
  /** Whether a script is answering. */
  isBusy = false
  readonly #owner: ConnectionOwner
  readonly #reader: MessageReader
  #request: UpstreamRequest | null = null
  /** Scripts run one after the other, so that pipelined requests are answered in order. */
  #scripts: Promise<void> = Promise.resolve()

  constructor(id: number, owner: ConnectionOwner) {
    super()
    this.id = id
    this.#owner = owner
    this.#reader = new MessageReader({
      head: (head) => this.#onHead(head),
      body: (bytes) => this.#request?.append(bytes),
      chunk: (sizeBytes) => this.#request?.chunkSizes.push(sizeBytes),
      end: () => this.#request?.complete(),
      malformed: (reason) => this.#request?.breakOff(reason),
    })
  }

  /** For the upstream: gives the connection its socket. */
  attach(makeWire: (events: WireEvents) => Wire): void {
    const wire = makeWire({
      data: (bytes) => {
        this.#reader.push(bytes)
        this.#owner.changed()
      },
      blocked: () => this.#owner.changed(),
      closed: () => {
        this.#request?.breakOff('the connection closed within the request')
        this.#owner.closed(this)
      },
    })
    this.attachWire(wire)
  }

  /** Sends a status line and headers. Unless they say how the body is framed, it is chunked. */
  async head(status: number, headers: HeadersToSend = {}, framing = 'chunked'): Promise<void> {
    const lines = Array.isArray(headers) ? [...headers] : Object.entries(headers)
    const declared = headerValue(lines, 'content-length') ?? headerValue(lines, 'transfer-encoding')
    const hasBody = status >= 200 && status !== 204 && status !== 304
    if (hasBody && declared === null && framing === 'chunked') {
      lines.push(['transfer-encoding', 'chunked'])
    }
    const text = lines.map(([name, value]) => `${name}: ${value}\r\n`).join('')
    await this.raw(`HTTP/1.1 ${status} ${reasons[status] ?? 'Status'}\r\n${text}\r\n`)
  }

  /** Sends one chunk, in one write. An empty one would be the final chunk: it sends nothing. */
  async chunk(data: string | Uint8Array): Promise<void> {
    const bytes = toBytes(data)
    if (bytes.byteLength === 0) return
    const size = toBytes(`${bytes.byteLength.toString(16)}\r\n`)
    await this.raw(Buffer.concat([size, bytes, toBytes('\r\n')]))
  }

  /** Sends exactly these bytes. */
  async raw(data: string | Uint8Array): Promise<void> {
    await this.wire.write(data)
  }

  /** Sends the final chunk. */
  async end(): Promise<void> {
    await this.raw('0\r\n\r\n')
  }

  /** For how many milliseconds a write has been waiting; 0 where none is. */
  get blockedForMs(): number {
    const sinceMs = this.wire.blockedSinceMs
    return sinceMs === null ? 0 : performance.now() - sinceMs
  }

  #onHead(head: MessageHead): ReturnType<typeof declaredFraming> {
    const request = new UpstreamRequest(head, this.id, this.requestCount++)
    this.#request = request
    this.#scripts = this.#scripts.then(async () => {
      this.isBusy = true
      await this.#owner.begin(request, this)
      this.isBusy = false
      this.#owner.changed()
    })
    return declaredFraming(head.headers, { kind: 'none' })
  }
}

const reasons: Record<number, string> = {
  100: 'Continue',
  103: 'Early Hints',
  200: 'OK',
  204: 'No Content',
  301: 'Moved Permanently',
  302: 'Found',
  307: 'Temporary Redirect',
  308: 'Permanent Redirect',
  400: 'Bad Request',
  401: 'Unauthorized',
  404: 'Not Found',
  429: 'Too Many Requests',
  500: 'Internal Server Error',
  502: 'Bad Gateway',
  503: 'Service Unavailable',
  529: 'Site Is Overloaded',
}
