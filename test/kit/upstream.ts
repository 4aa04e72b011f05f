/**
 * The one scripted upstream: a raw TCP server on 127.0.0.1 that speaks HTTP/1.1 exactly as badly
 * as the test wants. A script gets each request when its head is complete and writes the answer;
 * a script that returns without ending the answer leaves it unfinished, and the connection open.
 */
import type { TCPSocketListener } from 'bun'
import { Changes } from './signal.ts'
import { UpstreamConnection } from './upstream-connection.ts'
import type { UpstreamRequest } from './upstream-request.ts'
import { PeerGone, Wire, wireHandlers } from './wire.ts'

/** Answers one request. It may throw `PeerGone`; any other error fails the test at `stop()`. */
export type UpstreamScript = (
  request: UpstreamRequest,
  connection: UpstreamConnection,
) => Promise<void> | void

/** What a test may choose besides the script. */
export interface UpstreamOptions {
  /** Runs when a connection is there, before any byte: to close or reset it at once. */
  readonly onConnection?: (connection: UpstreamConnection) => void
  /** PEM texts; with them the upstream speaks TLS. */
  readonly tls?: { readonly cert: string; readonly key: string }
  /** The port, for a test that needs a known one; 0 takes any free one. */
  readonly port?: number
  /** False keeps neither requests nor closed connections, for runs of very many. */
  readonly keepLog?: boolean
}

/** What `stop()` found. */
export interface UpstreamRemains {
  /** Connections still open, idle keep-alive ones among them. */
  readonly openConnections: number
  /** Connections whose script had not returned. */
  readonly busyConnections: number
}

/** A running upstream. */
export class Upstream {
  /** Every request in the order of arrival; empty without `keepLog`. */
  readonly requests: UpstreamRequest[] = []
  /** Every connection in the order of arrival, closed ones too; empty without `keepLog`. */
  readonly connections: UpstreamConnection[] = []
  /** Requests whose head arrived, logged or not. */
  requestCount = 0
  /** Connections made, logged or not. */
  connectionCount = 0
  /** What scripts threw, apart from `PeerGone`. */
  readonly errors: unknown[] = []
  readonly port: number
  readonly #script: UpstreamScript
  readonly #keepLog: boolean
  readonly #openSet = new Set<UpstreamConnection>()
  readonly #changes = new Changes()
  readonly #listener: TCPSocketListener<Wire>

  constructor(script: UpstreamScript, options: UpstreamOptions) {
    this.#script = script
    this.#keepLog = options.keepLog ?? true
    this.#listener = Bun.listen<Wire>({
      hostname: '127.0.0.1',
      port: options.port ?? 0,
      ...(options.tls === undefined ? {} : { tls: options.tls }),
      socket: wireHandlers((socket) => {
        const connection = this.#makeConnection()
        connection.attach((events) => {
          socket.data = new Wire(socket, events)
          return socket.data
        })
        options.onConnection?.(connection)
        this.#changes.notify()
      }),
    })
    this.port = this.#listener.port
  }

  /** `http://127.0.0.1:<port>`, without a slash at the end. */
  get url(): string {
    return `http://127.0.0.1:${this.port}`
  }

  /** Connections that are open now. */
  get openConnections(): number {
    return this.#openSet.size
  }

  /** Open connections on which a script is at work. */
  get busyConnections(): number {
    return [...this.#openSet].filter((connection) => connection.isBusy).length
  }

  /**
   * Resolves when `condition` holds. It is looked at after every connection, request, piece of a
   * body, blocked or freed write, finished script and close.
   */
  until(condition: (upstream: this) => boolean, what: string, withinMs = 5000): Promise<void> {
    return this.#changes.until(() => condition(this), what, withinMs)
  }

  /** The request of that index, when its head is there. */
  async request(index: number, withinMs = 5000): Promise<UpstreamRequest> {
    await this.until(() => this.requests.length > index, `request ${index}`, withinMs)
    return found(this.requests[index])
  }

  /** The connection of that index, when it is there. */
  async connection(index: number, withinMs = 5000): Promise<UpstreamConnection> {
    await this.until(() => this.connections.length > index, `connection ${index}`, withinMs)
    return found(this.connections[index])
  }

  /** Refuses new connections and leaves the open ones alone. */
  refuse(): void {
    this.#listener.stop(false)
  }

  /** Stops, cuts what is open, and says what that was. Throws what a script threw. */
  stop(): UpstreamRemains {
    const remains = {
      openConnections: this.openConnections,
      busyConnections: this.busyConnections,
    }
    this.#listener.stop(false)
    for (const connection of [...this.#openSet]) connection.reset()
    if (this.errors.length > 0) throw this.errors[0]
    return remains
  }

  #makeConnection(): UpstreamConnection {
    const connection = new UpstreamConnection(this.connectionCount++, {
      begin: (request, on) => this.#begin(request, on),
      changed: () => this.#changes.notify(),
      closed: (closed) => {
        this.#openSet.delete(closed)
        this.#changes.notify()
      },
    })
    this.#openSet.add(connection)
    if (this.#keepLog) this.connections.push(connection)
    return connection
  }

  async #begin(request: UpstreamRequest, connection: UpstreamConnection): Promise<void> {
    this.requestCount++
    if (this.#keepLog) this.requests.push(request)
    this.#changes.notify()
    try {
      await this.#script(request, connection)
    } catch (error) {
      if (error instanceof PeerGone) return
      this.errors.push(error)
      if (!connection.isClosed) connection.reset()
    }
  }
}

function found<T>(value: T | undefined): T {
  if (value === undefined) throw new Error('out of range')
  return value
}

/** Starts an upstream that answers every request by `script`. */
export function startUpstream(script: UpstreamScript, options: UpstreamOptions = {}): Upstream {
  return new Upstream(script, options)
}
