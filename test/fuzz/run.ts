/**
 * Runs the fuzzer for a while: `bun test/fuzz/run.ts --seconds 600 [--seed n]`.
 *
 * The inputs are made and checked in a worker, so that one that never comes back is seen. A new
 * kind of failure is written to the corpus, whose test then fails until it is mended. Ends with 1
 * where anything failed, hung, or stayed in memory.
 */
import { heapStats } from 'bun:jsc'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads'
import { checkInput } from './check.ts'
import { makeInput } from './generate.ts'
import { encodeInput, nameOfInput } from './input.ts'

/** How long one input may take on a busy machine; real ones take a millisecond. */
const inputMsMax = 10_000
/** Inputs after which the program has warmed up, and inputs between two looks at its memory. */
const warmUpInputs = 5_000
const heapEveryInputs = 5_000
/** What may stay behind in memory, whatever the number of inputs. */
const heapGrowthBytesMax = 24 * 1024 * 1024

/** What the two threads know of each other. */
interface Job {
  readonly seed: number
  readonly seconds: number
  /** The number of the input that is being checked, and whether to stop. */
  readonly progress: SharedArrayBuffer
}

/** From the worker. */
type Report =
  | {
      readonly type: 'failed'
      readonly number: number
      readonly kind: string
      readonly why: string
    }
  | { readonly type: 'heap'; readonly inputs: number; readonly bytes: number }
  | { readonly type: 'done'; readonly inputs: number }

function argument(name: string, otherwise: number): number {
  const at = process.argv.indexOf(`--${name}`)
  const value = at === -1 ? otherwise : Number(process.argv[at + 1])
  if (!Number.isFinite(value)) throw new Error(`--${name} needs a number`)
  return value
}

/** What makes two failures one: where they come from, and not what was in the input. */
function kindOf(target: string, dialect: string, failure: Error): string {
  const place = (failure.stack ?? '').match(/\w[\w./-]*\.ts:\d+/)?.[0] ?? ''
  const promise = failure.message.split(':')[0] ?? ''
  return failure.name === 'BrokenPromise'
    ? `${target} ${dialect} ${promise}`
    : `${target} ${failure.name} ${place}`
}

function work({ seed, seconds, progress }: Job, tell: (report: Report) => void): void {
  const counter = new Int32Array(progress)
  const endsAtMs = performance.now() + seconds * 1000
  let number = 0
  for (; performance.now() < endsAtMs; number += 1) {
    Atomics.store(counter, 0, number)
    const input = makeInput(seed, number)
    try {
      checkInput(input)
    } catch (thrown) {
      const failure = thrown instanceof Error ? thrown : new Error(String(thrown))
      const kind = kindOf(input.target, input.dialect, failure)
      tell({ type: 'failed', number, kind, why: (failure.stack ?? failure.message).slice(0, 3000) })
    }
    if (number < warmUpInputs || number % heapEveryInputs !== 0) continue
    Bun.gc(true)
    tell({ type: 'heap', inputs: number, bytes: heapStats().heapSize })
  }
  tell({ type: 'done', inputs: number })
}

/** Keeps the input for the test of the corpus, and says where. */
function keep(seed: number, number: number): string {
  const input = makeInput(seed, number)
  const directory = join(import.meta.dir, 'corpus')
  mkdirSync(directory, { recursive: true })
  const name = nameOfInput(input)
  writeFileSync(join(directory, name), encodeInput(input))
  return name
}

async function run(): Promise<number> {
  const seed = argument('seed', Math.floor(Math.random() * 2 ** 31))
  const seconds = argument('seconds', 60)
  const isKept = !process.argv.includes('--keep-nothing')
  console.log(`seed ${seed}, ${seconds} seconds`)
  const progress = new SharedArrayBuffer(4)
  const counter = new Int32Array(progress)
  const job: Job = { seed, seconds, progress }
  const worker = new Worker(new URL(import.meta.url), { workerData: job })
  const kinds = new Map<string, number>()
  let firstHeapBytes = 0
  let lastHeapBytes = 0
  const done = Promise.withResolvers<number>()
  worker.on('error', (failure) => done.reject(failure))
  worker.on('message', (report: Report) => {
    if (report.type === 'done') done.resolve(report.inputs)
    else if (report.type === 'heap') {
      firstHeapBytes ||= report.bytes
      lastHeapBytes = report.bytes
    } else {
      const before = kinds.get(report.kind) ?? 0
      kinds.set(report.kind, before + 1)
      if (before > 0) return
      const name = isKept ? keep(seed, report.number) : 'not kept'
      console.log(`\n${report.kind}\n  input ${report.number}, ${name}\n  ${report.why}`)
    }
  })
  const hung = watchHangs(counter)
  const inputs = await done.promise
  clearInterval(hung)
  const grownBytes = lastHeapBytes - firstHeapBytes
  const failures = [...kinds.values()].reduce((total, count) => total + count, 0)
  console.log(`${inputs} inputs, ${failures} failures of ${kinds.size} kinds`)
  for (const [kind, count] of kinds) console.log(`  ${count} x ${kind}`)
  console.log(`heap ${firstHeapBytes} bytes at first, ${grownBytes} more at the end`)
  await worker.terminate()
  return failures > 0 || grownBytes > heapGrowthBytesMax ? 1 : 0

  function watchHangs(at: Int32Array) {
    let last = -1
    let sinceMs = performance.now()
    return setInterval(() => {
      const number = Atomics.load(at, 0)
      if (number !== last) {
        last = number
        sinceMs = performance.now()
      } else if (performance.now() - sinceMs > inputMsMax) {
        const name = isKept ? keep(seed, number) : 'not kept'
        console.log(`input ${number} does not come back, ${name}`)
        // The worker is in a loop that nothing ends but the end of the process.
        process.exit(1)
      }
    }, 500)
  }
}

if (isMainThread) process.exitCode = await run()
else work(workerData, (report) => parentPort?.postMessage(report))
