/**
 * A real Redis for a test: `redis-server` from PATH, on a free port of this machine, with nothing
 * on disk. Where there is none, the tests that need it are skipped, and the run says so by name.
 */
import { describe, expect, test } from 'bun:test'
import { mkdtempSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { RedisClient } from 'bun'
import { noteRunning, runDirectory } from './run-directory.ts'
import { eventually } from './signal.ts'

const program = Bun.which('redis-server')
const isRequired = process.env.SLUICE_TEST_REQUIRE?.split(',').includes('redis') ?? false

/** A server of a test. */
export interface RedisServer {
  readonly url: string
  readonly port: number
  /** Stops it as a debugger would: it takes connections and answers nothing. */
  pause(): void
  resume(): void
  /** Ends it at once; resolves when it is gone. */
  kill(): Promise<void>
  /** Starts it again on the same port, empty. */
  restart(): Promise<void>
  /** Sends one command on a connection of its own. */
  command(name: string, ...words: string[]): Promise<unknown>
  /** Ends it and removes what it left. Safe to call twice. */
  close(): Promise<void>
}

/** `describe` for tests that need Redis; one skipped test in its name without it. */
export function describeWithRedis(name: string, define: () => void): void {
  if (program !== null) describe(name, define)
  else if (isRequired)
    test(name, () => expect(program, 'redis-server is not in PATH').not.toBeNull())
  else test.skip(`${name} (redis-server is not in PATH)`, () => {})
}

/** Starts a server; it answers when this resolves. */
export async function startRedis(...settings: string[]): Promise<RedisServer> {
  if (program === null) throw new Error('redis-server is not in PATH')
  const directory = mkdtempSync(join(runDirectory(), 'redis-'))
  const port = freePort()
  const start = () => spawnServer(program, port, directory, settings)
  let running: Running | null = await start()
  const kill = async (): Promise<void> => {
    const ended = running
    running = null
    if (ended === null) return
    ended.child.kill('SIGKILL')
    await ended.child.exited
    ended.forget()
  }
  return {
    url: `redis://127.0.0.1:${port}`,
    port,
    pause: () => running?.child.kill('SIGSTOP'),
    resume: () => running?.child.kill('SIGCONT'),
    kill,
    restart: async () => {
      await kill()
      running = await start()
    },
    command: (name, ...words) => commandTo(port, name, words),
    close: async () => {
      await kill()
      rmSync(directory, { recursive: true, force: true })
    },
  }
}

interface Running {
  readonly child: Bun.Subprocess
  readonly forget: () => void
}

async function spawnServer(
  path: string,
  port: number,
  directory: string,
  settings: readonly string[],
): Promise<Running> {
  const fixed = ['--bind', '127.0.0.1', '--save', '', '--appendonly', 'no', '--dir', directory]
  const child = Bun.spawn([path, '--port', `${port}`, ...fixed, ...settings], {
    stdio: ['ignore', 'ignore', 'ignore'],
  })
  const forget = noteRunning(child.pid)
  await eventually(async () => {
    if (child.exitCode !== null) throw new Error(`redis-server ended with ${child.exitCode}`)
    return (await commandTo(port, 'PING', []).catch(() => null)) === 'PONG'
  }, 'the Redis server answers nothing')
  return { child, forget }
}

async function commandTo(port: number, name: string, words: string[]): Promise<unknown> {
  const client = new RedisClient(`redis://127.0.0.1:${port}`, {
    autoReconnect: false,
    enableOfflineQueue: false,
    connectionTimeout: 2000,
  })
  try {
    await client.connect()
    return await client.send(name, words)
  } finally {
    client.close()
  }
}

/** A port that nobody listened on a moment ago. */
function freePort(): number {
  const listener = Bun.listen({ hostname: '127.0.0.1', port: 0, socket: { data() {} } })
  const { port } = listener
  listener.stop(true)
  return port
}
