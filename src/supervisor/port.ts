/**
 * Makes sure that the address is ours alone. Workers share it with `SO_REUSEPORT`, which any
 * process of the same user may join: a second instance would silently take half of the connections.
 *
 * Two things keep it out. Before anything is started, a socket without `SO_REUSEPORT` is bound for
 * a moment, which fails while anybody listens. And for as long as the parent lives, it holds a name
 * in Linux's abstract socket namespace, for the moments in which nobody listens: two parents that
 * start together, and a lone worker that is being restarted. That namespace goes with the network
 * namespace, as ports do, and leaves no file behind. Elsewhere only the first of the two is done.
 */

/** An address that is held until `release`. */
export interface Claim {
  readonly port: number
  release(): void
}

/** The address cannot be had; the message is one line for the operator. */
export class AddressError extends Error {
  override readonly name = 'AddressError'
}

const attemptsMax = 16

/**
 * Claims `host` and `port`; for port 0, any free one.
 * @throws AddressError where it is taken, not permitted, or not an address of this machine.
 */
export function claimPort(host: string, port: number): Claim {
  for (let attempt = 1; ; attempt++) {
    const wanted = port === 0 ? probe(host, 0) : port
    const lock = hold(host, wanted)
    if (lock !== null) {
      try {
        probe(host, wanted)
        return { port: wanted, release: () => lock.stop(true) }
      } catch (error) {
        lock.stop(true)
        if (port !== 0 || attempt === attemptsMax) throw error
      }
    } else if (port !== 0 || attempt === attemptsMax) {
      throw new AddressError(
        `cannot listen on ${addressText(host, wanted)}: another sluice is running there`,
      )
    }
  }
}

/** `host:port` as in an address, with brackets around IPv6. */
export function addressText(host: string, port: number): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`
}

/** Binds the address for a moment, alone, and returns its port. */
function probe(hostname: string, port: number): number {
  try {
    const listener = Bun.listen({ hostname, port, exclusive: true, socket: { data() {} } })
    const bound = listener.port
    listener.stop(true)
    return bound
  } catch (error) {
    throw new AddressError(`cannot listen on ${addressText(hostname, port)}: ${reasonOf(error)}`)
  }
}

interface Lock {
  stop(closeActiveConnections: boolean): void
}

/** Takes the name of the address, or gives null where another process has it. */
function hold(host: string, port: number): Lock | null {
  if (process.platform !== 'linux') return { stop() {} }
  const unix = `\0sluice/${port}/${Bun.hash(lockedHost(host)).toString(36)}`
  try {
    return Bun.listen({ unix, socket: { open: (socket) => void socket.end(), data() {} } })
  } catch {
    return null
  }
}

/** One name for the spellings of one address. */
function lockedHost(host: string): string {
  if (host === '0.0.0.0' || host === '::') return '*'
  return host === 'localhost' ? '127.0.0.1' : host
}

const reasons: Readonly<Record<string, string>> = {
  EADDRINUSE: 'the port is in use by another process',
  EACCES: 'a port of this number needs more rights',
  EADDRNOTAVAIL: 'HOST is not an address of this machine',
}

function reasonOf(error: unknown): string {
  const code = error instanceof Error && 'code' in error ? String(error.code) : ''
  return reasons[code] ?? `HOST is not an address that can be listened on${code && ` (${code})`}`
}
