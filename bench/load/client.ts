/** The client of the benches: sends prepared requests, counts what comes, keeps nothing of it. */
import type { Socket } from 'bun'

/** One response, measured. */
export interface Arrival {
  /** From the request's departure to the first byte of the body. */
  readonly firstByteMs: number
  /** From the request's departure to the last byte. */
  readonly totalMs: number
  /** Bytes of the body, without the framing. */
  readonly bodyBytes: number
}

/** What a client may do to a response besides reading it. */
export interface ReadingHabits {
  /** Reads the first bytes of the body, then nothing for so long, then the rest. */
  readonly pauseMs?: number
}

/** A keep-alive connection with one request under way at most. */
export class BenchClient {
  readonly #socket: Socket<BenchClient | null>
  #head: string | null = ''
  /** Bytes of the body or of the present chunk that are still to come; -1 between chunks. */
  #remaining = 0
  #isChunked = false
  #line = ''
  #bodyBytes = 0
  #firstByteAtMs = 0
  #pauseMs = 0
  #arrived: ((failure: Error | null) => void) | null = null

  private constructor(socket: Socket<BenchClient | null>) {
    this.#socket = socket
  }

  /** Connects to the host and port of `url`. Throws where nobody listens. */
  static async connect(url: string | URL): Promise<BenchClient> {
    const { hostname, port } = new URL(url)
    const socket = await Bun.connect<BenchClient | null>({
      hostname,
      port: Number(port),
      data: null,
      socket: {
        binaryType: 'buffer',
        data: ({ data: client }, bytes) => client?.take(bytes),
        close: ({ data: client }) => client?.fail(new Error('The connection closed too early.')),
      },
    })
    socket.data = new BenchClient(socket)
    return socket.data
  }

  /** Sends a request and reads its answer. Throws where that is not a 200, or breaks off. */
  async send(request: Uint8Array, habits: ReadingHabits = {}): Promise<Arrival> {
    this.#head = ''
    this.#bodyBytes = 0
    this.#firstByteAtMs = 0
    this.#pauseMs = habits.pauseMs ?? 0
    const sentAtMs = performance.now()
    const arrived = new Promise<void>((resolve, reject) => {
      this.#arrived = (failure) => (failure === null ? resolve() : reject(failure))
    })
    this.#socket.write(request)
    this.#socket.flush()
    await arrived
    return {
      firstByteMs: this.#firstByteAtMs - sentAtMs,
      totalMs: performance.now() - sentAtMs,
      bodyBytes: this.#bodyBytes,
    }
  }

  /** Closes the connection. */
  close(): void {
    this.#arrived = null
    this.#socket.end()
  }

  /** For the socket's handlers. */
  take(bytes: Buffer): void {
    let at = this.#head === null ? 0 : this.#takeHead(bytes)
    while (at < bytes.length && this.#arrived !== null) {
      at = this.#remaining >= 0 ? this.#takeBody(bytes, at) : this.#takeSize(bytes, at)
    }
  }

  /** Reads the head; where the body begins in `bytes`. */
  #takeHead(bytes: Buffer): number {
    const before = this.#head?.length ?? 0
    const head = this.#head + bytes.toString('latin1')
    const end = head.indexOf('\r\n\r\n')
    this.#head = end === -1 ? head : null
    if (end === -1) return bytes.length
    const length = /\r\ncontent-length: (\d+)/i.exec(head)
    this.#isChunked = length === null
    this.#remaining = length === null ? -1 : Number(length[1])
    this.#line = ''
    if (!head.startsWith('HTTP/1.1 200 ')) this.fail(new Error(head))
    return end + 4 - before
  }

  #takeBody(bytes: Buffer, at: number): number {
    const count = Math.min(this.#remaining, bytes.length - at)
    if (this.#firstByteAtMs === 0) this.#noteFirstByte()
    this.#bodyBytes += count
    this.#remaining -= count
    if (this.#remaining > 0) return at + count
    if (this.#isChunked) this.#remaining = -1
    else this.#finish()
    return at + count
  }

  #noteFirstByte(): void {
    this.#firstByteAtMs = performance.now()
    if (this.#pauseMs === 0) return
    this.#socket.pause()
    setTimeout(() => this.#socket.resume(), this.#pauseMs)
  }

  /** Reads the line with a chunk's size, and the empty ones behind a chunk and at the end. */
  #takeSize(bytes: Buffer, at: number): number {
    const found = bytes.indexOf(lineFeed, at)
    const end = found === -1 ? bytes.length : found
    this.#line += bytes.toString('latin1', at, end)
    if (found === -1) return end
    const line = this.#line.trim()
    this.#line = ''
    if (line === '0') this.#isChunked = false
    else if (line !== '') this.#remaining = Number.parseInt(line, 16)
    else if (!this.#isChunked) this.#finish()
    return end + 1
  }

  #finish(): void {
    const arrived = this.#arrived
    this.#arrived = null
    arrived?.(null)
  }

  /** For the socket's handlers; does nothing where no response is under way. */
  fail(failure: Error): void {
    const arrived = this.#arrived
    this.#arrived = null
    arrived?.(failure)
  }
}

const lineFeed = 10

/** The bytes of a request with a JSON body. */
export function requestBytes(path: string, body: object, key?: string): Uint8Array {
  const text = JSON.stringify(body)
  return Buffer.from(
    `POST ${path} HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-type: application/json\r\n` +
      (key === undefined ? '' : `authorization: Bearer ${key}\r\n`) +
      `content-length: ${Buffer.byteLength(text)}\r\n\r\n${text}`,
  )
}

/** Sends `count` requests over these connections, each connection one after the other. */
export async function sendMany(
  clients: readonly BenchClient[],
  request: Uint8Array,
  count: number,
): Promise<Arrival[]> {
  const arrivals: Arrival[] = []
  let left = count
  const work = clients.map(async (client) => {
    while (left > 0) {
      left -= 1
      arrivals.push(await client.send(request))
    }
  })
  await Promise.all(work)
  return arrivals
}
