/**
 * The processor time of a proxy in a process of its own, between a client and a provider on real
 * sockets: for a client that is passed what the provider says, and for others, in rounds that take
 * turns, so that whatever else the machine does falls on all of them.
 */
import { BenchClient, requestBytes, sendMany } from '../load/client.ts'
import { MeasuredProxy } from '../load/proxy.ts'
import { startBenchUpstream, streamAnswer } from '../load/upstream.ts'
import { type Content, streamOf } from './content.ts'
import type { Cost } from './costs.ts'
import { type ClientDialect, clientDialects, type Source } from './dialects.ts'
import { contentTypes, type Place, places } from './places.ts'
import { providerDialects } from './provider-dialects.ts'

/** A provider, whom it is passed to, and whom it is translated for. */
export interface Scene {
  readonly content: Content
  readonly source: Source
  readonly place: Place
  readonly passed: { readonly client: ClientDialect; readonly place: Place }
  readonly translated: readonly ClientDialect[]
}

/** How long it is measured. */
export interface Load {
  readonly events: number
  readonly warmUpRequests: number
  readonly roundRequests: number
  readonly rounds: number
}

const { chat, responses, anthropic, gemini } = clientDialects

/** What a client of the provider's own dialect is passed. */
const own = (
  client: ClientDialect,
  place: Place,
  translated: readonly ClientDialect[],
): Omit<Scene, 'content'> => ({ source: client, place, passed: { client, place }, translated })

/** A provider whose dialect no client speaks is compared with passing chat completions. */
const foreign = (
  source: Source,
  place: Place,
  translated: readonly ClientDialect[],
): Omit<Scene, 'content'> => ({
  source,
  place,
  passed: { client: chat, place: places.chat },
  translated,
})

const everybody = [chat, responses, anthropic, gemini]

const kimi = own(chat, places.chat, [responses, anthropic, gemini])
const claude = own(anthropic, places.anthropic, [chat, responses, gemini])

/** All that is measured, text first: every dialect as a provider, and every client. */
export const scenes: readonly Scene[] = [
  kimi,
  // A client of chat completions is passed to OpenAI as well.
  own(responses, places.responses, [anthropic, gemini]),
  claude,
  own(gemini, places.gemini, [chat, responses, anthropic]),
  foreign(providerDialects.converse, places.converse, everybody),
  foreign(providerDialects.invoke, places.invoke, everybody),
  foreign(providerDialects.cohere, places.cohere, everybody),
  // Clients of OpenAI's dialects are passed to its endpoints for those.
  foreign(providerDialects.ollama, places.ollama, [anthropic, gemini]),
]
  .map((scene): Scene => ({ ...scene, content: 'text' }))
  .concat(
    (['arguments', 'reasoning'] as const).flatMap((content) => [
      { ...kimi, content },
      { ...claude, content },
    ]),
  )

const connections = 16

/** One scene, with a proxy and a provider of its own. */
export async function measureScene(scene: Scene, load: Load): Promise<readonly Cost[]> {
  const { content, source, place, passed, translated } = scene
  const answerOf = ({ events, protocol }: Source) =>
    streamAnswer(streamOf(events, content, load.events), contentTypes[protocol.framing])
  const answers = new Map([
    [passed.place.path, answerOf(passed.client)],
    [place.path, answerOf(source)],
  ])
  const upstream = startBenchUpstream(answers)
  const environment = {
    ...passed.place.environment(upstream.url),
    ...place.environment(upstream.url),
  }
  const proxy = await MeasuredProxy.start({
    kind: 'sluice',
    upstreamUrl: upstream.url,
    environment,
  })
  const clients = await Promise.all(
    Array.from({ length: connections }, () => BenchClient.connect(proxy.url)),
  )
  try {
    const asks = [
      { client: passed.client, model: passed.place.model },
      ...translated.map((client) => ({ client, model: place.model })),
    ]
    const [passedMicros = Number.NaN, ...micros] = await leastMicros(asks, load, proxy, clients)
    return translated.map((client, index) => ({
      content,
      provider: source.protocol.name,
      client: client.protocol.name,
      passedMicros,
      translatedMicros: micros[index] ?? Number.NaN,
    }))
  } finally {
    for (const client of clients) client.close()
    await proxy.stop()
    upstream.stop()
  }
}

/** The least of several rounds, since whatever else runs can only add to it. */
async function leastMicros(
  asks: readonly { readonly client: ClientDialect; readonly model: string }[],
  { events, warmUpRequests, roundRequests, rounds }: Load,
  proxy: MeasuredProxy,
  clients: readonly BenchClient[],
): Promise<readonly number[]> {
  const least = asks.map(() => Number.POSITIVE_INFINITY)
  for (let round = -1; round < rounds; round += 1) {
    for (const [index, { client, model }] of asks.entries()) {
      const count = round < 0 ? warmUpRequests : roundRequests
      const { path, body } = client.request(model)
      const before = await proxy.read()
      await sendMany(clients, requestBytes(path, body), count)
      const after = await proxy.read()
      const micros = ((after.cpuMs - before.cpuMs) * 1000) / count / events
      if (round >= 0) least[index] = Math.min(least[index] ?? micros, micros)
    }
  }
  return least
}
