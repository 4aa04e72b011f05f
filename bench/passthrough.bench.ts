/**
 * What a whole request costs, against the least that any proxy in this runtime costs: a server
 * that hands the provider's body on untouched (`new Response(upstream.body)`).
 *
 * Both run in processes of their own and get the same requests. mitata times batches of requests
 * that are under way together; the table at the end has requests a second and processor time for
 * one request, and what the program takes of each in relation to the bare passthrough.
 *
 * Run with `bun --expose-gc bench/passthrough.bench.ts`.
 */
import { bench, group, run } from 'mitata'
import { BenchClient, requestBytes, sendMany } from './load/client.ts'
import { MeasuredProxy } from './load/proxy.ts'
import { table } from './load/statistics.ts'
import { answerEvents } from './load/streams.ts'
import { jsonAnswer, startBenchUpstream, streamAnswer, type WireAnswer } from './load/upstream.ts'

const batchSize = 64
const connections = 16
const warmUpRequests = 3000

/** An answer, and how many events it has; 0 is no stream. */
interface Scene {
  readonly name: string
  readonly events: number
  readonly answer: WireAnswer
}

/** Chunks of one event each, or of all. The opening, the finish, usage and `[DONE]` count too. */
function stream(events: number, together: boolean): WireAnswer {
  const texts = answerEvents(events - 4, (turn) => ` word${turn}`)
  const encoder = new TextEncoder()
  return streamAnswer((together ? [texts.join('')] : texts).map((text) => encoder.encode(text)))
}

const answer = {
  id: 'chatcmpl-bench',
  object: 'chat.completion',
  created: 1_760_000_000,
  model: 'gpt-bench',
  choices: [
    {
      index: 0,
      message: { role: 'assistant', content: 'words '.repeat(60) },
      finish_reason: 'stop',
    },
  ],
  usage: { prompt_tokens: 7, completion_tokens: 60, total_tokens: 67 },
}

const scenes: readonly Scene[] = [
  { name: 'stream of 1 text event', events: 5, answer: stream(5, true) },
  { name: 'stream of 100 events, one a chunk', events: 100, answer: stream(100, false) },
  { name: 'stream of 100 events in one chunk', events: 100, answer: stream(100, true) },
  { name: 'JSON answer', events: 0, answer: jsonAnswer(JSON.stringify(answer)) },
]

/** What was measured of one kind of proxy in one scene. */
interface Cost {
  requestsPerSecond: number
  cpuMicrosPerRequest: number
}

const path = '/v1/chat/completions'
const kinds = ['passthrough', 'sluice'] as const
const costs = new Map<string, Cost>()
const label = (kind: string, scene: Scene): string => `${kind}: ${scene.name}`

for (const scene of scenes) {
  group(`${scene.name}, ${batchSize} requests`, () => {
    for (const kind of kinds) {
      bench(label(kind, scene), async function* () {
        const upstream = startBenchUpstream(new Map([[path, scene.answer]]))
        const proxy = await MeasuredProxy.start({ kind, upstreamUrl: upstream.url })
        const clients = await Promise.all(
          Array.from({ length: connections }, () => BenchClient.connect(proxy.url)),
        )
        const request = requestBytes(path, {
          model: 'gpt-bench',
          stream: scene.events > 0,
          messages: [{ role: 'user', content: 'Say something.' }],
        })
        await sendMany(clients, request, warmUpRequests / Math.max(1, scene.events / 10))
        const before = await proxy.read()
        const answeredBefore = upstream.answered
        const startedAtMs = performance.now()
        yield async () => {
          await sendMany(clients, request, batchSize)
        }
        const tookMs = performance.now() - startedAtMs
        const after = await proxy.read()
        const requests = upstream.answered - answeredBefore
        costs.set(label(kind, scene), {
          requestsPerSecond: (requests / tookMs) * 1000,
          cpuMicrosPerRequest: ((after.cpuMs - before.cpuMs) * 1000) / requests,
        })
        for (const client of clients) client.close()
        await proxy.stop()
        upstream.stop()
      })
    }
  })
}

await run()

const nothing: Cost = { requestsPerSecond: Number.NaN, cpuMicrosPerRequest: Number.NaN }
const rows = scenes.map((scene) => {
  const [bare, own] = kinds.map((kind) => costs.get(label(kind, scene)) ?? nothing)
  if (bare === undefined || own === undefined) return [scene.name]
  const extraMicros = own.cpuMicrosPerRequest - bare.cpuMicrosPerRequest
  return [
    scene.name,
    bare.requestsPerSecond.toFixed(0),
    own.requestsPerSecond.toFixed(0),
    (own.requestsPerSecond / bare.requestsPerSecond).toFixed(2),
    bare.cpuMicrosPerRequest.toFixed(0),
    own.cpuMicrosPerRequest.toFixed(0),
    (own.cpuMicrosPerRequest / bare.cpuMicrosPerRequest).toFixed(2),
    scene.events === 0 ? '' : (extraMicros / scene.events).toFixed(2),
  ]
})
const titles = ['', 'bare/s', 'sluice/s', 'ratio', 'bare us', 'sluice us', 'ratio', '+us/event']
console.log(`\n${table(titles, rows)}`)
