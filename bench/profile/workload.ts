/** What is profiled: the program in a process of its own, between a client and a provider here. */
import { randomText } from '../../src/core/ids.ts'
import { BenchClient, requestBytes } from '../load/client.ts'
import { MeasuredProxy } from '../load/proxy.ts'
import { type BenchUpstream, startBenchUpstream, streamAnswer } from '../load/upstream.ts'
import { clientDialects, type Source } from '../translate/dialects.ts'
import { contentTypes, places } from '../translate/places.ts'
import { providerDialects } from '../translate/provider-dialects.ts'

const clients = {
  openai: clientDialects.chat,
  responses: clientDialects.responses,
  anthropic: clientDialects.anthropic,
  gemini: clientDialects.gemini,
} as const

const providers: Readonly<Record<string, { source: Source; place: keyof typeof places }>> = {
  openai: { source: clientDialects.chat, place: 'chat' },
  responses: { source: clientDialects.responses, place: 'responses' },
  anthropic: { source: clientDialects.anthropic, place: 'anthropic' },
  gemini: { source: clientDialects.gemini, place: 'gemini' },
  bedrock: { source: providerDialects.converse, place: 'converse' },
  cohere: { source: providerDialects.cohere, place: 'cohere' },
  ollama: { source: providerDialects.ollama, place: 'ollama' },
}

/** The streams of a profile. */
export interface WorkloadOptions {
  /** Open at a time. */
  readonly streams: number
  /** Events with text in each. */
  readonly events: number
  /** Characters of text in each event. */
  readonly eventBytes: number
  /** The dialect of the client and that of the provider, such as `openai->anthropic`. */
  readonly translate: string
}

/** What workloads are if nothing is said. */
export const usualWorkload: WorkloadOptions = {
  streams: 16,
  events: 100,
  eventBytes: 16,
  translate: 'openai->openai',
}

/** A running workload. */
export interface Workload {
  readonly proxy: MeasuredProxy
  /** Sends streams one behind another over all connections until `isOver`; how many there were. */
  run(isOver: (streamsSoFar: number) => boolean): Promise<number>
  stop(): Promise<void>
}

/** Both dialects of `openai->anthropic`, which a shell takes as `openai:anthropic`, too. */
export function dialectsOf(translate: string) {
  const [from = '', to = from] = translate.split(/->|:/)
  const client = Object.entries(clients).find(([name]) => name === from)?.[1]
  const provider = providers[to]
  if (client === undefined || provider === undefined) {
    const names = `${Object.keys(clients).join(', ')} -> ${Object.keys(providers).join(', ')}`
    throw new Error(`--translate must be one of ${names}; got ${translate}`)
  }
  return { client, ...provider }
}

/** Starts it. @throws Error for dialects that there are not. */
export async function startWorkload(options: WorkloadOptions): Promise<Workload> {
  const { client, source, place } = dialectsOf(options.translate)
  const { model, path, environment } = places[place]
  const upstream = startProvider(source, path, options)
  const proxy = await MeasuredProxy.start({
    kind: 'sluice',
    upstreamUrl: upstream.url,
    environment: environment(upstream.url),
  })
  const connected = Array.from({ length: options.streams }, () => BenchClient.connect(proxy.url))
  const connections = await Promise.all(connected)
  const asked = client.request(model)
  const request = requestBytes(asked.path, asked.body)
  return {
    proxy,
    async run(isOver) {
      let sent = 0
      const work = connections.map(async (connection) => {
        while (!isOver(sent)) {
          sent += 1
          await connection.send(request)
        }
      })
      await Promise.all(work)
      return sent
    },
    async stop() {
      for (const connection of connections) connection.close()
      await proxy.stop()
      upstream.stop()
    },
  }
}

function startProvider(
  { events, protocol }: Source,
  path: string,
  { events: count, eventBytes }: WorkloadOptions,
): BenchUpstream {
  // Another text in each event, as models send them.
  const pieces = Array.from({ length: count }, () => ` ${randomText(Math.max(1, eventBytes - 1))}`)
  const contentType = contentTypes[protocol.framing]
  return startBenchUpstream(new Map([[path, streamAnswer(events('text', pieces), contentType)]]))
}
