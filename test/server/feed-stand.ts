/** A page's socket for the tests of the feed: what it was told, and how it ended. */
import type { DashboardFrame } from '../../src/observe/dashboard/frame.ts'
import { emptyTotals } from '../../src/observe/tally.ts'
import { Changes } from '../kit/signal.ts'

/** A frame of a machine on which nothing happens. */
export function frameOf(rest: Partial<DashboardFrame> = {}): DashboardFrame {
  const pool = { enabled: true, hitRate: 0, overflowInUse: 0, bytes: 0, bytesMax: 0, tiers: [] }
  return {
    ...{ version: '0', at: Date.now(), workers: 1, load: 'normal', points: [], pool },
    ...{ totals: emptyTotals(), providers: [], streams: [], liveCount: 0, breakers: [] },
    ...{ gates: [], keys: [], keysHidden: null, errors: [], alerts: [] },
    ...rest,
  }
}

/** The runtime's sockets take headers, which those of browsers do not. */
const HeaderedSocket = WebSocket as unknown as new (
  url: URL,
  options: { readonly headers: Readonly<Record<string, string>> },
) => WebSocket

/** One socket. */
export class Watching {
  readonly frames: DashboardFrame[] = []
  /** When each of them came, in monotonic milliseconds. */
  readonly cameAt: number[] = []
  /** The texts as they came. */
  readonly texts: string[] = []
  /** The code of the close; null while it is open. */
  closed: number | null = null
  isOpen = false
  readonly #socket: WebSocket
  readonly #changes = new Changes()

  constructor(url: URL, headers: Readonly<Record<string, string>> = {}) {
    const address = new URL('/dashboard/feed', url)
    address.protocol = address.protocol.replace('http', 'ws')
    this.#socket = new HeaderedSocket(address, { headers })
    this.#socket.addEventListener('open', () => {
      this.isOpen = true
      this.#changes.notify()
    })
    this.#socket.addEventListener('message', ({ data }) => {
      this.texts.push(String(data))
      this.frames.push(JSON.parse(String(data)))
      this.cameAt.push(performance.now())
      this.#changes.notify()
    })
    this.#socket.addEventListener('close', ({ code }) => {
      this.closed = code
      this.#changes.notify()
    })
    this.#socket.addEventListener('error', () => {})
  }

  /** Waits for so many frames. */
  async untilFrames(count: number, withinMs = 10_000): Promise<void> {
    await this.#changes.until(() => this.frames.length >= count, `${count} frames`, withinMs)
  }

  /** Waits for its end, and tells the code; 1006 is that of a handshake which was refused. */
  async untilClosed(withinMs = 10_000): Promise<number> {
    await this.#changes.until(() => this.closed !== null, 'the end of the socket', withinMs)
    return this.closed ?? 0
  }

  async untilOpen(): Promise<void> {
    await this.#changes.until(() => this.isOpen, 'the socket is open', 10_000)
  }

  send(text: string): void {
    this.#socket.send(text)
  }

  async close(): Promise<void> {
    this.#socket.close()
    await this.untilClosed()
  }
}

/** What a browser sends with a handshake. */
export const handshake = {
  connection: 'Upgrade',
  upgrade: 'websocket',
  'sec-websocket-key': 'dGhlIHNhbXBsZSBub25jZQ==',
  'sec-websocket-version': '13',
} as const
