/**
 * One end of a TCP connection, for both the scripted upstream and the raw client.
 *
 * It uses the runtime's plain sockets: a write goes to the kernel at once and says how much of it
 * was taken, so that a test can see that the other side stopped reading; `terminate` sends RST.
 */
import type { Socket, SocketHandler } from 'bun'
import { toBytes } from './http.ts'

/** Who ended a connection, and how. */
export type WireEnding = 'peer-fin' | 'peer-reset' | 'here'

/** Thrown by a write to a connection that is gone. */
export class PeerGone extends Error {
  override readonly name = 'PeerGone'
}

/** What the owner of a wire wants to know. Every function is called from the event loop. */
export interface WireEvents {
  data(bytes: Uint8Array): void
  closed(ending: WireEnding): void
  /** A write began or ceased to wait for the peer. */
  blocked(isBlocked: boolean): void
}

/** A connection. All writes leave in the order in which they were asked for. */
export class Wire {
  /** Bytes that the kernel took. */
  bytesWritten = 0
  bytesRead = 0
  /** Null as long as the connection is open. */
  ending: WireEnding | null = null
  /** Since when a write has been waiting for the peer to read, in monotonic ms; null if none is. */
  blockedSinceMs: number | null = null
  /** Resolves with the monotonic time at which the connection ended, whoever ended it. */
  readonly closed: Promise<number>
  readonly #socket: Socket<Wire>
  readonly #events: WireEvents
  readonly #resolveClosed: (atMs: number) => void
  #wake: (() => void) | null = null
  #tail: Promise<void> = Promise.resolve()
  #peerEnded = false
  #endedHere = false

  constructor(socket: Socket<Wire>, events: WireEvents) {
    this.#socket = socket
    this.#events = events
    const { promise, resolve } = Promise.withResolvers<number>()
    this.closed = promise
    this.#resolveClosed = resolve
  }

  /** Writes all of `data`; resolves when the kernel took the last byte. Throws `PeerGone`. */
  write(data: string | Uint8Array): Promise<void> {
    const bytes = toBytes(data)
    const written = this.#tail.then(() => this.#send(bytes))
    this.#tail = written.catch(() => {})
    return written
  }

  async #send(bytes: Uint8Array): Promise<void> {
    let at = 0
    while (at < bytes.byteLength) {
      if (this.ending !== null) throw new PeerGone('the connection is closed')
      const taken = Math.max(0, this.#socket.write(bytes, at, bytes.byteLength - at))
      this.bytesWritten += taken
      at += taken
      if (at < bytes.byteLength) await this.#untilDrained()
    }
    if (this.ending !== null) throw new PeerGone('the connection is closed')
    this.#socket.flush()
  }

  async #untilDrained(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>()
    this.#wake = resolve
    this.blockedSinceMs ??= performance.now()
    this.#events.blocked(true)
    await promise
    this.blockedSinceMs = null
    this.#events.blocked(false)
  }

  /** Stops reading, so that the peer meets a full window. A close is not noticed meanwhile. */
  pause(): void {
    this.#socket.pause()
  }

  /** Reads on. */
  resume(): void {
    this.#socket.resume()
  }

  /** Closes both directions with FIN. The kernel sends RST instead where bytes lie unread. */
  close(): void {
    if (this.ending !== null) return
    this.#endedHere = true
    this.#socket.end()
    this.onClosed(null)
  }

  /** Closes with RST: the peer's next read or write fails with ECONNRESET. */
  reset(): void {
    if (this.ending !== null) return
    this.#endedHere = true
    this.#socket.terminate()
    this.onClosed(null)
  }

  /** Sends FIN and keeps reading. */
  halfClose(): void {
    this.#socket.shutdown()
  }

  /** For the socket's handlers. */
  onData(bytes: Uint8Array): void {
    if (this.ending !== null) return
    this.bytesRead += bytes.byteLength
    this.#events.data(bytes)
  }

  /** For the socket's handlers. */
  onDrain(): void {
    const wake = this.#wake
    this.#wake = null
    wake?.()
  }

  /** For the socket's handlers. */
  onPeerEnd(): void {
    this.#peerEnded = true
  }

  /** For the socket's handlers; the second call does nothing. */
  onClosed(error: Error | null): void {
    if (this.ending !== null) return
    const byPeer = error === null && this.#peerEnded ? 'peer-fin' : 'peer-reset'
    this.ending = this.#endedHere ? 'here' : byPeer
    this.#resolveClosed(performance.now())
    this.onDrain()
    this.#events.closed(this.ending)
  }
}

/** The handlers that feed wires; `opened` runs when a connection is there. */
export function wireHandlers(opened: (socket: Socket<Wire>) => void): SocketHandler<Wire> {
  return {
    binaryType: 'uint8array',
    open: opened,
    data: (socket, bytes) => socket.data.onData(bytes),
    drain: (socket) => socket.data.onDrain(),
    end: (socket) => socket.data.onPeerEnd(),
    error: (socket, error) => socket.data?.onClosed(error),
    close: (socket, error) => socket.data?.onClosed(error ?? null),
  }
}
