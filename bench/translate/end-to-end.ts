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
import { providerDialects } from './provider-dialects.ts'

/** Where the program finds a dialect at a provider. */
interface Place {
  readonly model: string
  /** What the provider is asked for, with its query. */
  readonly path: string
  environment(upstreamUrl: string): Readonly<Record<string, string>>
}

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

/** A provider that has nothing but chat: of OpenAI a client of Responses is passed through. */
const moonshot: Place = {
  model: 'moonshot/kimi-bench',
  path: '/v1/chat/completions',
  environment: (url) => ({ MOONSHOT_API_KEY: 'sk-bench', MOONSHOT_BASE_URL: `${url}/v1` }),
}
const openai: Place = {
  model: 'openai/gpt-bench',
  path: '/v1/responses',
  // Its key and address are the proxy's own.
  environment: () => ({ OPENAI_DIALECT: 'responses' }),
}
const anthropicPlace: Place = {
  model: 'anthropic/claude-bench',
  path: '/v1/messages',
  environment: (url) => ({ ANTHROPIC_API_KEY: 'sk-bench', ANTHROPIC_BASE_URL: `${url}/v1` }),
}
const geminiPlace: Place = {
  model: 'gemini/gemini-bench',
  path: '/v1beta/models/gemini-bench:streamGenerateContent?alt=sse',
  environment: (url) => ({ GEMINI_API_KEY: 'bench', GEMINI_BASE_URL: `${url}/v1beta` }),
}
const bedrock = (operation: string, dialect: string): Place => ({
  model: 'bedrock/anthropic.bench',
  path: `/model/anthropic.bench/${operation}`,
  environment: (url) => ({
    ...{ AWS_REGION: 'us-east-1', AWS_BEARER_TOKEN_BEDROCK: 'bench' },
    ...{ BEDROCK_BASE_URL: url, BEDROCK_DIALECT: dialect },
  }),
})
const coherePlace: Place = {
  model: 'cohere/command-bench',
  path: '/v2/chat',
  environment: (url) => ({ COHERE_API_KEY: 'bench', COHERE_BASE_URL: url }),
}
const ollamaPlace: Place = {
  model: 'ollama/bench',
  path: '/api/chat',
  environment: (url) => ({ OLLAMA_BASE_URL: url }),
}

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
  passed: { client: chat, place: moonshot },
  translated,
})

const everybody = [chat, responses, anthropic, gemini]

const kimi = own(chat, moonshot, [responses, anthropic, gemini])
const claude = own(anthropic, anthropicPlace, [chat, responses, gemini])

/** All that is measured, text first: every dialect as a provider, and every client. */
export const scenes: readonly Scene[] = [
  kimi,
  // A client of chat completions is passed to OpenAI as well.
  own(responses, openai, [anthropic, gemini]),
  claude,
  own(gemini, geminiPlace, [chat, responses, anthropic]),
  foreign(providerDialects.converse, bedrock('converse-stream', 'converse'), everybody),
  foreign(providerDialects.invoke, bedrock('invoke-with-response-stream', 'invoke'), everybody),
  foreign(providerDialects.cohere, coherePlace, everybody),
  // Clients of OpenAI's dialects are passed to its endpoints for those.
  foreign(providerDialects.ollama, ollamaPlace, [anthropic, gemini]),
]
  .map((scene): Scene => ({ ...scene, content: 'text' }))
  .concat(
    (['arguments', 'reasoning'] as const).flatMap((content) => [
      { ...kimi, content },
      { ...claude, content },
    ]),
  )

const connections = 16

const contentTypes = {
  sse: 'text/event-stream',
  ndjson: 'application/x-ndjson',
  'aws-event-stream': 'application/vnd.amazon.eventstream',
} as const

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
