/**
 * What it costs to translate one event of a stream above passing it through, from every dialect of
 * a provider to every dialect of a client, in streams of 100 events that come one by one.
 *
 * What no client speaks is never passed: that is compared with passing chat completions.
 *
 * Two ways of measuring, in one run. In the process: the translator against the inspector, which
 * take the same chunks. End to end: the processor time of a proxy in a process of its own, for a
 * client of the provider's dialect and for one of another, in rounds that take turns, so that
 * whatever else the machine does falls on both.
 *
 * Run with `bun --expose-gc bench/translate.bench.ts`; `--quick` does without the second half.
 */
import { bench, do_not_optimize, group, run } from 'mitata'
import { createBufferPool } from '../src/buffer/pool.ts'
import { bufferPoolDefaults } from '../src/buffer/settings.ts'
import { Exchange } from '../src/observe/exchange.ts'
import type { Protocol } from '../src/protocol/protocol.ts'
import { protocols } from '../src/protocol/registry.ts'
import { type AnswerContext, translationOf } from '../src/protocol/translation.ts'
import { EventInspector } from '../src/relay/inspector.ts'
import type { Passage } from '../src/relay/passage.ts'
import { Tail } from '../src/relay/tail.ts'
import { Translator } from '../src/relay/translator.ts'
import { BenchClient, requestBytes, sendMany } from './load/client.ts'
import { type BenchDialect, benchDialects, streamOf } from './load/dialects.ts'
import { providerDialects } from './load/provider-dialects.ts'
import { MeasuredProxy } from './load/proxy.ts'
import { median, table } from './load/statistics.ts'
import { startBenchUpstream, streamAnswer } from './load/upstream.ts'

const eventsPerStream = 100
const extraMicrosMax = 3

/** Microseconds of processor time for one event. */
interface Cost {
  readonly provider: string
  readonly client: string
  readonly passedMicros: number
  readonly translatedMicros: number
}

const chunksOf = (dialect: BenchDialect): Uint8Array[] =>
  streamOf(dialect, eventsPerStream).map((text) => new TextEncoder().encode(text))

/** Takes a whole stream. Throws where it did not come to its end. */
function takeAll(passage: Passage, chunks: readonly Uint8Array[]): void {
  for (const chunk of chunks) {
    do_not_optimize(passage.take(chunk))
    passage.settle()
  }
  do_not_optimize(passage.finish())
  if (!passage.complete) throw new Error('The stream was not understood.')
}

function contextOf({ protocol, request }: BenchDialect): AnswerContext {
  const { body } = request('bench')
  return {
    ...{ model: 'bench', requestId: 'req_bench', createdS: 1_760_000_000, includeUsage: true },
    framing: 'sse',
    request: translationOf(protocol).readRequest({ ...body }, { model: 'bench', stream: true }),
  }
}

const pool = createBufferPool(bufferPoolDefaults)
const exchange = (): Exchange => new Exchange('chat-completions', 'POST')

/** A dialect of a provider, and the one whose passing its translation is compared with. */
interface Source {
  readonly protocol: Protocol
  readonly chunks: readonly Uint8Array[]
  readonly passedAs: Protocol
}

const chat = protocols.chat
const sources: readonly Source[] = [
  ...benchDialects.map((dialect) => {
    const { protocol } = dialect
    return { protocol, chunks: chunksOf(dialect), passedAs: protocol }
  }),
  ...providerDialects.map(({ protocol, chunks }) => {
    return { protocol, chunks: chunks(eventsPerStream), passedAs: chat }
  }),
]

const passedLabel = ({ name }: Protocol): string => `${name}, passed`
const label = (provider: Protocol, client: Protocol): string => `${provider.name} -> ${client.name}`

function benchInProcess({ protocol, chunks, passedAs }: Source): void {
  if (protocol === passedAs) {
    bench(passedLabel(protocol), () => {
      const tail = new Tail(pool)
      takeAll(new EventInspector(protocol, tail, exchange(), 1 << 20), chunks)
      tail.release()
    })
  }
  for (const client of benchDialects) {
    if (client.protocol === protocol) continue
    const context = contextOf(client)
    bench(label(protocol, client.protocol), () => {
      takeAll(new Translator(protocol, client.protocol, context, exchange(), 1 << 20), chunks)
    })
  }
}

async function measureInProcess(): Promise<Cost[]> {
  for (const source of sources) {
    const title = `from ${source.protocol.name}, ${eventsPerStream} events`
    group(title, () => benchInProcess(source))
  }
  const { benchmarks } = await run()
  const micros = new Map<string, number>()
  for (const { runs } of benchmarks) {
    for (const { name, stats } of runs) {
      if (stats !== undefined) micros.set(name, stats.p50 / eventsPerStream / 1000)
    }
  }
  const microsOf = (name: string): number => micros.get(name) ?? Number.NaN
  return sources.flatMap(({ protocol, passedAs }) =>
    benchDialects
      .filter((client) => client.protocol !== protocol)
      .map((client) => ({
        provider: protocol.name,
        client: client.protocol.name,
        passedMicros: microsOf(passedLabel(passedAs)),
        translatedMicros: microsOf(label(protocol, client.protocol)),
      })),
  )
}

const connections = 16
const warmUpRequests = 1500
const roundRequests = 400
const rounds = 7

/** All clients of one provider, through one proxy. */
async function measureEndToEnd(provider: BenchDialect): Promise<Cost[]> {
  const { place } = provider
  if (place === null) return []
  const answer = streamAnswer(chunksOf(provider))
  const upstream = startBenchUpstream(new Map([[place.path, answer]]))
  const environment = place.environment(upstream.url)
  const proxy = await MeasuredProxy.start({
    kind: 'sluice',
    upstreamUrl: upstream.url,
    environment,
  })
  const clients = await Promise.all(
    Array.from({ length: connections }, () => BenchClient.connect(proxy.url)),
  )
  const micros = new Map<BenchDialect, number[]>(benchDialects.map((client) => [client, []]))
  const microsOf = async (client: BenchDialect, count: number): Promise<number> => {
    const { path, body } = client.request(place.model)
    const before = await proxy.read()
    await sendMany(clients, requestBytes(path, body), count)
    const after = await proxy.read()
    return ((after.cpuMs - before.cpuMs) * 1000) / count / eventsPerStream
  }
  for (const client of benchDialects) await microsOf(client, warmUpRequests)
  for (let round = 0; round < rounds; round += 1) {
    for (const [client, sample] of micros) sample.push(await microsOf(client, roundRequests))
  }
  for (const client of clients) client.close()
  await proxy.stop()
  upstream.stop()
  const passedMicros = median(micros.get(provider) ?? [])
  return benchDialects.flatMap((client) =>
    client === provider
      ? []
      : {
          provider: provider.protocol.name,
          client: client.protocol.name,
          passedMicros,
          translatedMicros: median(micros.get(client) ?? []),
        },
  )
}

function report(title: string, costs: readonly Cost[]): void {
  const rows = costs.map(({ provider, client, passedMicros, translatedMicros }) => {
    const extraMicros = translatedMicros - passedMicros
    return [
      `${provider} -> ${client}`,
      passedMicros.toFixed(2),
      translatedMicros.toFixed(2),
      (translatedMicros / passedMicros).toFixed(2),
      extraMicros.toFixed(2),
      extraMicros <= extraMicrosMax ? 'ok' : `above ${extraMicrosMax}`,
    ]
  })
  const titles = [title, 'passed us', 'translated us', 'ratio', '+us/event', '']
  console.log(`\n${table(titles, rows)}`)
}

const inProcess = await measureInProcess()
report('in the process', inProcess)
const endToEnd: Cost[] = []
if (!process.argv.includes('--quick')) {
  for (const provider of benchDialects) endToEnd.push(...(await measureEndToEnd(provider)))
  report('end to end', endToEnd)
}
const above = [...inProcess, ...endToEnd].filter(
  ({ passedMicros, translatedMicros }) => translatedMicros - passedMicros > extraMicrosMax,
)
console.log(
  `\n${above.length === 0 ? 'PASS' : 'FAIL'} at most ${extraMicrosMax} us above passthrough`,
)
