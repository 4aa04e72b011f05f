/**
 * Profiles the memory of the program under a load of streams, over real sockets, in a process of
 * its own: does the same work round after round, reads the heap after a full collection behind
 * each, and says whether it grows. Two heap snapshots for Chrome's developer tools, one from
 * before the rounds and one from after them, show what did; the classes that grew most are printed.
 *
 * Run with `bun bench/profile-memory.ts [--translate 'openai->anthropic'] [--streams 16]
 * [--events 100] [--event-bytes 16] [--seconds 20] [--warm-up 2000] [--rows 25]
 * [--out <directory>]`. It exits with 1 where the heap grows.
 */
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { table } from './load/statistics.ts'
import { growthOf } from './profile/growth.ts'
import { classesOf, grown } from './profile/heap.ts'
import { momentText, optionsOrExit, workloadText } from './profile/options.ts'
import { startWorkload } from './profile/workload.ts'

const ROUNDS = 12
const kib = 1024
const mib = 1024 * kib

// What remembers the last thousand requests must be full before anything is compared.
const options = optionsOrExit({ seconds: 20, warmUp: 2000 })
const { workload, seconds, warmUp, rows, directory } = options
mkdirSync(directory, { recursive: true })
const path = join(directory, `heap-${momentText()}`)

const running = await startWorkload(workload)
const warmedAtMs = performance.now()
await running.run((sent) => sent >= warmUp)
const perMs = warmUp / (performance.now() - warmedAtMs)
const perRound = Math.max(workload.streams, Math.round((perMs * seconds * 1000) / ROUNDS))

const before = `${path}-before.heapsnapshot`
await running.proxy.snapshot(before)
// The snapshot leaves things behind itself, which the first collection does not find yet.
await running.run((sent) => sent >= perRound)
await running.proxy.read(true)
const readings: { heapBytes: number; heapObjects: number; rssBytes: number }[] = []
for (let round = 0; round < ROUNDS; round += 1) {
  await running.run((sent) => sent >= perRound)
  await running.proxy.read(true)
  readings.push(await running.proxy.read(true))
}
const after = `${path}-after.heapsnapshot`
await running.proxy.snapshot(after)
await running.stop()

const verdict = growthOf(readings.map(({ heapBytes }) => heapBytes))
const bytes = (value: number): string => (value / kib).toFixed(1)

console.log(`${workloadText(workload)}, ${ROUNDS} rounds of ${perRound} streams\n`)
console.log(
  table(
    ['round', 'heap MiB', 'objects', 'resident MiB'],
    readings.map(({ heapBytes, heapObjects, rssBytes }, round) => [
      `${round + 1}`,
      (heapBytes / mib).toFixed(2),
      `${heapObjects}`,
      (rssBytes / mib).toFixed(0),
    ]),
  ),
)
const held = classesOf(after)
const list = (title: string, classes: readonly { name: string; count: number; bytes: number }[]) =>
  console.log(
    `\n${table(
      [title, 'count', 'KiB'],
      classes
        .slice(0, rows)
        .map(({ name, count, bytes: size }) => [name.slice(0, 60), `${count}`, bytes(size)]),
    )}`,
  )
list('more than before', grown(classesOf(before), held))
list(
  'held in the end',
  [...held.values()].sort((one, other) => other.bytes - one.bytes),
)
console.log(
  `\n${verdict.grows ? 'FAIL' : 'PASS'} growth: ${bytes(verdict.grownBytes)} KiB from the first ` +
    `third of the rounds to the last, ${(verdict.bytesPerRound / perRound).toFixed(1)} bytes a ` +
    `stream, rising in ${(verdict.risingShare * 100).toFixed(0)} % of all pairs of rounds`,
)
console.log(`${before}\n${after}: open both in the Memory panel of Chrome's developer tools`)
process.exit(verdict.grows ? 1 : 0)
