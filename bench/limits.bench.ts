/**
 * What limits cost in the served program, for short answers to a key with all of them: two rates,
 * streams, a budget. Counted in memory, and in the file that workers share.
 *
 * First by the clock, inside of a worker: finding the key, the guess, the claims, six headers, the
 * settlement, and what the store does later. One connection alone is told and not judged: it finds
 * all caches of the processor cold, and a processor that has time.
 *
 * Then by the processor time of a whole worker, against a key without any limits; that has all of
 * it, also what is collected later and the bytes of the headers, but it is the difference of two
 * large numbers, so it is told and not judged. The processes take turns in short rounds; what
 * counts is the median of the differences, round by round.
 * `bench/admission.bench.ts` measures the stores by themselves.
 *
 * Run with `bun bench/limits.bench.ts`; ends with 1 where admission takes longer than 10 us.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { limitsDirectory } from '../src/store/limits-directory.ts'
import type { AdmissionTimes } from './load/admission-clock.ts'
import { requestBytes } from './load/client.ts'
import type { ProxyKind } from './load/proxy-process.ts'
import { Side } from './load/side.ts'
import { median, sum, table } from './load/statistics.ts'
import { jsonAnswer, startBenchUpstream } from './load/upstream.ts'

const limitUs = 10
const warmUpRequests = 20_000
const timedRequests = 20_000
const requestsOfRound = 300
const rounds = 60
const generations = 3
const timedConnections = [1, 8, 64] as const
const wholeConnections = [8] as const

const path = '/v1/chat/completions'
const answer = jsonAnswer(
  JSON.stringify({
    id: 'chatcmpl-1',
    object: 'chat.completion',
    created: 1,
    model: 'gpt-5',
    choices: [{ index: 0, message: { role: 'assistant', content: 'x' }, finish_reason: 'stop' }],
    usage: { prompt_tokens: 10, completion_tokens: 10, total_tokens: 20 },
  }),
)
const body = { model: 'openai/gpt-5', messages: [{ role: 'user', content: 'Say something.' }] }
const keys = { free: 'sk-free-00000000000000000', limited: 'sk-limited-000000000000000' } as const

const secrets = { KEY_FREE: keys.free, KEY_LIMITED: keys.limited } as const
const requests = {
  free: requestBytes(path, body, keys.free),
  limited: requestBytes(path, body, keys.limited),
} as const

/** What is compared with what: a key with limits, with one without in the same kind of worker. */
const kinds: readonly { readonly name: string; readonly kind: ProxyKind }[] = [
  { name: 'memory', kind: 'sluice' },
  { name: 'a file of two workers', kind: 'one-of-two' },
]

/** A worker with its clients. */
function sideOf(kind: ProxyKind, connections: number, timesAdmission: boolean): Promise<Side> {
  const environment = { CONFIG_FILE: file, LEDGER: 'off', ...secrets }
  const options = { kind, upstreamUrl: upstream.url, environment, timesAdmission }
  return Side.start(options, connections)
}

/** How long admission takes, by its parts, in microseconds. */
async function timed(kind: ProxyKind, connections: number): Promise<AdmissionTimes> {
  const side = await sideOf(kind, connections, true)
  const times = await side.admissionTimes(requests.limited, warmUpRequests, timedRequests)
  await side.stop()
  return times
}

/** What limits add to the processor time of a worker, in microseconds, over several processes. */
async function added(kind: ProxyKind, connections: number): Promise<number[]> {
  const costs: number[] = []
  for (let generation = 0; generation < generations; generation += 1) {
    const side = await sideOf(kind, connections, false)
    for (const request of Object.values(requests)) await side.send(request, warmUpRequests / 2)
    const differences: number[] = []
    for (let round = 0; round < rounds; round += 1) {
      const micros = { free: 0, limited: 0 }
      const names =
        round % 2 === 0 ? (['free', 'limited'] as const) : (['limited', 'free'] as const)
      for (const name of names) {
        micros[name] = await side.microsPerRequest(requests[name], requestsOfRound)
      }
      differences.push(micros.limited - micros.free)
    }
    costs.push(median(differences))
    await side.stop()
  }
  return costs
}

const directory = mkdtempSync(join(tmpdir(), 'sluice-limits-bench-'))
const file = join(directory, 'sluice.json')
const limits = {
  requestsPerMinute: 10_000_000,
  tokensPerMinute: 10_000_000_000,
  concurrentStreams: 100_000,
}
writeFileSync(
  file,
  JSON.stringify({
    keys: [
      { name: 'free', key: 'env:KEY_FREE' },
      { name: 'limited', key: 'env:KEY_LIMITED', limits, budget: { daily: 1_000_000_000 } },
    ],
    prices: { 'openai/*': { input: 1, output: 1 } },
  }),
)
const upstream = startBenchUpstream(new Map([[path, answer]]))
const inside: string[][] = []
const whole: string[][] = []
let dearestUs = 0
for (const { name, kind } of kinds) {
  for (const connections of timedConnections) {
    const { requests: _count, ...parts } = await timed(kind, connections)
    const sumUs = sum(Object.values(parts), (micros) => micros)
    if (connections > 1) dearestUs = Math.max(dearestUs, sumUs)
    const cells = [sumUs, ...Object.values(parts)].map((micros) => micros.toFixed(1))
    inside.push([name, `${connections}`, ...cells])
  }
}
for (const { name, kind } of kinds) {
  for (const connections of wholeConnections) {
    const costs = await added(kind, connections)
    const each = costs.map((cost) => cost.toFixed(1)).join(' ')
    whole.push([name, `${connections}`, median(costs).toFixed(1), each])
  }
}
upstream.stop()
for (const left of [directory, limitsDirectory(process.pid)]) {
  rmSync(left, { recursive: true, force: true })
}
const parts = ['sum', 'admit', 'enter', 'headers', 'settle', 'later']
console.log(table(['admission, in us', 'connections', ...parts], inside))
console.log(table(['\nlimits add, in us of cpu', 'connections', 'median', 'processes'], whole))
const verdict = `admission takes ${dearestUs.toFixed(1)} us of a request, at most ${limitUs}`
console.log(`\n${dearestUs <= limitUs ? 'PASS' : 'FAIL'}: ${verdict}`)
process.exit(dearestUs <= limitUs ? 0 : 1)
