/** What a test can do with its end of a connection, whether it is a client or a provider there. */
import type { Wire, WireEnding } from './wire.ts'

/** An end of a connection. Everything but `isClosed` throws before it has its wire. */
export class Connection {
  #wire: Wire | null = null

  /** Gives the connection its socket. */
  protected attachWire(wire: Wire): void {
    this.#wire = wire
  }

  /** What it writes to and reads from. Throws as long as it has none. */
  protected get wire(): Wire {
    if (this.#wire === null) throw new Error('the connection has no socket yet')
    return this.#wire
  }

  /** Stops reading: the window fills, and the sender has to wait. */
  pause(): void {
    this.wire.pause()
  }

  /** Reads on. */
  resume(): void {
    this.wire.resume()
  }

  /** Closes with FIN, after everything that was written. */
  close(): void {
    this.wire.close()
  }

  /** Closes with RST. */
  reset(): void {
    this.wire.reset()
  }

  /** Resolves with the monotonic time at which the connection ended. */
  get closed(): Promise<number> {
    return this.wire.closed
  }

  /** Whether the connection is gone, or not yet there. */
  get isClosed(): boolean {
    return this.#wire === null || this.#wire.ending !== null
  }

  /** Who ended the connection; null as long as it is open. */
  get ending(): WireEnding | null {
    return this.wire.ending
  }

  /** Bytes that the kernel took. */
  get bytesWritten(): number {
    return this.wire.bytesWritten
  }

  /** Bytes that arrived, with heads and framing. */
  get bytesRead(): number {
    return this.wire.bytesRead
  }

  /** Whether a write waits because the program under test stopped reading. */
  get isBlocked(): boolean {
    return this.wire.blockedSinceMs !== null
  }
}
