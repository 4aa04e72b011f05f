/** The supervisor with real processes and a scripted server in its workers. */
import { afterEach, expect, setDefaultTimeout, test } from 'bun:test'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { isAlive } from '../kit/processes.ts'
import { Program, type ProgramOptions, startCommand } from '../kit/program.ts'
import { runDirectory } from '../kit/run-directory.ts'
import { eventually } from '../kit/signal.ts'
import { failureFileVariable } from './scripted-app.ts'

setDefaultTimeout(30_000)

const command = [process.execPath, join(import.meta.dir, 'scripted-main.ts')]
const programs: Program[] = []
const directory = mkdtempSync(join(runDirectory(), 'supervisor-'))

async function start(env: Record<string, string> = {}, options: ProgramOptions = {}) {
  const program = await startCommand(command, { LOG_FORMAT: 'json', ...env }, options)
  programs.push(program)
  return program
}

/** Without keep-alive, so that each request meets whichever worker there is. */
const ask = (program: Program, path: string): Promise<Response> =>
  fetch(program.url + path, { keepalive: false, signal: AbortSignal.timeout(10_000) })

const textOf = async (program: Program, path: string): Promise<string> =>
  (await ask(program, path)).text()

/** The text that the stream has given so far grows in `seen`; the promise is its end. */
async function readSlow(program: Program, ms: number, seen: { text: string }): Promise<void> {
  const response = await fetch(`${program.url}/slow?ms=${ms}`)
  const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader()
  for (let part = await reader?.read(); part?.done === false; part = await reader?.read()) {
    seen.text += part.value
  }
}

afterEach(() => {
  const left = programs.splice(0).flatMap((program) => {
    const pids = [program.pid, ...program.workerPids()].filter(isAlive)
    program.kill()
    return pids
  })
  expect(left).toEqual([])
})

test('the first line names version and address, and the configuration arrives frozen', async () => {
  const program = await start({ STREAM_IDLE_TIMEOUT_MS__MODELS: '7s', WORKERS: '2' })
  expect(program.stdout).toMatch(/^sluice scripted listening on http:\/\/127\.0\.0\.1:\d+\n/)
  const config = await (await ask(program, '/config')).json()
  expect(config).toMatchObject({ frozen: true, stream: { models: { idleTimeoutMs: 7000 } } })
  expect(`http://127.0.0.1:${config.port}`).toBe(program.url)
  await eventually(() => program.workerPids().length === 2, 'two workers')
  await program.stop()
})

test('workers have the request cap lifted and no proxy in their environment', async () => {
  const env = { HTTP_PROXY: 'http://127.0.0.1:9', https_proxy: 'http://127.0.0.1:9', OTHER: '1' }
  const program = await start({ ...env, NO_PROXY: 'x', ALL_PROXY: 'http://127.0.0.1:9' })
  const names: string[] = await (await ask(program, '/names')).json()
  expect(names).toContain('BUN_CONFIG_MAX_HTTP_REQUESTS')
  expect(names).toContain('OTHER')
  expect(names.filter((name) => /proxy/i.test(name))).toEqual([])
  await program.stop()
})

test('what a worker announces all others hear, and it does not', async () => {
  const program = await start({ WORKERS: '3' })
  const heardBy = new Map<number, unknown[]>()
  const listen = async (): Promise<void> => {
    const { id, heard } = await (await ask(program, '/heard')).json()
    heardBy.set(id, heard)
  }
  const everyone = async (): Promise<boolean> => {
    for (let asked = 0; asked < 12; asked++) await listen()
    return heardBy.size === 3
  }
  await eventually(everyone, 'all three workers', 15_000)
  expect([...heardBy.values()].flat()).toEqual([])
  await ask(program, '/announce')
  const isHeard = async (): Promise<boolean> => {
    await listen()
    return [...heardBy.values()].flat().length === 2
  }
  await eventually(isHeard, 'two to hear it', 15_000)
  const silent = [...heardBy].filter(([, heard]) => heard.length === 0).map(([id]) => id)
  expect([...heardBy.values()].flat()).toEqual([{ from: silent[0] }, { from: silent[0] }])
  await program.stop()
})

test('a killed worker is replaced and service goes on', async () => {
  const program = await start()
  const [before] = program.workerPids()
  expect(await textOf(program, '/pid')).toBe(String(before))
  process.kill(before ?? 0, 'SIGKILL')
  await eventually(
    async () => (await textOf(program, '/pid').catch(() => String(before))) !== String(before),
    'another worker',
  )
  expect(program.log).toMatch(/worker ended, starting another.*SIGKILL.*"delay_ms":100/)
  await program.stop()
})

test('a worker that is told to end by itself leaves in order and is replaced', async () => {
  const program = await start()
  const [before] = program.workerPids()
  process.kill(before ?? 0, 'SIGTERM')
  await program.untilLog(/worker ended, starting another.*exit code 0/)
  await eventually(
    async () => /^\d+$/.test(await textOf(program, '/pid').catch(() => '')),
    'answer',
  )
  await program.stop()
})

test.each(['SIGTERM', 'SIGINT'] as const)(
  '%s lets a stream finish and exits with 0',
  async (signal) => {
    const program = await start({ SHUTDOWN_GRACE_MS: '8s' })
    const seen = { text: '' }
    const ended = readSlow(program, 1200, seen)
    await eventually(() => seen.text === 'begin\n', 'the stream to begin')
    const stopped = program.stop({ signal })
    await program.untilLog(/draining/)
    await ended
    expect(seen.text).toBe('begin\nend\n')
    await stopped
  },
)

test('a stream that outlasts the grace time is ended with its last words', async () => {
  const program = await start({ SHUTDOWN_GRACE_MS: '300' })
  const seen = { text: '' }
  const ended = readSlow(program, 30_000, seen)
  await eventually(() => seen.text === 'begin\n', 'the stream to begin')
  await program.stop()
  await ended
  expect(seen.text).toBe('begin\ncut\n')
})

test('a second signal does not wait for the grace time', async () => {
  const program = await start({ SHUTDOWN_GRACE_MS: '60s' })
  const seen = { text: '' }
  const ended = readSlow(program, 60_000, seen)
  await eventually(() => seen.text === 'begin\n', 'the stream to begin')
  program.signal('SIGTERM')
  await program.untilLog(/draining/)
  await program.stop({ withinMs: 5000 })
  await ended
  expect(seen.text).toBe('begin\ncut\n')
})

test.each([1, 2])('SIGHUP renews %i workers without a failed request', async (count) => {
  const program = await start({ WORKERS: String(count), SHUTDOWN_GRACE_MS: '10s' })
  await eventually(() => program.workerPids().length === count, 'all workers')
  const before = new Set(program.workerPids())
  const seen = { text: '' }
  const ended = readSlow(program, 1500, seen)
  await eventually(() => seen.text === 'begin\n', 'the stream to begin')

  let isOver = false
  const answered = new Set<string>()
  const failures: unknown[] = []
  const client = async (keepalive: boolean): Promise<void> => {
    while (!isOver) {
      // A POST, because the client would send a GET again on its own when the connection breaks.
      await fetch(`${program.url}/pid`, { method: 'POST', keepalive })
        .then(async (response) => answered.add(await response.text()))
        .catch((error) => failures.push(error))
    }
  }
  const clients = [client(false), client(false), client(true), client(true)]
  program.signal('SIGHUP')
  await eventually(
    () => {
      const now = program.workerPids()
      return now.length === count && now.every((pid) => !before.has(pid))
    },
    'new workers and no old one',
    15_000,
  )
  isOver = true
  await Promise.all([...clients, ended])
  expect(failures).toEqual([])
  expect(seen.text).toBe('begin\nend\n')
  expect(answered.size).toBeGreaterThan(count)
  await program.stop()
})

test('SIGHUP reads .env again, and keeps the workers where it is wrong', async () => {
  const cwd = mkdtempSync(join(directory, 'cwd-'))
  const program = await start({}, { cwd })
  const [first] = program.workerPids()
  writeFileSync(join(cwd, '.env'), 'DEMO_TOKENS=12\nWORKERS=3\nHTTP_PROXY=http://127.0.0.1:9\n')
  program.signal('SIGHUP')
  await program.untilLog(/worker replaced/)
  expect(program.log).toContain('change with a restart only')
  await eventually(() => !isAlive(first ?? 0), 'the old worker to leave')
  expect(await (await ask(program, '/config')).json()).toMatchObject({
    demo: { tokens: 12 },
    workers: 1,
  })
  const names: string[] = await (await ask(program, '/names')).json()
  expect(names).not.toContain('HTTP_PROXY')

  const [second] = program.workerPids()
  writeFileSync(join(cwd, '.env'), 'DEMO_TOKENS=many\n')
  program.signal('SIGHUP')
  await program.untilLog(/DEMO_TOKENS: must be .*"many"/)
  expect(program.workerPids()).toEqual([second ?? 0])
  await program.stop()
})

test('a roll whose new worker cannot start keeps the old one', async () => {
  const failure = join(directory, 'roll-fails')
  const program = await start({ [failureFileVariable]: failure })
  const before = program.workerPids()
  writeFileSync(failure, '')
  program.signal('SIGHUP')
  await program.untilLog(/new worker cannot start, keeping the old.*told to fail/)
  expect(program.workerPids()).toEqual(before)
  expect(await textOf(program, '/pid')).toBe(String(before[0]))

  // A crash while the server cannot start is tried again, with growing waits, until it can.
  process.kill(before[0] ?? 0, 'SIGKILL')
  await program.untilLog(/told to fail.*"delay_ms":200/)
  rmSync(failure)
  await eventually(
    async () => /^\d+$/.test(await textOf(program, '/pid').catch(() => '')),
    'answer',
  )
  await program.stop()
})

test('a program whose workers cannot start ends with the reason', async () => {
  const failure = join(directory, 'start-fails')
  writeFileSync(failure, '')
  const env = { [failureFileVariable]: failure, PORT: '0', WORKERS: '2' }
  const program = new Program(command, env, {})
  programs.push(program)
  const result = await program.exited()
  expect(result).toEqual({
    exitCode: 1,
    stdout: '',
    stderr: 'sluice: cannot start: told to fail\n',
  })
})

test('a second program on the port ends with one line, and the first goes on', async () => {
  const first = await start()
  const second = new Program(command, { PORT: new URL(first.url).port }, {})
  programs.push(second)
  const result = await second.exited()
  expect(result.exitCode).toBe(1)
  expect(result.stdout).toBe('')
  expect(result.stderr).toMatch(/^sluice: cannot listen on 127\.0\.0\.1:\d+: another sluice .*\n$/)
  expect(await textOf(first, '/pid')).toMatch(/^\d+$/)
  await first.stop()
})

test('of programs that start on one port at once, one serves', async () => {
  const first = await start()
  const port = new URL(first.url).port
  await first.stop()
  const rivals = Array.from({ length: 4 }, () => new Program(command, { PORT: port }, {}))
  programs.push(...rivals)
  const isSettled = (rival: Program): boolean => rival.log !== ''
  await eventually(() => rivals.every(isSettled), 'each to serve or to say why not', 10_000)
  const winners = rivals.filter((rival) => rival.log.includes('listening on'))
  expect(winners).toHaveLength(1)
  for (const rival of rivals) {
    if (winners.includes(rival)) await rival.stop()
    else expect((await rival.exited()).exitCode).toBe(1)
  }
})

test('workers do not outlive a parent that is killed', async () => {
  const program = await start({ WORKERS: '2' })
  await eventually(() => program.workerPids().length === 2, 'two workers')
  const pids = program.workerPids()
  const port = Number(new URL(program.url).port)
  program.signal('SIGKILL')
  await eventually(() => !pids.some(isAlive), 'the workers to end')
  const again = await start({ PORT: String(port) })
  await again.stop()
})

test.each([
  ['/reject', 'unhandled rejection', 'Error'],
  ['/throw', 'uncaught exception', 'TypeError'],
])(
  'after %s the worker serves on, and logs no message of the exception',
  async (path, line, name) => {
    const program = await start()
    const before = await textOf(program, '/pid')
    await textOf(program, path)
    await program.untilLog(new RegExp(line))
    expect(await textOf(program, '/pid')).toBe(before)
    const logged = program.log.split('\n').find((text) => text.includes(line)) ?? '{}'
    expect(JSON.parse(logged)).toMatchObject({ level: 'error', error: name, worker: 1 })
    expect(program.log).not.toContain('secret of a client')
    await program.stop()
  },
)
