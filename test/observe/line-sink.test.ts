/** Lines of the log when nobody reads them, and when there is no room for them (row 58). */
import { afterEach, expect, test } from 'bun:test'
import { closeSync, mkdtempSync, openSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { LineSink } from '../../src/observe/line-sink.ts'
import { runDirectory } from '../kit/run-directory.ts'
import { eventually } from '../kit/signal.ts'

const opened: number[] = []
afterEach(() => {
  for (const descriptor of opened.splice(0)) closeSync(descriptor)
})

function open(path: string, flags: string): number {
  const descriptor = openSync(path, flags)
  opened.push(descriptor)
  return descriptor
}

const fresh = (name: string): string => join(mkdtempSync(join(runDirectory(), 'sink-')), name)

test('lines arrive whole and in order, however they come', async () => {
  const path = fresh('log')
  const sink = new LineSink(open(path, 'a'), () => {})
  const expected: string[] = []
  for (let index = 0; index < 500; index++) {
    expected.push(`${index} ${'ä'.repeat(index)}\n`)
    sink.write(expected.at(-1) ?? '')
    if (index % 50 === 0) await Bun.sleep(0)
  }
  await sink.flush()
  expect(readFileSync(path, 'utf8')).toBe(expected.join(''))
  await sink.flush()
})

test.skipIf(process.platform !== 'linux')(
  'a full disk costs lines, which are counted',
  async () => {
    const told: number[] = []
    const full = new LineSink(open('/dev/full', 'w'), (lines) => told.push(lines))
    for (let index = 0; index < 10; index++) full.write('line\n')
    await full.flush()
    full.write('line\n')
    await full.flush()
    // There never is room again, so nobody could be told.
    expect([full.lostLines, told]).toEqual([11, []])
  },
)

test.skipIf(process.platform !== 'linux')(
  'a pipe that nobody reads: bounded, and told',
  async () => {
    const path = fresh('pipe')
    expect(Bun.spawnSync(['mkfifo', path]).exitCode).toBe(0)
    const pipe = open(path, 'r+')
    const told: number[] = []
    const bytesMax = 100_000
    const sink = new LineSink(pipe, (lines) => told.push(lines), bytesMax)
    const line = `${'x'.repeat(999)}\n`
    for (let index = 0; index < 1000; index++) sink.write(line)
    // The pipe holds 64 KiB; the sink keeps no more than it may, and the rest is lost at once.
    await Bun.sleep(20)
    for (let index = 0; index < 100; index++) sink.write(line)
    expect(told).toEqual([])

    const reader = Bun.spawn(['head', '-c', '100000'], { stdin: Bun.file(path), stdout: 'pipe' })
    const read = await new Response(reader.stdout).text()
    expect(read).toBe(line.repeat(100))
    await eventually(() => told.length === 1, 'the loss to be told')
    expect(told).toEqual([1000])
    await sink.flush()
  },
)

test.skipIf(process.platform !== 'linux')(
  'lines of several processes into one pipe are not mixed, also while it is full',
  async () => {
    const path = fresh('pipe')
    expect(Bun.spawnSync(['mkfifo', path]).exitCode).toBe(0)
    const pipe = open(path, 'r+')
    const writers = ['a', 'b', 'c'].map((name) => ({ name, sink: new LineSink(pipe, () => {}) }))
    const lineOf = (name: string): string => `${name.repeat(999)}\n`
    for (let index = 0; index < 200; index++) {
      for (const { name, sink } of writers) sink.write(lineOf(name))
    }
    const reader = Bun.spawn(['head', '-c', '600000'], { stdin: Bun.file(path), stdout: 'pipe' })
    const lines = (await new Response(reader.stdout).text()).split('\n').slice(0, -1)
    expect(lines.length).toBe(600)
    const whole = new Set(writers.map(({ name }) => name.repeat(999)))
    expect(lines.filter((line) => !whole.has(line))).toEqual([])
    await Promise.all(writers.map(({ sink }) => sink.flush()))
  },
)
