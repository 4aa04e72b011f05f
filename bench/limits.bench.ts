/**
 * What limits cost in the served program: processor time of a worker for short answers, for a key
 * with all limits (two rates, streams, a budget) against a key without any; counted in memory, and
 * in the file that workers share. That is all of it: the estimate, the claims, six more headers of
 * the answer, the settlement. `bench/admission.bench.ts` measures the stores by themselves.
 *
 * The processes take turns in short rounds; what counts is the mean of the cheapest quarter of the
 * rounds, because what else the machine does only ever adds to it.
 *
 * Run with `bun bench/limits.bench.ts`; ends with 1 where the file costs over 10 us more than
 * memory.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { limitsDirectory } from '../src/store/limits-directory.ts'
import { requestBytes } from './load/client.ts'
import type { ProxyKind } from './load/proxy-process.ts'
import { Side } from './load/side.ts'
import { cheapest, mean, table } from './load/statistics.ts'
import { jsonAnswer, startBenchUpstream } from './load/upstream.ts'

const limitUs = 10
const warmUpRequests = 20_000
const requestsOfRound = 600
const rounds = 24
const generations = 3
const connectionCounts = [8, 64] as const

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

/** What limits add, in microseconds, over several processes. */
async function added(kind: ProxyKind, connections: number, file: string): Promise<number[]> {
  const costs: number[] = []
  for (let generation = 0; generation < generations; generation += 1) {
    const environment = { CONFIG_FILE: file, LEDGER: 'off', ...secrets }
    const side = await Side.start({ kind, upstreamUrl: upstream.url, environment }, connections)
    for (const request of Object.values(requests)) await side.send(request, warmUpRequests / 2)
    const micros = { free: [] as number[], limited: [] as number[] }
    for (let round = 0; round < rounds; round += 1) {
      const names =
        round % 2 === 0 ? (['free', 'limited'] as const) : (['limited', 'free'] as const)
      for (const name of names)
        micros[name].push(await side.microsPerRequest(requests[name], requestsOfRound))
    }
    costs.push(cheapest(micros.limited) - cheapest(micros.free))
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
const rows: string[][] = []
const means = new Map<ProxyKind, number[]>()
for (const { name, kind } of kinds) {
  for (const connections of connectionCounts) {
    const costs = await added(kind, connections, file)
    means.set(kind, [...(means.get(kind) ?? []), mean(costs)])
    const each = costs.map((cost) => cost.toFixed(1)).join(' ')
    rows.push([name, `${connections}`, mean(costs).toFixed(1), each])
  }
}
upstream.stop()
for (const left of [directory, limitsDirectory(process.pid)]) {
  rmSync(left, { recursive: true, force: true })
}
console.log(table(['limits cost, in us of cpu', 'connections', 'mean', 'processes'], rows))
const more = mean(means.get('one-of-two') ?? []) - mean(means.get('sluice') ?? [])
const verdict = `the file costs ${more.toFixed(1)} us more than memory, at most ${limitUs}`
console.log(`${more <= limitUs ? 'PASS' : 'FAIL'}: ${verdict}`)
process.exit(more <= limitUs ? 0 : 1)
