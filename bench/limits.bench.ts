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
import { BenchClient, requestBytes, sendMany } from './load/client.ts'
import { MeasuredProxy } from './load/proxy.ts'
import type { ProxyKind } from './load/proxy-process.ts'
import { sum, table } from './load/statistics.ts'
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

/** What is compared with what: a key with limits, with one without in the same kind of worker. */
const kinds: readonly { readonly name: string; readonly kind: ProxyKind }[] = [
  { name: 'memory', kind: 'sluice' },
  { name: 'a file of two workers', kind: 'one-of-two' },
]

/** A worker and its clients. */
class Side {
  readonly #proxy: MeasuredProxy
  readonly #clients: readonly BenchClient[]

  private constructor(proxy: MeasuredProxy, clients: readonly BenchClient[]) {
    this.#proxy = proxy
    this.#clients = clients
  }

  static async start(kind: ProxyKind, connections: number, file: string): Promise<Side> {
    const secrets = { KEY_FREE: keys.free, KEY_LIMITED: keys.limited }
    const environment = { CONFIG_FILE: file, LEDGER: 'off', ...secrets }
    const proxy = await MeasuredProxy.start({ kind, upstreamUrl: upstream.url, environment })
    const connecting = Array.from({ length: connections }, () => BenchClient.connect(proxy.url))
    const side = new Side(proxy, await Promise.all(connecting))
    for (const key of Object.values(keys)) {
      await sendMany(side.#clients, requestBytes(path, body, key), warmUpRequests / 2)
    }
    return side
  }

  /** Processor time of one request in microseconds. */
  async microsPerRequest(key: string): Promise<number> {
    const before = await this.#proxy.read()
    await sendMany(this.#clients, requestBytes(path, body, key), requestsOfRound)
    const after = await this.#proxy.read()
    return ((after.cpuMs - before.cpuMs) * 1000) / requestsOfRound
  }

  async stop(): Promise<void> {
    for (const client of this.#clients) client.close()
    await this.#proxy.stop()
  }
}

const mean = (values: readonly number[]): number => sum(values, (value) => value) / values.length

/** The mean of the cheapest quarter. */
function cheapest(micros: readonly number[]): number {
  return mean(micros.toSorted((a, b) => a - b).slice(0, Math.ceil(micros.length / 4)))
}

/** What limits add, in microseconds, over several processes. */
async function added(kind: ProxyKind, connections: number, file: string): Promise<number[]> {
  const costs: number[] = []
  for (let generation = 0; generation < generations; generation += 1) {
    const side = await Side.start(kind, connections, file)
    const micros = { free: [] as number[], limited: [] as number[] }
    for (let round = 0; round < rounds; round += 1) {
      const names =
        round % 2 === 0 ? (['free', 'limited'] as const) : (['limited', 'free'] as const)
      for (const name of names) micros[name].push(await side.microsPerRequest(keys[name]))
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
