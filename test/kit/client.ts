/**
 * A raw HTTP/1.1 client: it sends exactly the bytes it is told, reads only when it may, leaves in
 * every way a client can leave, and keeps what arrived when.
 */
import { Connection } from './connection.ts'
import { MessageReader, toBytes } from './http.ts'
import { RawResponse } from './response.ts'
import { turn } from './signal.ts'
import { Wire, type WireEnding, wireHandlers } from './wire.ts'

/** A request that is well formed unless its parts are not. */
export interface RequestToSend {
  readonly method?: string
  readonly path: string
  /** Besides `host` and the body's length; a name given here takes the place of the default. */
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string | Uint8Array
  /** Takes the response's body piece by piece; without it the body is kept. */
  readonly onBody?: (piece: Uint8Array) => void
}

/** A connection to the program under test. */
export class RawClient extends Connection {
  readonly #host: string
  readonly #responses: RawResponse[] = []
  #current: RawResponse | null = null
  readonly #reader: MessageReader

  private constructor(host: string) {
    super()
    this.#host = host
    this.#reader = new MessageReader({
      head: (head) => (this.#take() ?? this.#unasked()).acceptHead(head),
      body: (bytes) => this.#current?.acceptBody(bytes),
      chunk: (sizeBytes) => this.#current?.acceptChunk(sizeBytes),
      end: () => this.#onEnd(),
      malformed: (reason) => this.#take()?.finish('malformed', reason),
    })
  }

  /** Connects to the host and port of `url`. Throws where nobody listens. */
  static async connect(url: string | URL): Promise<RawClient> {
    const { hostname, port, host } = new URL(url)
    const client = new RawClient(host)
    await Bun.connect<Wire>({
      hostname,
      port: Number(port),
      socket: wireHandlers((socket) => {
        socket.data = new Wire(socket, {
          data: (bytes) => client.#reader.push(bytes),
          blocked: () => {},
          closed: (ending) => client.#onClosed(ending),
        })
        client.attachWire(socket.data)
      }),
    })
    return client
  }

  /** Sends these bytes, and nothing else. */
  async send(data: string | Uint8Array): Promise<void> {
    await this.wire.write(data)
  }

  /** Sends pieces in writes of their own, with a pause between them. */
  async sendPieces(pieces: Iterable<string | Uint8Array>, gapMs = 0): Promise<void> {
    for (const piece of pieces) {
      await this.send(piece)
      await (gapMs > 0 ? Bun.sleep(gapMs) : turn())
    }
  }

  /** Sends a request in one write and gives its response, which is still to come. */
  request(request: RequestToSend): RawResponse {
    const response = this.expect(request.method, request.onBody)
    this.send(this.#render(request)).catch(() => {})
    return response
  }

  /** Announces a response to a request that is sent with `send`. */
  expect(method = 'GET', onBody?: (piece: Uint8Array) => void): RawResponse {
    const response = new RawResponse(method === 'HEAD', onBody ?? null)
    if (this.isClosed) response.finish('left')
    this.#responses.push(response)
    return response
  }

  /** Sends FIN and keeps reading. */
  halfClose(): void {
    this.wire.halfClose()
  }

  #render(request: RequestToSend): Uint8Array {
    const body = toBytes(request.body ?? '')
    const method = request.method ?? (request.body === undefined ? 'GET' : 'POST')
    const headers = new Map([['host', this.#host]])
    if (request.body !== undefined) headers.set('content-length', String(body.byteLength))
    for (const [name, value] of Object.entries(request.headers ?? {})) {
      headers.set(name.toLowerCase(), value)
    }
    const lines = [...headers].map(([name, value]) => `${name}: ${value}\r\n`).join('')
    return Buffer.concat([toBytes(`${method} ${request.path} HTTP/1.1\r\n${lines}\r\n`), body])
  }

  /** The response that is under way, or the next one that is expected. */
  #take(): RawResponse | null {
    this.#current ??= this.#responses.shift() ?? null
    return this.#current
  }

  /** A response that nobody asked for is kept like the others, so that it does not get lost. */
  #unasked(): RawResponse {
    this.#current = new RawResponse(false, null)
    return this.#current
  }

  #onEnd(): void {
    if (this.#current === null || this.#current.status === 0) return
    this.#current.finish('complete')
    this.#current = null
  }

  #onClosed(ending: WireEnding): void {
    const early = ending === 'here' ? 'left' : ending === 'peer-reset' ? 'reset' : 'truncated'
    const isProper = ending === 'peer-fin' && this.#reader.endsWithConnection
    this.#current?.finish(isProper ? 'closed' : early)
    for (const response of this.#responses) response.finish(early)
  }
}

/** Sends one request on a connection of its own and waits for the end of its response. */
export async function ask(url: string | URL, request: RequestToSend): Promise<RawResponse> {
  const client = await RawClient.connect(url)
  const response = client.request({
    ...request,
    headers: { connection: 'close', ...request.headers },
  })
  await response.ended()
  client.close()
  return response
}

/** A POST of a JSON body, with its content type. */
export function jsonRequest(
  path: string,
  body: unknown,
  headers: Readonly<Record<string, string>> = {},
): RequestToSend {
  return {
    method: 'POST',
    path,
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify(body),
  }
}
