/**
 * A provider that plays plans, made for a hundred thousand of them: it reads just enough HTTP to
 * know which plan a request belongs to.
 */
import type { Socket, TCPSocketListener } from 'bun'
import { toBytes } from '../kit/http.ts'
import { turn } from '../kit/signal.ts'
import type { StreamPlan } from './plan.ts'

/** One connection. */
interface Line {
  received: string
  busy: boolean
  closed: boolean
  /** What the kernel did not take yet. */
  unsent: Uint8Array[]
}

const head = toBytes(
  'HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n',
)
const finalChunk = toBytes('0\r\n\r\n')

/** The provider of a soak. */
export class SoakProvider {
  /** Plans by the number that their request carries; an answered one is removed. */
  readonly plans = new Map<number, StreamPlan>()
  /** Requests that arrived whole. */
  requests = 0
  /** Requests that no plan was waiting for. */
  unknown = 0
  readonly #lines = new Set<Line>()
  readonly #listener: TCPSocketListener<Line>

  constructor() {
    this.#listener = Bun.listen<Line>({
      hostname: '127.0.0.1',
      port: 0,
      socket: {
        binaryType: 'uint8array',
        open: (socket) => {
          socket.data = { received: '', busy: false, closed: false, unsent: [] }
          this.#lines.add(socket.data)
        },
        data: (socket, bytes) => this.#receive(socket, bytes),
        drain: (socket) => send(socket, null),
        close: ({ data }) => this.#close(data),
        error: ({ data }) => this.#close(data),
      },
    })
  }

  get url(): string {
    return `http://127.0.0.1:${this.#listener.port}`
  }

  /** Connections on which an answer is under way. */
  get busy(): number {
    return [...this.#lines].filter((line) => line.busy).length
  }

  /** Connections that are open. */
  get open(): number {
    return this.#lines.size
  }

  stop(): void {
    this.#listener.stop(true)
  }

  #close(line: Line): void {
    line.closed = true
    line.busy = false
    this.#lines.delete(line)
  }

  #receive(socket: Socket<Line>, bytes: Uint8Array): void {
    const line = socket.data
    line.received += Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('latin1')
    const bodyStart = line.received.indexOf('\r\n\r\n') + 4
    if (bodyStart < 4) return
    const length = Number(/content-length: *(\d+)/i.exec(line.received)?.[1] ?? 0)
    if (line.received.length < bodyStart + length) return
    const index = Number(/"user":"(\d+)"/.exec(line.received)?.[1] ?? -1)
    const plan = this.plans.get(index)
    this.plans.delete(index)
    line.received = ''
    this.requests += 1
    if (plan === undefined) this.unknown += 1
    else void this.#play(socket, plan)
  }

  async #play(socket: Socket<Line>, plan: StreamPlan): Promise<void> {
    const line = socket.data
    line.busy = true
    const { bytes } = plan.answer
    send(socket, head)
    const edges = [...plan.cuts, bytes.length]
    let start = 0
    for (const [index, end] of edges.entries()) {
      if (index >= plan.breakAfterPieces) {
        breakOff(socket, plan.breakBy)
        line.busy = false
        return
      }
      if (end === start) continue
      await turn()
      if (line.closed) return
      send(socket, toBytes(`${(end - start).toString(16)}\r\n`))
      send(socket, bytes.subarray(start, end))
      send(socket, toBytes('\r\n'))
      start = end
    }
    send(socket, finalChunk)
    line.busy = false
  }
}

function breakOff(socket: Socket<Line>, by: StreamPlan['breakBy']): void {
  if (by === 'final chunk') send(socket, finalChunk)
  else if (by === 'close') socket.end()
  else socket.terminate()
}

/** Sends what waits and then `bytes`; what the kernel does not take waits for its drain. */
function send(socket: Socket<Line>, bytes: Uint8Array | null): void {
  const { unsent, closed } = socket.data
  if (closed) return
  if (bytes !== null) unsent.push(bytes)
  for (let next = unsent[0]; next !== undefined; next = unsent[0]) {
    const taken = Math.max(0, socket.write(next))
    if (taken < next.length) {
      unsent[0] = next.subarray(taken)
      return
    }
    unsent.shift()
  }
}
