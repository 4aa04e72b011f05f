/**
 * What measuring costs: processor time of a worker for streams of 100 events, one a chunk, with
 * everything on (metrics, sums over time, the last requests, the ledger as it is by default)
 * against nothing taken down at all, and with `METRICS=off` between the two. OpenTelemetry is off
 * everywhere, as it is by default. The time between two events is part of relaying them, and is
 * looked at in all three.
 *
 * The processes live through the whole run and take turns in short rounds, each round in another
 * order, so that what else the machine does meets all. Time is what the system charges the process
 * (getrusage); what others do to the caches only ever adds to it, so the verdict is on the mean of
 * the cheapest quarter of the rounds.
 *
 * Run with `bun bench/metrics.bench.ts [rounds]`; ends with 1 where it costs more than 5 %.
 */
import { BenchClient, requestBytes, sendMany } from './load/client.ts'
import { MeasuredProxy } from './load/proxy.ts'
import type { ProxyKind } from './load/proxy-process.ts'
import { median, quantile, sum, table } from './load/statistics.ts'
import { answerEvents } from './load/streams.ts'
import { startBenchUpstream, streamAnswer } from './load/upstream.ts'

const limit = 0.05
const events = 100
const connections = 16
const warmUpRequests = 3000
const requestsOfRound = 160
const rounds = Number(process.argv[2] ?? 60)

const path = '/v1/chat/completions'
const encoder = new TextEncoder()
const answer = streamAnswer(
  answerEvents(events - 4, (turn) => ` word${turn}`).map((text) => encoder.encode(text)),
)
const request = requestBytes(path, {
  model: 'gpt-5',
  stream: true,
  messages: [{ role: 'user', content: 'Say something.' }],
})

/** A worker and its clients. */
class Side {
  readonly name: string
  readonly #proxy: MeasuredProxy
  readonly #clients: readonly BenchClient[]

  private constructor(name: string, proxy: MeasuredProxy, clients: readonly BenchClient[]) {
    this.name = name
    this.#proxy = proxy
    this.#clients = clients
  }

  static async start(name: string, kind: ProxyKind, METRICS: string): Promise<Side> {
    const environment = { METRICS }
    const proxy = await MeasuredProxy.start({ kind, upstreamUrl: upstream.url, environment })
    const connecting = Array.from({ length: connections }, () => BenchClient.connect(proxy.url))
    const side = new Side(name, proxy, await Promise.all(connecting))
    await sendMany(side.#clients, request, warmUpRequests)
    return side
  }

  /** Processor time of one request in microseconds, over so many. */
  async microsPerRequest(count: number): Promise<number> {
    const before = await this.#proxy.read()
    await sendMany(this.#clients, request, count)
    const after = await this.#proxy.read()
    return ((after.cpuMs - before.cpuMs) * 1000) / count
  }

  async stop(): Promise<void> {
    for (const client of this.#clients) client.close()
    await this.#proxy.stop()
  }
}

const upstream = startBenchUpstream(new Map([[path, answer]]))
const nothing = await Side.start('nothing measured', 'unmeasured', 'off')
const some = await Side.start('METRICS=off', 'sluice', 'off')
const everything = await Side.start('everything on', 'sluice', 'on')
const sides = [nothing, some, everything]
const costs = new Map<Side, number[]>(sides.map((side) => [side, []]))
for (let round = 0; round < rounds; round += 1) {
  for (const side of round % 2 === 0 ? sides : sides.toReversed()) {
    costs.get(side)?.push(await side.microsPerRequest(requestsOfRound))
  }
}
await Promise.all(sides.map((side) => side.stop()))
upstream.stop()

/** The mean of the cheapest quarter. */
function cheapest(micros: readonly number[]): number {
  const best = micros.toSorted((a, b) => a - b).slice(0, Math.ceil(micros.length / 4))
  return sum(best, (value) => value) / best.length
}

const base = cheapest(costs.get(nothing) ?? [])
const rows = [...costs].map(([{ name }, micros]) => [
  name,
  cheapest(micros).toFixed(1),
  `${((cheapest(micros) / base - 1) * 100).toFixed(1)} %`,
  median(micros).toFixed(1),
  quantile(micros, 0.9).toFixed(1),
])
console.log(table(['cpu of a request in us', 'cheapest', 'more', 'median', 'p90'], rows))
const extra = cheapest(costs.get(everything) ?? []) / base - 1
const isGood = extra <= limit
const percent = (part: number): string => `${(part * 100).toFixed(1)} %`
console.log(`${isGood ? 'PASS' : 'FAIL'}: ${percent(extra)} more, at most ${percent(limit)}`)
process.exit(isGood ? 0 : 1)
