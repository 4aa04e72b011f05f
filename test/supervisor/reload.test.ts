/** The executable follows its configuration file, between real providers and real clients. */
import { afterEach, beforeAll, expect, setDefaultTimeout, test } from 'bun:test'
import { mkdirSync, mkdtempSync, renameSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { binaryPath } from '../kit/binary.ts'
import { isAlive } from '../kit/processes.ts'
import { type Program, startBinary } from '../kit/program.ts'
import { runDirectory } from '../kit/run-directory.ts'
import { eventually } from '../kit/signal.ts'
import { answerOf, type NamedProvider, startNamedProvider } from './reload-provider.ts'

setDefaultTimeout(30_000)
beforeAll(async () => void (await binaryPath()), 120_000)

const programs: Program[] = []
const providers: NamedProvider[] = []

afterEach(() => {
  for (const provider of providers.splice(0)) provider.stop()
  const left = programs.splice(0).flatMap((program) => {
    const pids = [program.pid, ...program.workerPids()].filter(isAlive)
    program.kill()
    return pids
  })
  expect(left).toEqual([])
})

function provider(name: string): NamedProvider {
  const started = startNamedProvider(name)
  providers.push(started)
  return started
}

/** A configuration whose route `smart` goes to these places, in this order. */
const routed = (places: Readonly<Record<string, NamedProvider>>, model = '*'): string =>
  JSON.stringify({
    providers: Object.fromEntries(
      Object.entries(places).map(([name, { url }]) => [
        name,
        { protocol: 'openai-chat', baseUrl: url },
      ]),
    ),
    routes: { smart: { targets: Object.keys(places).map((name) => `${name}/${model}`) } },
  })

async function start(content: string, env: Record<string, string> = {}, path?: string) {
  const file = path ?? join(mkdtempSync(join(runDirectory(), 'reload-')), 'sluice.json')
  if (path === undefined) writeFileSync(file, content)
  const program = await startBinary({ LOG_FORMAT: 'json', CONFIG_FILE: file, ...env })
  programs.push(program)
  return { program, file }
}

/** Without keep-alive, so that each request meets whichever worker there is. */
const ask = (program: Program, model = 'smart'): Promise<Response> =>
  fetch(`${program.url}/v1/chat/completions`, {
    method: 'POST',
    keepalive: false,
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ model, stream: true, messages: [{ role: 'user', content: 'hi' }] }),
    signal: AbortSignal.timeout(20_000),
  })

const textOf = async (program: Program, model?: string): Promise<string> =>
  (await ask(program, model)).text()

const versionOf = async (program: Program): Promise<string> => {
  const response = await fetch(`${program.url}/readyz`, { keepalive: false })
  return ((await response.json()) as { configuration: string }).configuration
}

const isReloaded = (count: number): RegExp =>
  new RegExp(`configuration reloaded.*"version":"${count}-[0-9a-f]{8}"`)

test.each([1, 2])(
  'with %i workers a stream under way ends as it began, a new one does not',
  async (count) => {
    const [a, b] = [provider('alpha'), provider('beta')]
    const { program, file } = await start(routed({ alpha: a }, 'slow'), { WORKERS: String(count) })
    const before = program.workerPids()
    const response = await ask(program)
    expect(response.headers.get('x-sluice-provider')).toBe('alpha')
    const reading = response.text()

    writeFileSync(file, routed({ beta: b }))
    await program.untilLog(isReloaded(2))
    for (let asked = 0; asked < 2 * count; asked++) {
      expect(await textOf(program)).toBe(answerOf('beta'))
      expect(await versionOf(program)).toStartWith('2-')
    }
    a.release()
    expect(await reading).toBe(answerOf('alpha'))
    expect(a.requests).toBe(1)
    expect(program.workerPids().slice(0, before.length)).toEqual(before)
    await program.stop()
  },
)

test('a wrong file is refused with each of its reasons, and the old one stays', async () => {
  const a = provider('alpha')
  const { program, file } = await start(routed({ alpha: a }))
  const version = await versionOf(program)
  writeFileSync(file, '{"routes": {"smart": {"targets": ["nobody/x"], "hedge": 1}}}')
  await program.untilLog(/routes\.smart\.hedge: must be true or false/)
  const refusals = program.log.split('\n').filter((line) => line.includes('configuration refused'))
  expect(refusals.map((line) => JSON.parse(line))).toEqual([
    expect.objectContaining({
      level: 'error',
      worker: 0,
      problem: 'routes.smart.targets[0]: must be of an enabled provider (demo), got "nobody/x"',
    }),
    expect.objectContaining({ problem: 'routes.smart.hedge: must be true or false, got 1' }),
  ])
  expect(await textOf(program)).toBe(answerOf('alpha'))
  expect(await versionOf(program)).toBe(version)

  writeFileSync(file, '{"routes": ')
  await program.untilLog(/CONFIG_FILE: must be JSON, unexpected the end at line 1, column 12/)

  // What only a worker finds out is told as well, and nobody obeys it.
  writeFileSync(file, JSON.stringify({ providers: { vertex: {} } }))
  await program.untilLog(/configuration refused.*The provider `vertex` cannot be used/)
  expect(await textOf(program)).toBe(answerOf('alpha'))
  expect(await versionOf(program)).toBe(version)

  const b = provider('beta')
  writeFileSync(file, routed({ beta: b }))
  await program.untilLog(isReloaded(2))
  expect(await textOf(program)).toBe(answerOf('beta'))
  await program.stop()
})

test('a worker that starts later obeys what holds then', async () => {
  const [a, b] = [provider('alpha'), provider('beta')]
  const { program, file } = await start(routed({ alpha: a }))
  writeFileSync(file, routed({ beta: b }))
  await program.untilLog(isReloaded(2))
  const version = await versionOf(program)
  process.kill(program.workerPids()[0] ?? 0, 'SIGKILL')
  await eventually(
    async () => (await versionOf(program).catch(() => '')) === version,
    'the same version from another worker',
  )
  expect(await textOf(program)).toBe(answerOf('beta'))
  await program.stop()
})

test('of 50 quick rewrites the last one holds, and few are taken over', async () => {
  const [a, b] = [provider('alpha'), provider('beta')]
  const { program, file } = await start(routed({ alpha: a }))
  for (let count = 0; count < 50; count++) {
    const content = routed(
      count === 49 ? { beta: b } : { alpha: a },
      count === 49 ? '*' : `m${count}`,
    )
    // Half of them as editors do it, so that the name leads to another file each time.
    if (count % 2 === 0) writeFileSync(file, content)
    else {
      writeFileSync(`${file}.new`, content)
      renameSync(`${file}.new`, file)
    }
    await Bun.sleep(count % 10)
  }
  await eventually(async () => (await textOf(program)) === answerOf('beta'), 'the last one')
  const settled = await versionOf(program)
  // Longer than the watch waits: what was still on its way would be there.
  await Bun.sleep(300)
  expect(await versionOf(program)).toBe(settled)
  const count = Number(settled.split('-')[0])
  expect(count).toBeGreaterThan(1)
  expect(count).toBeLessThan(15)
  expect(program.log).not.toContain('configuration refused')
  await program.stop()
})

test('a link that is exchanged two steps away is a change', async () => {
  const [a, b] = [provider('alpha'), provider('beta')]
  const root = mkdtempSync(join(runDirectory(), 'mounted-'))
  const version = (name: string, content: string): void => {
    mkdirSync(join(root, name))
    writeFileSync(join(root, name, 'sluice.json'), content)
  }
  version('..1', routed({ alpha: a }))
  version('..2', routed({ beta: b }))
  symlinkSync('..1', join(root, '..data'))
  symlinkSync(join('..data', 'sluice.json'), join(root, 'sluice.json'))
  const { program } = await start('', {}, join(root, 'sluice.json'))
  expect(await textOf(program)).toBe(answerOf('alpha'))
  symlinkSync('..2', join(root, '..data_tmp'))
  renameSync(join(root, '..data_tmp'), join(root, '..data'))
  await program.untilLog(isReloaded(2))
  expect(await textOf(program)).toBe(answerOf('beta'))
  await program.stop()
})

test('SIGHUP reads file and environment, a change of the file that alone', async () => {
  const a = provider('alpha')
  const cwd = mkdtempSync(join(runDirectory(), 'cwd-'))
  const env = (key: string) => writeFileSync(join(cwd, '.env'), `CLIENT=${key}\nDEMO_TOKENS=3\n`)
  const file = join(cwd, 'sluice.json')
  const content = {
    ...JSON.parse(routed({ alpha: a })),
    keys: [{ name: 'one', key: 'env:CLIENT' }],
  }
  env('first-key')
  writeFileSync(file, JSON.stringify(content))
  const program = await startBinary(
    { LOG_FORMAT: 'json', CONFIG_FILE: 'sluice.json', SHUTDOWN_GRACE_MS: '2s' },
    { cwd },
  )
  programs.push(program)
  const statusWith = async (key: string): Promise<number> => {
    const response = await fetch(`${program.url}/v1/models`, {
      keepalive: false,
      headers: { authorization: `Bearer ${key}` },
    })
    await response.text()
    return response.status
  }
  expect([await statusWith('first-key'), await statusWith('second-key')]).toEqual([200, 401])

  env('second-key')
  writeFileSync(file, JSON.stringify({ ...content, streamConfig: { bufferSize: 4096 } }))
  await program.untilLog(isReloaded(2))
  expect([await statusWith('first-key'), await statusWith('second-key')]).toEqual([200, 401])

  const [worker] = program.workerPids()
  program.signal('SIGHUP')
  await program.untilLog(/worker replaced/)
  await eventually(() => !isAlive(worker ?? 0), 'the old worker to leave')
  expect([await statusWith('first-key'), await statusWith('second-key')]).toEqual([401, 200])
  expect(await versionOf(program)).toStartWith('3-')

  // A wrong file keeps the workers that there are, and the next change is followed as before.
  const [second] = program.workerPids()
  writeFileSync(file, '{"routes": 5}')
  await program.untilLog(/configuration refused.*routes: must be an object/)
  program.signal('SIGHUP')
  await program.untilLog(/^routes: must be an object, got 5$/m)
  expect(program.workerPids()).toEqual([second ?? 0])
  writeFileSync(file, JSON.stringify({ ...content, streamConfig: { bufferSize: 8192 } }))
  await program.untilLog(isReloaded(4))
  expect([await statusWith('first-key'), await statusWith('second-key')]).toEqual([401, 200])
  await program.stop()
})
