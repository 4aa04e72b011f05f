/** A request as it arrived, kept beside the router: what it was found to be, and its socket. */
import type { Connection } from '../gateway/connection.ts'
import type { RequestTarget } from './target.ts'

/** The facts of one arrived request. */
export interface Arrival extends RequestTarget {
  /** As Bun gave it: its body is unread, its signal is the client's. */
  readonly request: Request
  readonly connection: Connection
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

/** The idle timeout of one request's connection, in the hands of the gateway. */
export class ServerConnection implements Connection {
  readonly #server: Bun.Server<undefined>
  readonly #request: Request
  readonly #isStrained: () => boolean

  constructor(server: Bun.Server<undefined>, request: Request, isStrained: () => boolean) {
    this.#server = server
    this.#request = request
    this.#isStrained = isStrained
  }

  get clientAddress(): string | null {
    return this.#server.requestIP(this.#request)?.address ?? null
  }

  disarm(): void {
    this.#server.timeout(this.#request, 0)
  }

  rearm(): void {
    const seconds = this.#isStrained() ? strainedKeepAliveSeconds : keepAliveSeconds
    this.#server.timeout(this.#request, seconds)
  }
}
