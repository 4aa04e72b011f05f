/**
 * What measuring costs: processor time of a worker for streams of 100 events, one a chunk, with
 * everything on (metrics, sums over time, the last requests, the ledger as it is by default)
 * against nothing taken down at all, and with `METRICS=off` between the two. OpenTelemetry is off
 * everywhere, as it is by default. The time between two events is part of relaying them, and is
 * looked at in all three.
 *
 * The processes take turns in short rounds, each round in another order, so that what else the
 * machine does meets all. Time is what the system charges the process (getrusage); what others do
 * to the caches only ever adds to it, so what counts is the mean of the cheapest quarter of the
 * rounds. Two processes of the same program differ by 2 % all their lives, so all of this is done
 * several times with new ones, and the verdict is on the mean.
 *
 * Run with `bun bench/metrics.bench.ts [generations]`; ends with 1 where it costs more than 5 %.
 */
import { requestBytes } from './load/client.ts'
import { Side } from './load/side.ts'
import { cheapest, mean, table } from './load/statistics.ts'
import { answerEvents } from './load/streams.ts'
import { startBenchUpstream, streamAnswer } from './load/upstream.ts'

const limit = 0.05
const events = 100
const connections = 16
/** What runs once a request is compiled late. */
const warmUpRequests = 6000
const requestsOfRound = 160
const rounds = 20
const generations = Number(process.argv[2] ?? 4)

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

/** What is compared: each generation adds what it took to each. */
const kinds = [
  { name: 'nothing measured', kind: 'unmeasured', metrics: 'off', micros: [] as number[] },
  { name: 'METRICS=off', kind: 'sluice', metrics: 'off', micros: [] as number[] },
  { name: 'everything on', kind: 'sluice', metrics: 'on', micros: [] as number[] },
] as const

const upstream = startBenchUpstream(new Map([[path, answer]]))
for (let generation = 0; generation < generations; generation += 1) {
  const sides: { readonly side: Side; readonly costs: number[] }[] = []
  for (const { kind, metrics } of kinds) {
    const environment = { METRICS: metrics }
    const side = await Side.start({ kind, upstreamUrl: upstream.url, environment }, connections)
    await side.send(request, warmUpRequests)
    sides.push({ side, costs: [] })
  }
  for (let round = 0; round < rounds; round += 1) {
    for (const { side, costs } of round % 2 === 0 ? sides : sides.toReversed()) {
      costs.push(await side.microsPerRequest(request, requestsOfRound))
    }
  }
  for (const [index, { side, costs }] of sides.entries()) {
    kinds[index]?.micros.push(cheapest(costs))
    await side.stop()
  }
}
upstream.stop()

const [nothing, , everything] = kinds
const more = (micros: readonly number[]): number => mean(micros) / mean(nothing.micros) - 1
const percent = (part: number): string => `${(part * 100).toFixed(1)} %`
const rows = kinds.map(({ name, micros }) => [
  name,
  mean(micros).toFixed(1),
  percent(more(micros)),
  micros.map((value) => value.toFixed(0)).join(' '),
])
console.log(table(['cpu of a request in us', 'mean', 'more', 'generations'], rows))
const isGood = more(everything.micros) <= limit
const verdict = `${percent(more(everything.micros))} more, at most ${percent(limit)}`
console.log(`${isGood ? 'PASS' : 'FAIL'}: ${verdict}`)
process.exit(isGood ? 0 : 1)
