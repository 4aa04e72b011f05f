/** A request as it arrived, kept beside the router: what it was found to be, and its socket. */
import type { Connection } from '../gateway/connection.ts'
import type { RequestTarget } from './target.ts'

/** The facts of one arrived request. */
export interface Arrival extends RequestTarget {
  /** As Bun gave it: its body is unread, its signal is the client's. */
  readonly request: Request
  readonly connection: ServerConnection
}

/** How long a kept-alive connection may be quiet: longer than the minute load balancers allow. */
export const keepAliveSeconds = 75

/** The same while the server is strained: the shortest that Bun keeps to. */
export const strainedKeepAliveSeconds = 8

const arrivals = new WeakMap<Request, Arrival>()

/**
 * Notes an arrival, and returns the request to route. That is the request itself where its address
 * starts with `http://`: the router looks for the path behind that many characters, and finds
 * another one in `https://` or in the bare path of HTTP/1.0 without a Host. Those are routed by a
 * stand-in without a body.
 */
export function noteArrival(arrival: Arrival): Request {
  const { request, path, search } = arrival
  const routed = request.url.startsWith('http://')
    ? request
    : new Request(`http://localhost${path}${search}`, {
        method: request.method,
        headers: request.headers,
      })
  arrivals.set(routed, arrival)
  return routed
}

/** The arrival behind a routed request. Throws where it was never noted: a fault of ours. */
export function arrivalOf(routed: Request): Arrival {
  const arrival = arrivals.get(routed)
  if (arrival === undefined) throw new TypeError('The request did not come through the edge.')
  return arrival
}

/** What belongs to a socket for as long as it is open. */
export interface SocketData {
  /** When the session ends that it was opened with, in wall milliseconds; null is never. */
  readonly expiresAt: number | null
}

/** The connection of one request, for the gateway and for the one route that has sockets. */
export class ServerConnection implements Connection {
  readonly #server: Bun.Server<SocketData>
  readonly #request: Request
  readonly #isStrained: () => boolean
  #isUpgraded = false

  constructor(server: Bun.Server<SocketData>, request: Request, isStrained: () => boolean) {
    this.#server = server
    this.#request = request
    this.#isStrained = isStrained
  }

  get clientAddress(): string | null {
    return this.#server.requestIP(this.#request)?.address ?? null
  }

  /** Whether it speaks WebSocket by now, so that there is nothing to answer. */
  get isUpgraded(): boolean {
    return this.#isUpgraded
  }

  /** Makes a socket of it. False where the request asked for none as it should. */
  upgrade(data: SocketData): boolean {
    this.#isUpgraded = this.#server.upgrade(this.#request, { data })
    return this.#isUpgraded
  }

  disarm(): void {
    this.#server.timeout(this.#request, 0)
  }

  rearm(): void {
    const seconds = this.#isStrained() ? strainedKeepAliveSeconds : keepAliveSeconds
    this.#server.timeout(this.#request, seconds)
  }
}
