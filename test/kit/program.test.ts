/** Starting, watching and stopping a program; leftovers, and the recordings. */
import { afterAll, describe, expect, test } from 'bun:test'
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { rootDirectory } from './binary.ts'
import { describeWithFixtures, listFixtures, readFixture } from './fixtures.ts'
import { expectNothingLeft } from './leftovers.ts'
import { isAlive } from './processes.ts'
import { Program, startCommand } from './program.ts'
import { eventually } from './signal.ts'

const directory = mkdtempSync(join(tmpdir(), 'sluice-kit-'))
afterAll(() => rmSync(directory, { recursive: true, force: true }))

function write(name: string, source: string): string {
  const path = join(directory, name)
  writeFileSync(path, source)
  return path
}

/** A program with one worker; on SIGTERM it does what `onTerm` says. */
function parent(name: string, onTerm: string): readonly string[] {
  const worker = write(`${name}-worker.ts`, 'setInterval(() => {}, 1000)')
  const source = `
    const worker = Bun.spawn([process.execPath, ${JSON.stringify(worker)}])
    process.on('SIGTERM', () => { ${onTerm} })
    setInterval(() => {}, 1000)
    console.error(Object.keys(process.env).sort().join())
    console.log('sluice listening on http://127.0.0.1:1234/')`
  return [process.execPath, write(`${name}.ts`, source)]
}

describe('a program', () => {
  test('is started with a clean environment and stopped with its workers', async () => {
    process.env.OPENAI_API_KEY = 'not to be inherited'
    const good = parent('good', 'worker.kill(); worker.exited.then(() => process.exit(0))')
    const program = await startCommand(good, { WORKERS: '1' })
    delete process.env.OPENAI_API_KEY
    expect(program.url).toBe('http://127.0.0.1:1234')
    await program.untilLog(/WORKERS/)
    expect(program.stderr.trim()).toBe('HOME,HOST,PATH,PORT,TMPDIR,WORKERS')
    const workers = program.workerPids()
    expect(workers).toHaveLength(1)
    expect(program.rssBytes()).toBeGreaterThan(10_000_000)
    expect((await program.stop()).exitCode).toBe(0)
    expect([program.pid, ...workers].some(isAlive)).toBe(false)
  })

  test('that leaves a worker behind fails, and the worker is ended', async () => {
    const program = await startCommand(parent('orphan', 'process.exit(0)'))
    const [worker = 0] = program.workerPids()
    expect(isAlive(worker)).toBe(true)
    await expect(program.stop()).rejects.toThrow(`processes ${worker} run`)
    await eventually(() => !isAlive(worker), 'the worker runs')
  })

  test('that ends with another code, or not at all, fails', async () => {
    const wrong = await startCommand(parent('wrong', 'worker.kill(); process.exit(3)'))
    await expect(wrong.stop()).rejects.toThrow('exit 3 instead of 0')
    const deaf = await startCommand(parent('deaf', ''))
    await expect(deaf.stop({ withinMs: 300 })).rejects.toThrow('the end of the program')
    await eventually(() => !isAlive(deaf.pid), 'the program runs')
  })

  test('that ends before it listens fails with what it said', async () => {
    const path = write('early.ts', `console.error('PORT: not a number'); process.exit(78)`)
    const started = startCommand([process.execPath, path])
    await expect(started).rejects.toThrow(/ended with 78[\s\S]*PORT: not a number/)
    const program = new Program([process.execPath, path], {}, {})
    expect(await program.exited()).toMatchObject({ exitCode: 78, stderr: 'PORT: not a number\n' })
    program.kill()
  })
})

describe('leftovers', () => {
  test('are waited for, and named when they stay', async () => {
    let leases = 2
    const timer = setInterval(() => {
      if (leases > 0) leases--
    }, 20)
    await expectNothingLeft({ leftovers: () => ({ leases }) })
    clearInterval(timer)
    const stays = expectNothingLeft({ leftovers: () => ({ leases: 0, timers: 3 }) }, {}, 50)
    await expect(stays).rejects.toThrow('left: timers 3')
    const counted = expectNothingLeft(null, { sockets: async () => 1 }, 50)
    await expect(counted).rejects.toThrow('left: sockets 1')
  })
})

describeWithFixtures('the recordings', () => {
  test('are all where the index says', () => {
    expect(listFixtures({}).length).toBeGreaterThan(200)
    for (const fixture of listFixtures({})) {
      expect(readFixture(fixture).byteLength, fixture.file).toBeGreaterThan(0)
    }
    const chats = listFixtures({ provider: 'openai-chat', format: 'raw-sse' })
    expect(chats.length).toBeGreaterThan(5)
    expect(existsSync(join(rootDirectory, '..', 'shared', 'fixtures'))).toBe(true)
  })
})
