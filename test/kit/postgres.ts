/**
 * A real PostgreSQL for a test: the server's own programs, from PATH or from where Debian keeps
 * them, on a free port of this machine. Where there are none, the tests that need it are skipped,
 * and the run says so by name. It refuses to run as root, so root starts it as `nobody`.
 */
import { describe, expect, test } from 'bun:test'
import { chmodSync, chownSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { descendants, isAlive } from './processes.ts'
import { noteRunning } from './run-directory.ts'
import { eventually } from './signal.ts'

const postgres = Bun.which('postgres') ?? debianProgram()
const isRequired = process.env.SLUICE_TEST_REQUIRE?.split(',').includes('postgres') ?? false

/** `nobody`, on every system that has setpriv. */
const nobody = 65_534
const isRoot = process.getuid?.() === 0
const asNobody = ['setpriv', `--reuid=${nobody}`, `--regid=${nobody}`, '--clear-groups']

const startWithinMs = 30_000

/** A server of a test. */
export interface PostgresServer {
  /** The address of a new, empty database. */
  newDatabase(): Promise<string>
  /** Stops it as a debugger would: it takes connections and answers nothing. */
  pause(): void
  resume(): void
  /** Ends it at once, and its connections with it; resolves when it is gone. */
  kill(): Promise<void>
  /** Starts it again on the same port, with what was in it. */
  start(): Promise<void>
  /** Ends it and removes what it left. Safe to call twice. */
  close(): Promise<void>
}

/** `describe` for tests that need PostgreSQL; one skipped test in its name without it. */
export function describeWithPostgres(name: string, define: () => void): void {
  if (postgres !== null) describe(name, define)
  else if (isRequired) test(name, () => expect(postgres, 'there is no PostgreSQL').not.toBeNull())
  else test.skip(`${name} (there is no PostgreSQL)`, () => {})
}

/** Makes a cluster and starts it; it answers when this resolves. Takes two seconds or so. */
export async function startPostgres(): Promise<PostgresServer> {
  if (postgres === null) throw new Error('there is no PostgreSQL')
  const directory = clusterDirectory()
  await run([join(dirname(postgres), 'initdb'), ...initdbWords, '-D', join(directory, 'data')])
  const port = freePort()
  let running: Running | null = await spawnServer(postgres, directory, port)
  let databases = 0
  const processes = (): number[] =>
    running === null ? [] : [running.child.pid, ...descendants(running.child.pid)]
  const signal = (name: NodeJS.Signals): void => {
    for (const pid of processes()) if (isAlive(pid)) process.kill(pid, name)
  }
  const kill = async (): Promise<void> => {
    const ended = running
    if (ended === null) return
    signal('SIGKILL')
    running = null
    await ended.child.exited
    ended.forget()
  }
  return {
    async newDatabase() {
      databases += 1
      const name = `test_${databases}`
      await using sql = connect(port, 'postgres')
      await sql.unsafe(`create database ${name}`)
      return addressOf(port, name)
    },
    pause: () => signal('SIGSTOP'),
    resume: () => signal('SIGCONT'),
    kill,
    async start() {
      running ??= await spawnServer(postgres, directory, port)
    },
    async close() {
      await kill()
      rmSync(directory, { recursive: true, force: true })
    },
  }
}

interface Running {
  readonly child: Bun.Subprocess
  readonly forget: () => void
}

const initdbWords = ['--username=sluice', '--auth=trust', '--no-sync', '--encoding=UTF8']

/** Nothing is kept safe from a loss of power, and no socket is left in the file system. */
const settings = [
  'fsync=off',
  'unix_socket_directories=',
  'listen_addresses=127.0.0.1',
  // In files of its own directory: a server that is killed leaves what it has in shared memory.
  'dynamic_shared_memory_type=mmap',
]

async function spawnServer(path: string, directory: string, port: number): Promise<Running> {
  const options = [...settings, `port=${port}`].flatMap((setting) => ['-c', setting])
  const child = Bun.spawn(unprivileged([path, '-D', join(directory, 'data'), ...options]), {
    cwd: directory,
    stdin: 'ignore',
    stdout: 'ignore',
    stderr: 'ignore',
  })
  const forget = noteRunning(child.pid)
  const answers = async (): Promise<boolean> => {
    await using sql = connect(port, 'postgres')
    return await sql.unsafe('select 1').then(
      () => true,
      () => false,
    )
  }
  await eventually(answers, 'PostgreSQL answers', startWithinMs)
  return { child, forget }
}

const addressOf = (port: number, database: string): string =>
  `postgres://sluice@127.0.0.1:${port}/${database}`

/** A connection of the test's own. */
const connect = (port: number, database: string): Bun.SQL =>
  new Bun.SQL({ adapter: 'postgres', url: addressOf(port, database), max: 1, connectionTimeout: 5 })

async function run(command: readonly string[]): Promise<void> {
  const child = Bun.spawn(unprivileged(command), { stdout: 'ignore', stderr: 'pipe', cwd: '/' })
  const [code, text] = await Promise.all([child.exited, new Response(child.stderr).text()])
  if (code !== 0) throw new Error(`${command[0]} ended with ${code}: ${text}`)
}

const unprivileged = (command: readonly string[]): string[] =>
  isRoot ? [...asNobody, ...command] : [...command]

/** Beside the directory of the run, which only its owner may enter; removed like that one. */
function clusterDirectory(): string {
  const directory = mkdtempSync(join(tmpdir(), `sluice-test-${process.pid}-postgres-`))
  if (isRoot) chownSync(directory, nobody, nobody)
  chmodSync(directory, 0o700)
  return directory
}

function freePort(): number {
  const listener = Bun.listen({ hostname: '127.0.0.1', port: 0, socket: { data() {} } })
  const { port } = listener
  listener.stop(true)
  return port
}

/** Debian keeps the programs of each version apart, and none of them in PATH. */
function debianProgram(): string | null {
  const found = [...new Bun.Glob('*/bin/postgres').scanSync({ cwd: '/usr/lib/postgresql' })]
  const [newest] = found.sort((a, b) => Number.parseInt(b, 10) - Number.parseInt(a, 10))
  return newest === undefined ? null : join('/usr/lib/postgresql', newest)
}
