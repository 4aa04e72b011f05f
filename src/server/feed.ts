/**
 * The dashboard's sockets. While somebody watches, one frame a second is made in this worker and
 * told to all of its sockets; while nobody does, nothing is made. A socket that is slow misses
 * frames and never has them queued; the points that it missed come with the next one.
 */
import type { DashboardFrame } from '../observe/dashboard/frame.ts'
import type { SocketData } from './arrival.ts'

/** Sockets of one worker; a browser reconnects by itself, and must not find a way to fill it. */
const SOCKETS_MAX = 50

/** How far back the charts of a page go that was just opened. */
export const historyMs = 600_000

/** Frames are made so long behind the whole second, when that second is over in all workers. */
const BEHIND_SECOND_MS = 100

/** Who takes nothing for so long is not there any more. */
const STUCK_MS = 30_000

/** The page says nothing on its socket; what it does, it does by requests. */
const MESSAGE_BYTES_MAX = 1024

/** Why a socket is closed: RFC 6455, and of its private range that the session is over. */
const closings = { leaving: 1001, unwanted: 1003, sessionOver: 4401 } as const

type Socket = Bun.ServerWebSocket<SocketData>

/** What is known of one socket. */
interface Watcher {
  /** The newest point that it was told of, in wall milliseconds. */
  toldUpTo: number
  /** Since when it takes nothing, in wall milliseconds; null where it does. */
  stuckSince: number | null
}

/** Makes a frame with the points of the charts behind `since`, in wall milliseconds. */
export type MakeFrame = (since: number) => Promise<DashboardFrame>

/** All sockets of a worker. */
export class Feed {
  readonly #makeFrame: MakeFrame
  readonly #onError: (error: unknown) => void
  readonly #watchers = new Map<Socket, Watcher>()
  #timer: ReturnType<typeof setTimeout> | null = null
  #isMaking = false
  #isClosed = false

  constructor(makeFrame: MakeFrame, onError: (error: unknown) => void) {
    this.#makeFrame = makeFrame
    this.#onError = onError
  }

  /** Sockets that are open. */
  get size(): number {
    return this.#watchers.size
  }

  get isFull(): boolean {
    return this.#watchers.size >= SOCKETS_MAX
  }

  get isClosed(): boolean {
    return this.#isClosed
  }

  /** What the server does with sockets. */
  readonly handlers: Bun.WebSocketHandler<SocketData> = {
    // Half-open connections are found by the pings that the server sends when this is half over.
    idleTimeout: 30,
    maxPayloadLength: MESSAGE_BYTES_MAX,
    perMessageDeflate: { compress: 'shared', decompress: false },
    open: (socket) => this.#open(socket),
    message: (socket) => socket.close(closings.unwanted, 'nothing is heard here'),
    close: (socket) => this.#forget(socket),
  }

  /** Closes all sockets and takes no more: the page finds the worker that serves next. */
  close(): void {
    this.#isClosed = true
    for (const socket of this.#watchers.keys()) socket.close(closings.leaving, 'leaving')
    this.#watchers.clear()
    this.#stop()
  }

  #open(socket: Socket): void {
    if (this.#isClosed || this.isFull) {
      socket.close(closings.leaving, 'leaving')
      return
    }
    this.#watchers.set(socket, { toldUpTo: Date.now() - historyMs, stuckSince: null })
    if (this.#watchers.size === 1) void this.#turn()
  }

  #forget(socket: Socket): void {
    this.#watchers.delete(socket)
    if (this.#watchers.size === 0) this.#stop()
  }

  #stop(): void {
    if (this.#timer !== null) clearTimeout(this.#timer)
    this.#timer = null
  }

  /** Makes one frame, and arranges for the next. A turn that takes long is not overtaken. */
  async #turn(): Promise<void> {
    if (this.#isMaking) return
    this.#isMaking = true
    try {
      this.#closeExpired(Date.now())
      const since = Math.min(...[...this.#watchers.values()].map(({ toldUpTo }) => toldUpTo))
      if (this.#watchers.size > 0) this.#tell(await this.#makeFrame(since))
    } catch (error) {
      this.#onError(error)
    } finally {
      this.#isMaking = false
      this.#stop()
      if (this.#watchers.size > 0) this.#timer = setTimeout(() => this.#turn(), untilNextMs())
    }
  }

  #closeExpired(now: number): void {
    for (const socket of [...this.#watchers.keys()]) {
      const { expiresAt } = socket.data
      if (expiresAt === null || expiresAt > now) continue
      socket.close(closings.sessionOver, 'the session is over')
      this.#forget(socket)
    }
  }

  #tell({ points, ...frame }: DashboardFrame): void {
    const now = Date.now()
    const rest = JSON.stringify(frame).slice(1)
    const texts = new Map<number, string>()
    const newest = points.at(-1)?.at
    for (const [socket, watcher] of [...this.#watchers]) {
      if (socket.getBufferedAmount() > 0) {
        watcher.stuckSince ??= now
        if (now - watcher.stuckSince > STUCK_MS) socket.terminate()
        continue
      }
      watcher.stuckSince = null
      const { toldUpTo } = watcher
      let text = texts.get(toldUpTo)
      if (text === undefined) {
        text = `{"points":${JSON.stringify(points.filter(({ at }) => at > toldUpTo))},${rest}`
        texts.set(toldUpTo, text)
      }
      socket.send(text, true)
      if (newest !== undefined) watcher.toldUpTo = Math.max(toldUpTo, newest)
    }
  }
}

/** Until shortly behind the next whole second of the wall clock, by which all workers count. */
function untilNextMs(): number {
  const now = Date.now()
  const next = Math.floor((now - BEHIND_SECOND_MS) / 1000 + 1) * 1000 + BEHIND_SECOND_MS
  return next - now
}
