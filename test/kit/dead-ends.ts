/** Addresses at which nobody answers the connection attempt. */
import { connect, type Socket } from 'node:net'

/** A port of 127.0.0.1 that refuses connections. */
export function closedPort(): number {
  const listener = Bun.listen({ hostname: '127.0.0.1', port: 0, socket: { data() {} } })
  const { port } = listener
  listener.stop(true)
  return port
}

/** A port that drops connection attempts: they neither succeed nor fail. */
export interface BlackHole {
  readonly port: number
  stop(): Promise<void>
}

/**
 * Listens in a process that never accepts, and fills the kernel's queue, so that further
 * attempts go unanswered. The child ends by itself after a minute, should nobody stop it.
 */
export async function startBlackHole(): Promise<BlackHole> {
  const source = `
    const listener = Bun.listen({ hostname: '127.0.0.1', port: 0, socket: { data() {} } })
    require('node:fs').writeSync(1, listener.port + '\\n')
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 60_000)
    process.exit(0)`
  const child = Bun.spawn([process.execPath, '-e', source], { stdout: 'pipe' })
  const first = await child.stdout.getReader().read()
  const port = Number(new TextDecoder().decode(first.value))
  const fillers: Socket[] = []
  while (await entersQueue(port, fillers)) {
    if (fillers.length > 5000) throw new Error('the queue of the kernel does not fill')
  }
  return {
    port,
    async stop() {
      for (const filler of fillers) filler.destroy()
      child.kill('SIGKILL')
      await child.exited
    },
  }
}

/** A kernel answers at once or, when its queue is full, not before a second. */
const answerWithinMs = 400
/** An answer that came while this process stood still is read within this time. */
const readWithinMs = 20

/** Opens 32 more connections; false when one of them got no answer. */
async function entersQueue(port: number, fillers: Socket[]): Promise<boolean> {
  const batch = Array.from({ length: 32 }, () => connect(port, '127.0.0.1'))
  fillers.push(...batch)
  const answers = batch.map(
    (socket) =>
      new Promise<boolean>((resolve) => {
        const giveUp = (): void => {
          timer = setTimeout(() => resolve(false), readWithinMs)
        }
        let timer = setTimeout(giveUp, answerWithinMs)
        socket.on('error', () => resolve(false))
        socket.once('connect', () => {
          clearTimeout(timer)
          resolve(true)
        })
      }),
  )
  return (await Promise.all(answers)).every(Boolean)
}
