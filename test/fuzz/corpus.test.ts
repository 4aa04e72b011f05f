/**
 * Everything that the fuzzer once found, a few inputs of each kind, and some seconds of new ones.
 * Whatever fails here names its file; `bun test/fuzz/run.ts` makes more.
 */

import { heapStats } from 'bun:jsc'
import { describe, expect, test } from 'bun:test'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { translationOf } from '../../src/protocol/translation.ts'
import { createDeframer } from '../../src/sse/deframe.ts'
import { hubRequest } from '../protocol/hub-request.ts'
import { checkInput } from './check.ts'
import { framed } from './generate.ts'
import { clientDialects, decodeInput, encodeInput, providerDialects } from './input.ts'
import { Random } from './mutate.ts'

const directory = join(import.meta.dir, 'corpus')
const files = readdirSync(directory).sort()

describe('the corpus', () => {
  test('has streams of every dialect, and requests of every client', () => {
    const names = files.map((file) => file.replace(/-[0-9a-f]{10}\.json$/, ''))
    const expected = [
      ...providerDialects.map(({ name }) => `${name}-stream`),
      ...clientDialects.map(({ name }) => `${name}-request`),
    ]
    for (const name of expected) expect(names).toContain(name)
  })

  test.each(files)('%s', (file) => {
    const json = readFileSync(join(directory, file), 'utf8')
    const input = decodeInput(json)
    expect(encodeInput(input)).toBe(json)
    const startedAtMs = performance.now()
    expect(() => checkInput(input)).not.toThrow()
    expect(performance.now() - startedAtMs).toBeLessThan(5_000)
  })
})

test('some seconds of new inputs', async () => {
  const child = Bun.spawn(
    [process.execPath, join(import.meta.dir, 'run.ts'), '--seconds', '5', '--keep-nothing'],
    { stdout: 'pipe', stderr: 'pipe' },
  )
  const output = Promise.all([new Response(child.stdout).text(), new Response(child.stderr).text()])
  const exitCode = await child.exited
  const [stdout, stderr] = await output
  expect(exitCode, `${stdout}\n${stderr}`).toBe(0)
  expect(Number(/^(\d+) inputs/m.exec(stdout)?.[1])).toBeGreaterThan(100)
}, 60_000)

/** Frames that say nothing, of which a provider may send any number. */
const idle = [
  { event: null, data: '' },
  { event: 'ping', data: { type: 'ping' } },
  { event: 'strange', data: { type: 'strange', choices: [], candidates: [] } },
]

describe('a stream that says nothing, for ever,', () => {
  test.each(providerDialects.map((dialect) => [dialect.name, dialect] as const))(
    'of %s keeps nothing in memory',
    (name, dialect) => {
      const bytes = framed(name, Array.from({ length: 100 }, () => idle).flat(), new Random(1))
      const deframer = createDeframer(dialect.framing, 1 << 20)
      const reader = translationOf(dialect).reader()
      const watch = dialect.watch()
      const writers = clientDialects.map((client) =>
        translationOf(client).writer({
          ...{ model: 'm', requestId: 'req_fuzz', createdS: 1, includeUsage: true },
          ...{ framing: 'sse', request: hubRequest() },
        }),
      )
      const feed = (times: number): number => {
        for (let time = 0; time < times; time += 1) {
          for (const frame of deframer.push(bytes)) {
            watch.look(frame.data, frame.event)
            const events = reader.read(frame)
            for (const writer of writers) writer.write(events)
          }
        }
        Bun.gc(true)
        return heapStats().heapSize
      }
      const before = feed(10)
      const after = feed(100)
      expect(after - before).toBeLessThan(4 * 1024 * 1024)
    },
    20_000,
  )
})
