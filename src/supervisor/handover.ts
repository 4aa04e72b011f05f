/**
 * Sends new connections to the newest worker only, so that an older one can close its listening
 * socket without losing any.
 *
 * Workers that share a port have a listening socket each, and the kernel deals new connections out
 * among them. Those that wait in a socket's queue when it is closed are reset: measured, about one
 * for every two workers replaced at 3,000 new connections a second. Linux lets any socket of such a
 * group attach a filter that picks the socket by its place (SO_ATTACH_REUSEPORT_CBPF, socket(7)).
 * The newest has the last place. When the old one has closed, its place is taken by the last, the
 * picked place is beyond the end, and the kernel deals out as before: there is nothing to undo.
 *
 * The runtime has no such option, hence the foreign call. Where any of it is missing, nothing is
 * done, and a roll under such a load may cost a connection, as it does in most servers.
 */
import { readdirSync, readFileSync, readlinkSync } from 'node:fs'

const SOL_SOCKET = 1
const SO_ATTACH_REUSEPORT_CBPF = 51
/** The filter's only instruction: return a constant (BPF_RET | BPF_K). */
const RETURN_CONSTANT = 0x06
/** The state LISTEN in /proc/net/tcp. */
const LISTEN = '0A'

/** A listening socket as the kernel lists it. */
interface Listener {
  readonly address: string
  readonly inode: string
}

/**
 * Directs new connections to the last of the sockets that listen on `port` with this process's own.
 * @returns whether the kernel was told so. Never throws.
 */
export async function handOver(port: number): Promise<boolean> {
  if (process.platform !== 'linux') return false
  try {
    const all = listeners(port)
    const own = ownSocket(all)
    if (own === null) return false
    const count = all.filter((listener) => listener.address === own.address).length
    return count > 1 && (await pickPlace(own.descriptor, count - 1))
  } catch {
    return false
  }
}

/** Everybody's sockets that listen on a port, in this network namespace. */
function listeners(port: number): readonly Listener[] {
  const suffix = `:${port.toString(16).toUpperCase().padStart(4, '0')}`
  return ['/proc/net/tcp', '/proc/net/tcp6'].flatMap((file) =>
    linesOf(file).flatMap((line) => {
      // Columns: number, local address, remote address, state, six more; then the inode.
      const columns = line.trim().split(/\s+/)
      const [, address = '', , state] = columns
      const isListening = state === LISTEN && address.endsWith(suffix)
      return isListening ? [{ address, inode: columns[9] ?? '' }] : []
    }),
  )
}

/** The table is missing where the kernel has no IPv6. */
function linesOf(file: string): readonly string[] {
  try {
    return readFileSync(file, 'utf8').split('\n')
  } catch {
    return []
  }
}

/** This process's descriptor of one of the sockets. */
function ownSocket(
  all: readonly Listener[],
): { readonly descriptor: number; readonly address: string } | null {
  const addresses = new Map(all.map(({ inode, address }) => [`socket:[${inode}]`, address]))
  for (const name of readdirSync('/proc/self/fd')) {
    const address = addresses.get(target(`/proc/self/fd/${name}`))
    if (address !== undefined) return { descriptor: Number(name), address }
  }
  return null
}

/** A descriptor may be gone by the time it is looked at. */
function target(link: string): string {
  try {
    return readlinkSync(link)
  } catch {
    return ''
  }
}

/** Attaches the filter that always returns `place`. */
async function pickPlace(descriptor: number, place: number): Promise<boolean> {
  const { dlopen, ptr } = await import('bun:ffi')
  const signature = { args: ['i32', 'i32', 'i32', 'ptr', 'u32'], returns: 'i32' } as const
  const machine = process.arch === 'arm64' ? 'aarch64' : 'x86_64'
  for (const library of ['libc.so.6', `libc.musl-${machine}.so.1`]) {
    try {
      const { symbols, close } = dlopen(library, { setsockopt: signature })
      // struct sock_filter { u16 code; u8 jt, jf; u32 k }
      const filter = new DataView(new ArrayBuffer(8))
      filter.setUint16(0, RETURN_CONSTANT, true)
      filter.setUint32(4, place, true)
      // struct sock_fprog { u16 length; struct sock_filter *filter }
      const program = new DataView(new ArrayBuffer(16))
      program.setUint16(0, 1, true)
      program.setBigUint64(8, BigInt(ptr(filter)), true)
      const option = SO_ATTACH_REUSEPORT_CBPF
      const result = symbols.setsockopt(descriptor, SOL_SOCKET, option, ptr(program), 16)
      close()
      return result === 0
    } catch {
      // The next name may be the one that this system has.
    }
  }
  return false
}
