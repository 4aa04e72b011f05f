/**
 * The provider of the benches: it answers by path, with bytes that were prepared before, and does
 * as little else as it can. (The scripted upstream of the tests sees and keeps everything, which
 * would make it the slowest part of a bench.)
 */
import type { Socket } from 'bun'

/** The bytes of an answer with its head, in the writes in which they leave. */
export type WireAnswer = readonly Uint8Array[]

/** A running provider. */
export interface BenchUpstream {
  readonly url: string
  /** Requests answered so far. */
  readonly answered: number
  stop(): void
}

interface Conversation {
  /** Bytes that came and do not make a whole request yet, one character each. */
  request: string
  queue: Uint8Array[]
  /** Bytes of the first of the queue that have left. */
  sent: number
  /** The next piece leaves with the next turn of the event loop. */
  isWaiting: boolean
}

/** Answers in pieces of their own chunk each, as an event stream where it is not said otherwise. */
export function streamAnswer(
  pieces: readonly Uint8Array[],
  contentType = 'text/event-stream',
): WireAnswer {
  const status = `HTTP/1.1 200 OK\r\ncontent-type: ${contentType}\r\n`
  const head = `${status}transfer-encoding: chunked\r\n\r\n`
  const chunks = pieces.map((piece) =>
    Buffer.concat([Buffer.from(`${piece.length.toString(16)}\r\n`), piece, Buffer.from('\r\n')]),
  )
  const first = Buffer.concat([Buffer.from(head), chunks[0] ?? Buffer.alloc(0)])
  return [first, ...chunks.slice(1), Buffer.from('0\r\n\r\n')]
}

/** Answers with a JSON text and its length. */
export function jsonAnswer(text: string): WireAnswer {
  const length = Buffer.byteLength(text)
  const status = 'HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n'
  const head = `${status}content-length: ${length}\r\n\r\n`
  return [Buffer.from(head + text)]
}

/** Starts a provider that answers `POST <path>` from the map, and anything else with 404. */
export function startBenchUpstream(answers: ReadonlyMap<string, WireAnswer>): BenchUpstream {
  let answered = 0
  const notFound = [Buffer.from('HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n')]
  const listener = Bun.listen<Conversation>({
    hostname: '127.0.0.1',
    port: 0,
    socket: {
      binaryType: 'buffer',
      open: (socket) => {
        socket.data = { request: '', queue: [], sent: 0, isWaiting: false }
      },
      data: (socket, bytes) => {
        socket.data.request += bytes.toString('latin1')
        const path = completeRequest(socket.data)
        if (path === null) return
        answered += 1
        socket.data.queue.push(...(answers.get(path) ?? notFound))
        send(socket)
      },
      drain: send,
    },
  })
  return {
    url: `http://127.0.0.1:${listener.port}`,
    get answered() {
      return answered
    },
    stop: () => listener.stop(true),
  }
}

/** Takes a whole request off what came, and gives its path; null where some of it is missing. */
function completeRequest(conversation: Conversation): string | null {
  const { request } = conversation
  const headEnd = request.indexOf('\r\n\r\n')
  if (headEnd === -1) return null
  const length = Number(/\r\ncontent-length: (\d+)/i.exec(request)?.[1] ?? 0)
  if (request.length < headEnd + 4 + length) return null
  conversation.request = request.slice(headEnd + 4 + length)
  return request.slice(request.indexOf(' ') + 1, request.indexOf(' HTTP/1.1'))
}

/** One write each turn of the event loop, so that pieces stay pieces; the rest on drain. */
function send(socket: Socket<Conversation>): void {
  const { queue, sent, isWaiting } = socket.data
  const [next] = queue
  if (next === undefined || isWaiting) return
  const taken = socket.write(next, sent, next.length - sent)
  if (taken < 0) return
  socket.data.sent = sent + taken
  if (socket.data.sent < next.length) return
  socket.data.sent = 0
  queue.shift()
  socket.data.isWaiting = true
  setImmediate(() => {
    socket.data.isWaiting = false
    send(socket)
  })
}
