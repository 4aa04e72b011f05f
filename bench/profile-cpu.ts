/**
 * Profiles the processor time of the program under a load of streams, over real sockets, in a
 * process of its own: writes a `.cpuprofile` for Chrome's developer tools, and prints which
 * functions took most of the time.
 *
 * Run with `bun bench/profile-cpu.ts [--translate 'openai->anthropic'] [--streams 16]
 * [--events 100] [--event-bytes 16] [--seconds 10] [--warm-up 300] [--rows 25]
 * [--out <directory>]`.
 */
import { mkdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import type { CpuProfile } from '../src/observe/profile/cpu-profile.ts'
import { table } from './load/statistics.ts'
import { momentText, optionsOrExit, workloadText } from './profile/options.ts'
import { summaryOf } from './profile/top.ts'
import { startWorkload } from './profile/workload.ts'

const options = optionsOrExit({ seconds: 10, warmUp: 300 })
const { workload, seconds, warmUp, rows, directory } = options
mkdirSync(directory, { recursive: true })
const file = join(directory, `cpu-${momentText()}.cpuprofile`)

const running = await startWorkload(workload)
await running.run((sent) => sent >= warmUp)
const before = await running.proxy.read()
const endProfile = await running.proxy.profile()
const startedAtMs = performance.now()
const streams = await running.run(() => performance.now() - startedAtMs > seconds * 1000)
const tookMs = performance.now() - startedAtMs
await endProfile(file)
const { cpuMs } = await running.proxy.read()
await running.stop()

const rootUrl = pathToFileURL(join(import.meta.dir, '..')).href
const profile = JSON.parse(readFileSync(file, 'utf8')) as CpuProfile
const { durationMs, idleMs, busyMs, functions } = summaryOf(profile, `${rootUrl}/`)
const usedMs = cpuMs - before.cpuMs
const share = (ms: number, of: number): string => `${((ms * 100) / of).toFixed(1)} %`
const events = streams * workload.events

console.log(`${workloadText(workload)}, ${(tookMs / 1000).toFixed(1)} s`)
console.log(
  `  ${streams} streams, ${((events / tookMs) * 1000).toFixed(0)} events/s, ` +
    `${((usedMs * 1000) / events).toFixed(2)} µs of processor time an event, all threads`,
)
console.log(
  `  in JavaScript ${share(busyMs, durationMs)} of the time; idle, or in the runtime's own code, ` +
    `${share(idleMs, durationMs)}\n`,
)
console.log(
  table(
    ['function', 'self ms', 'self', 'total', 'where'],
    functions
      .slice(0, rows)
      .map(({ name, where, selfMs, totalMs }) => [
        name,
        selfMs.toFixed(0),
        share(selfMs, busyMs),
        share(totalMs, busyMs),
        where,
      ]),
  ),
)
console.log(`\n${file}: open it in the Performance panel of Chrome's developer tools`)
