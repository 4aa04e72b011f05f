/**
 * Runs `bun test` and closes with one line that a machine can read: `N passed, N failed`.
 *
 * The counts of tests come from the JUnit report. A file that does not load is missing there, so
 * the errors between tests are taken from what `bun test` prints. Arguments are passed through.
 */
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { endLeftPrograms, makeRunDirectory, runDirectoryVariable } from './kit/run-directory.ts'

/** What a run came to. */
interface Summary {
  readonly passed: number
  readonly failed: number
  readonly skipped: readonly string[]
}

const directory = makeRunDirectory()
const report = join(directory, 'junit.xml')
const isColoured = process.stderr.isTTY && process.env.NO_COLOR === undefined

const child = Bun.spawn(
  [
    process.execPath,
    'test',
    // The `timeout` of bunfig.toml is ignored by Bun 1.4.5. Tests that need longer say so.
    '--timeout=20000',
    '--reporter=junit',
    `--reporter-outfile=${report}`,
    ...process.argv.slice(2),
  ],
  {
    cwd: join(import.meta.dir, '..'),
    env: {
      ...process.env,
      ...(isColoured ? { FORCE_COLOR: '1' } : {}),
      [runDirectoryVariable]: directory,
    },
    stdio: ['inherit', 'inherit', 'pipe'],
  },
)
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.on(signal, () => child.kill(signal))
}

let printed = ''
const passedOn = passOn(child.stderr)
const exitCode = await child.exited
const leftPrograms = endLeftPrograms(directory)
// A process that outlives its test holds the pipe open: the rest is not waited for without limit.
await Promise.race([passedOn, Bun.sleep(1000)])
const xml = await Bun.file(report)
  .text()
  .catch(() => '')
rmSync(directory, { recursive: true, force: true })
const summary = summarise(xml, Bun.stripANSI(printed))
if (summary.skipped.length > 0) {
  console.log(`\n${summary.skipped.length} skipped:`)
  for (const name of summary.skipped) console.log(`  ${name}`)
}
if (leftPrograms > 0) console.log(`\n${leftPrograms} programs were left running`)
console.log(`${summary.passed} passed, ${summary.failed} failed`)
process.exit(exitCode === 0 && leftPrograms > 0 ? 1 : exitCode)

/** Hands the child's error output on as it comes and keeps it in `printed`. */
async function passOn(stream: ReadableStream<Uint8Array>): Promise<void> {
  const decoder = new TextDecoder()
  for await (const bytes of stream) {
    process.stderr.write(bytes)
    printed += decoder.decode(bytes, { stream: true })
  }
}

function summarise(xml: string, printed: string): Summary {
  const root = /<testsuites\b[^>]*>/.exec(xml)?.[0] ?? ''
  const count = (name: string): number =>
    Number(new RegExp(`\\b${name}="(\\d+)"`).exec(root)?.[1] ?? 0)
  const failures = count('failures') + count('errors')
  const between = Number(/^ *(\d+) errors?$/m.exec(printed)?.[1] ?? 0)
  // Whatever made `bun test` fail is one failure at least: no match for a filter, a crash.
  // A program that a test left running is one more.
  const failed = Math.max(failures + between, exitCode === 0 ? 0 : 1) + leftPrograms
  // A test that a filter left out is `skipped` in the report, but it is not printed.
  const marks = printed.matchAll(/^(?:\(skip\)|\(todo\)|»|✎) (.*)$/gm)
  const skipped = Array.from(marks, ([, name]) => name ?? '')
  return { passed: count('tests') - failures - count('skipped'), failed, skipped }
}
