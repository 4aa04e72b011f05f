/** The runner's last line and exit code, in copies of the repository that hold a few tests. */
import { afterAll, describe, expect, test } from 'bun:test'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { rootDirectory } from './binary.ts'
import { isAlive } from './processes.ts'

const directory = mkdtempSync(join(tmpdir(), 'sluice-kit-'))
afterAll(() => rmSync(directory, { recursive: true, force: true }))

const copied = [
  'run.ts',
  'kit/run-directory.ts',
  'kit/processes.ts',
  'kit/binary.ts',
  'kit/signal.ts',
]
const imports = `import { test, expect } from 'bun:test'\n`

describe('the runner', () => {
  /** Runs the runner of a copy of the repository that has only these tests. */
  async function run(
    name: string,
    files: Record<string, string>,
    env: Record<string, string> = {},
    ...args: readonly string[]
  ) {
    const root = join(directory, name)
    mkdirSync(join(root, 'test', 'kit'), { recursive: true })
    for (const file of copied) {
      const text = await Bun.file(join(rootDirectory, 'test', file)).text()
      writeFileSync(join(root, 'test', file), text)
    }
    for (const [file, text] of Object.entries(files)) {
      const path = join(root, file.includes('/') ? '' : 'test', file)
      mkdirSync(dirname(path), { recursive: true })
      writeFileSync(path, path.endsWith('.test.ts') ? imports + text : text)
    }
    const child = Bun.spawn([process.execPath, join(root, 'test', 'run.ts'), ...args], {
      cwd: directory,
      env: { PATH: process.env.PATH, ...env },
      stdout: 'pipe',
      stderr: 'pipe',
    })
    const [stdout, stderr] = await Promise.all([
      new Response(child.stdout).text(),
      new Response(child.stderr).text(),
    ])
    return { code: await child.exited, lines: stdout.trimEnd().split('\n'), stderr }
  }

  const good = `test('good', () => expect(1).toBe(1))\ntest('also', () => {})\n`
  const bad = `test('bad', () => expect(1).toBe(2))\n`

  test('ends with the counts, names what was skipped, and keeps the exit code', async () => {
    const passed = await run('passed', { 'a.test.ts': `${good}test.skip('later', () => {})\n` })
    expect(passed.code).toBe(0)
    expect(passed.lines.slice(-3)).toEqual(['1 skipped:', '  later', '2 passed, 0 failed'])
    const failed = await run('failed', { 'a.test.ts': good + bad })
    expect([failed.code, failed.lines.at(-1)]).toEqual([1, '2 passed, 1 failed'])
  })

  test('counts a file that does not load as a failure', async () => {
    const files = { 'a.test.ts': good + bad, 'b.test.ts': `import './no.ts'`, 'c.test.ts': 'const' }
    const { code, lines } = await run('unloadable', files)
    expect([code, lines.at(-1)]).toEqual([1, '2 passed, 3 failed'])
  })

  test('ends a program that a test left running, and counts it as a failure', async () => {
    const note = join(directory, 'left.txt')
    const left = `
      import { writeFileSync } from 'node:fs'
      import { noteRunning } from './kit/run-directory.ts'
      test('leaves one', () => {
        const child = Bun.spawn(['sleep', '60'])
        child.unref()
        noteRunning(child.pid)
        writeFileSync(${JSON.stringify(note)}, String(child.pid))
      })`
    const { code, lines } = await run('left', { 'a.test.ts': left })
    expect([code, lines.at(-1)]).toEqual([1, '1 passed, 1 failed'])
    expect(isAlive(Number(await Bun.file(note).text()))).toBe(false)
  })

  test('runs what failed once more where that is wanted, and says so', async () => {
    const once = join(directory, 'once')
    const flaky = `
      import { existsSync, writeFileSync } from 'node:fs'
      test('flaky', () => {
        const isSecond = existsSync(${JSON.stringify(once)})
        writeFileSync(${JSON.stringify(once)}, '')
        expect(isSecond).toBe(true)
      })`
    const files = { 'a.test.ts': `${flaky}\n${good}`, 'b.test.ts': good }
    const again = { SLUICE_TEST_AGAIN: '1' }
    const { code, lines } = await run('again', files, again)
    expect(code).toBe(0)
    const mended = ['1 failed, and passed when they were run again:', '  test/a.test.ts:  flaky']
    expect(lines.slice(-3)).toEqual([...mended, '5 passed, 0 failed'])
    const worse = await run('worse', { 'a.test.ts': good + bad, 'b.test.ts': bad }, again)
    expect([worse.code, worse.lines.at(-1)]).toEqual([1, '2 passed, 2 failed'])
    const unasked = await run('unasked', { 'a.test.ts': bad })
    expect([unasked.code, unasked.lines.at(-1)]).toEqual([1, '0 passed, 1 failed'])
  })

  test('passes paths and name patterns on', async () => {
    const files = { 'a.test.ts': good + bad, 'b.test.ts': bad }
    const named = await run('named', files, {}, 'a.test.ts', '-t', 'good')
    expect([named.code, named.lines]).toEqual([0, [expect.any(String), '1 passed, 0 failed']])
    const nothing = await run('nothing', files, {}, 'no-such-file')
    expect([nothing.code, nothing.lines.at(-1)]).toEqual([1, '0 passed, 1 failed'])
  })

  const packageFile = JSON.stringify({
    scripts: { build: 'bun src/build.ts dist/sluice' },
  })

  const asks = `import { binaryPath } from './kit/binary.ts'
    test('asks', async () => {
      const both = await Promise.all([binaryPath(), binaryPath()])
      expect(both[0]).toBe(both[1])
      expect(await Bun.file(both[0]).text()).toBe('built')
    })\n`

  test('has the executable built once, whoever asks', async () => {
    const count = join(directory, 'builds.txt')
    const build = `require('node:fs').appendFileSync(${JSON.stringify(count)}, 'x')
      await Bun.sleep(50)
      await Bun.write(process.argv[2], 'built')`
    const files = {
      'a.test.ts': asks,
      'b.test.ts': asks,
      'src/build.ts': build,
      './package.json': packageFile,
    }
    const { code, lines } = await run('built', files)
    expect([code, lines.at(-1)]).toEqual([0, '2 passed, 0 failed'])
    expect(await Bun.file(count).text()).toBe('x')
  })

  test('shows why the executable could not be built', async () => {
    const files = {
      'a.test.ts': asks,
      'src/build.ts': `console.error('no such'); process.exit(2)`,
      './package.json': packageFile,
    }
    const { code, lines, stderr } = await run('unbuilt', files)
    expect([code, lines.at(-1)]).toEqual([1, '0 passed, 1 failed'])
    expect(stderr).toContain('exit 2\nno such')
  })
})
