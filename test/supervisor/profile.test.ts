/** SIGUSR2: what the executable does and holds, in files, while it serves. */
import { afterEach, beforeAll, expect, setDefaultTimeout, test } from 'bun:test'
import { mkdtempSync, readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { binaryPath } from '../kit/binary.ts'
import { readCpuProfile, readHeapSnapshot } from '../kit/profile-files.ts'
import { type Program, type ProgramEnvironment, startBinary } from '../kit/program.ts'
import { runDirectory } from '../kit/run-directory.ts'
import { parseSse } from '../kit/sse.ts'

setDefaultTimeout(60_000)
beforeAll(async () => void (await binaryPath()), 120_000)

/** At 20 a second. */
const tokens = 26

const programs: Program[] = []
afterEach(() => {
  for (const program of programs.splice(0)) program.kill()
})

async function start(env: ProgramEnvironment = {}) {
  const directory = join(mkdtempSync(join(runDirectory(), 'profile-')), 'made', 'by-it')
  const program = await startBinary({
    ...{
      LOG_FORMAT: 'json',
      PROFILE_DIR: directory,
      PROFILE_SECONDS: '1',
      DEMO_TOKENS: `${tokens}`,
    },
    ...env,
  })
  programs.push(program)
  const ending = (suffix: string): string[] =>
    readdirSync(directory)
      .filter((name) => name.endsWith(suffix))
      .map((name) => join(directory, name))
  return { program, directory, ending }
}

const stream = (program: Program): Promise<Response> =>
  fetch(`${program.url}/v1/chat/completions`, {
    method: 'POST',
    keepalive: false,
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({
      ...{ model: 'demo/demo', stream: true },
      messages: [{ role: 'user', content: 'a-prompt-that-is-held' }],
    }),
  })

/** How many events of content came, and whether the stream is whole. */
async function eventsOf(response: Response): Promise<{ contents: number; isWhole: boolean }> {
  const events = parseSse(new Uint8Array(await response.arrayBuffer()))
  const data = events.filter(({ kind }) => kind === 'event').map((event) => event.data)
  return {
    contents: data.filter((text) => /"content":"[^"]/.test(text)).length,
    isWhole: data.at(-1) === '[DONE]' && data.some((text) => text.includes('"stop"')),
  }
}

test('the parent passes it on: both files of each worker, while a stream goes on', async () => {
  // A stream of more than a second, which is profiled for one.
  const { program, directory, ending } = await start({ WORKERS: '2' })
  const response = await stream(program)
  program.signal('SIGUSR2')
  expect(await eventsOf(response)).toEqual({ contents: tokens, isWhole: true })
  await program.untilLog(/(heap snapshot written[\s\S]*){2}/, 30_000)

  const profiles = ending('.cpuprofile')
  const snapshots = ending('.heapsnapshot')
  expect([profiles.length, snapshots.length, readdirSync(directory).length]).toEqual([2, 2, 4])
  for (const file of [...profiles, ...snapshots]) {
    expect(statSync(file).mode & 0o777).toBe(0o600)
    expect(program.stdout).toContain(JSON.stringify(file))
  }
  expect(statSync(directory).mode & 0o777).toBe(0o700)
  for (const file of profiles) {
    const { nodes, startTime, endTime } = readCpuProfile(file)
    expect((endTime - startTime) / 1e6).toBeGreaterThan(0.9)
    expect(nodes.map(({ callFrame }) => callFrame.functionName)).toContain('(idle)')
  }
  for (const file of snapshots) expect(readHeapSnapshot(file).length).toBeGreaterThan(1000)

  // Another one writes other files.
  program.signal('SIGUSR2')
  await program.untilLog(/(heap snapshot written[\s\S]*){4}/, 30_000)
  expect(readdirSync(directory).length).toBe(8)
  await program.stop()
})

test('of a worker that must not stand still there is a CPU profile alone', async () => {
  const { program, directory } = await start({ PROFILE_HEAP_SNAPSHOT: '0' })
  program.signal('SIGUSR2')
  await program.untilLog(/CPU profile written/)
  await program.stop()
  expect(program.stdout).not.toContain('heap snapshot')
  expect(readdirSync(directory).map((name) => name.replace(/.*\./, ''))).toEqual(['cpuprofile'])
})

test('one at a time; and a worker that leaves writes nothing', async () => {
  const { program, directory } = await start({ PROFILE_SECONDS: '60' })
  const [worker = 0] = program.workerPids()
  process.kill(worker, 'SIGUSR2')
  await program.untilLog(/"profiling"/)
  process.kill(worker, 'SIGUSR2')
  await program.untilLog(/a profile is being taken already/)
  await program.stop()
  expect(program.stdout).toContain('the profile was given up')
  expect(readdirSync(directory)).toEqual([])
})

test('where it cannot write it says so, and serves on', async () => {
  const unwritable = { PROFILE_DIR: '/proc/self/profiles', DEMO_TOKENS_PER_SECOND: '0' }
  const { program } = await start(unwritable)
  program.signal('SIGUSR2')
  await program.untilLog(/no profile could be written/)
  expect((await eventsOf(await stream(program))).isWhole).toBe(true)
  await program.stop()
})
