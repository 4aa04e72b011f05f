/**
 * Runs `bun test` and closes with one line that a machine can read: `N passed, N failed`.
 *
 * The counts of tests come from the JUnit report. A file that does not load is missing there, so
 * the errors between tests are taken from what `bun test` prints. Arguments are passed through.
 *
 * With `SLUICE_TEST_AGAIN=1` the files with failures are run once more, alone: a machine that stood
 * still for seconds makes clocks run out in any test. What passes then is listed by name.
 */
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { endLeftPrograms, makeRunDirectory, runDirectoryVariable } from './kit/run-directory.ts'

/** What a run came to. */
interface Summary {
  readonly exitCode: number
  readonly passed: number
  readonly failed: number
  readonly skipped: readonly string[]
  /** The files with tests that failed, and the names of those. */
  readonly failures: readonly { readonly file: string; readonly name: string }[]
  /** Files that did not load, crashes, and programs that were left running. */
  readonly others: number
}

/** More than this is not a machine that stood still. */
const AGAIN_FILES_MAX = 8

const directory = makeRunDirectory()
const isColoured = process.stderr.isTTY && process.env.NO_COLOR === undefined

const words = process.argv.slice(2)
// The whole suite waits more than it works: two files at a time take little more than half of it.
const first = await run(words.length === 0 ? ['--parallel=2'] : words, 'first')
const again = await runAgain(first)
rmSync(directory, { recursive: true, force: true })
if (first.skipped.length > 0) list('skipped', first.skipped)
if (again !== null) {
  const still = new Set(again.failures.map(({ name }) => name))
  const mended = first.failures.flatMap(({ name }) => (still.has(name) ? [] : [name]))
  list('failed, and passed when they were run again', mended)
}
const failed = again?.failed ?? first.failed
console.log(`${first.passed + first.failed - failed} passed, ${failed} failed`)
process.exit(again?.exitCode ?? first.exitCode)

/** Runs the files with failures once more; null where nothing calls for that. */
async function runAgain({ failures, others }: Summary): Promise<Summary | null> {
  const files = [...new Set(failures.map(({ file }) => file))]
  const isWanted = process.env.SLUICE_TEST_AGAIN === '1' && others === 0
  if (!isWanted || files.length === 0 || files.length > AGAIN_FILES_MAX) return null
  return await run(files, 'again')
}

async function run(words: readonly string[], name: string): Promise<Summary> {
  const report = join(directory, `${name}.xml`)
  const child = Bun.spawn(
    [
      process.execPath,
      'test',
      // The `timeout` of bunfig.toml is ignored by Bun 1.4.5. Tests that need longer say so.
      '--timeout=20000',
      '--reporter=junit',
      `--reporter-outfile=${report}`,
      ...words,
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
  const kill = (signal: NodeJS.Signals): void => child.kill(signal)
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, kill)
  const printed = { text: '' }
  const passedOn = passOn(child.stderr, printed)
  const exitCode = await child.exited
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.off(signal, kill)
  const left = endLeftPrograms(directory)
  if (left > 0) console.log(`\n${left} programs were left running`)
  // A process that outlives its test holds the pipe open: the rest is not waited for without limit.
  await Promise.race([passedOn, Bun.sleep(1000)])
  const xml = await Bun.file(report)
    .text()
    .catch(() => '')
  return summarise(xml, Bun.stripANSI(printed.text), exitCode, left)
}

function list(what: string, names: readonly string[]): void {
  console.log(`\n${names.length} ${what}:`)
  for (const name of names) console.log(`  ${name}`)
}

/** Hands the child's error output on as it comes and keeps it in `printed`. */
async function passOn(
  stream: ReadableStream<Uint8Array>,
  printed: { text: string },
): Promise<void> {
  const decoder = new TextDecoder()
  for await (const bytes of stream) {
    process.stderr.write(bytes)
    printed.text += decoder.decode(bytes, { stream: true })
  }
}

function summarise(xml: string, printed: string, code: number, leftPrograms: number): Summary {
  const root = /<testsuites\b[^>]*>/.exec(xml)?.[0] ?? ''
  const count = (name: string): number =>
    Number(new RegExp(`\\b${name}="(\\d+)"`).exec(root)?.[1] ?? 0)
  const failed = count('failures') + count('errors')
  const between = Number(/^ *(\d+) errors?$/m.exec(printed)?.[1] ?? 0)
  // Whatever made `bun test` fail is one failure at least: no match for a filter, a crash.
  // A program that a test left running is one more.
  const all = Math.max(failed + between, code === 0 ? 0 : 1) + leftPrograms
  // A test that a filter left out is `skipped` in the report, but it is not printed.
  const marks = printed.matchAll(/^(?:\(skip\)|\(todo\)|»|✎) (.*)$/gm)
  return {
    exitCode: code === 0 && leftPrograms > 0 ? 1 : code,
    passed: count('tests') - failed - count('skipped'),
    failed: all,
    // What has failed or was skipped is printed a second time at the end.
    skipped: [...new Set(Array.from(marks, ([, name]) => name ?? ''))],
    failures: failuresIn(xml),
    others: all - failed,
  }
}

function failuresIn(xml: string): { file: string; name: string }[] {
  return [...xml.matchAll(/<testcase\b([^>]*[^/])>\s*<(?:failure|error)\b/g)].map(([, words]) => {
    const of = (name: string): string =>
      new RegExp(`\\b${name}="([^"]*)"`).exec(words ?? '')?.[1] ?? ''
    return { file: of('file'), name: `${of('file')}: ${of('classname')} ${of('name')}` }
  })
}
