/** A stand with several providers behind one route: `a`, `b`, `c`, each scripted on its own. */

import { type App, startApp } from '../../src/app.ts'
import { createBufferPool } from '../../src/buffer/pool.ts'
import type { ResilienceSettings, RouteSettings, TargetSettings } from '../../src/config/config.ts'
import { loadConfig } from '../../src/config/env.ts'
import type { Exchange } from '../../src/observe/exchange.ts'
import type { Log } from '../../src/observe/log.ts'
import { plainTraits } from '../../src/provider/call.ts'
import { chatEvents, eventsText, sse } from '../kit/answers.ts'
import { jsonRequest, RawClient, type RequestToSend } from '../kit/client.ts'
import { expectNothingLeft } from '../kit/leftovers.ts'
import type { RawResponse } from '../kit/response.ts'
import { startUpstream, type Upstream, type UpstreamScript } from '../kit/upstream.ts'
import { endLater, recordAt } from './client-stand.ts'

/** What a test changes of the one route, `smart`. */
export type RouteChanges = Partial<Omit<RouteSettings, 'targets'>> & {
  /** Traits by target, in order. */
  readonly traits?: readonly Partial<TargetSettings>[]
}

/** A running stand. */
export interface TargetsStand {
  readonly app: App
  /** The providers in the order of the route. */
  readonly upstreams: readonly Upstream[]
  readonly records: Exchange[]
  /** What was logged besides the records. */
  readonly lines: LoggedLine[]
  /** Asks `smart` for a chat and waits for the end of the answer. */
  chat(body?: object, headers?: Readonly<Record<string, string>>): Promise<RawResponse>
  /** Asks without waiting. */
  begin(body?: object, headers?: Readonly<Record<string, string>>): Promise<Begun>
  /** Sends any request. */
  send(request: RequestToSend): Promise<Begun>
  record(index: number): Promise<Exchange>
  end(): Promise<void>
}

/** A line of the log that is not a request's. */
export type LoggedLine = Parameters<Log['line']>

/** A request under way. */
export interface Begun {
  readonly client: RawClient
  readonly response: RawResponse
}

const names = ['a', 'b', 'c', 'd'] as const

/** Settings that make failures quick. */
export const quick: Partial<ResilienceSettings> = {
  retryBaseMs: 1,
  retryMaxMs: 2,
  hedgeDelayMinMs: 50,
  hedgeDelayUnknownMs: 50,
}

/** An answer of one text, event by event, to its end. */
export const answering = (text: string): UpstreamScript =>
  sse(chatEvents([text], 'model-of-provider'), { done: true })

/** The bytes of that answer. */
export const answerText = (text: string): string =>
  eventsText(chatEvents([text], 'model-of-provider'), true)

/** Milliseconds between the requests that a provider saw, in their order; of no provider, none. */
export const waitsMs = ({ requests }: Pick<Upstream, 'requests'> = { requests: [] }): number[] =>
  requests.slice(1).map(({ receivedAtMs }, at) => receivedAtMs - (requests[at]?.receivedAtMs ?? 0))

/** How many requests each provider saw. */
export const requestCounts = ({ upstreams }: TargetsStand): number[] =>
  upstreams.map(({ requestCount }) => requestCount)

/** The variables of a stand; a function where they name the providers' addresses. */
export type TargetsEnvironment =
  | Readonly<Record<string, string>>
  | ((urls: readonly string[]) => Readonly<Record<string, string>>)

/** Starts a provider for each script, and the app with the route `smart` over all of them. */
export async function startTargets(
  scripts: readonly UpstreamScript[],
  changes: RouteChanges = {},
  resilience: Partial<ResilienceSettings> = {},
  environment: TargetsEnvironment = {},
): Promise<TargetsStand> {
  const upstreams = scripts.map((script) => startUpstream(script))
  const urls = upstreams.map(({ url }) => url)
  const used = names.slice(0, upstreams.length)
  const loaded = loadConfig({
    PORT: '0',
    OPENAI_COMPATIBLE_PROVIDERS: used.join(','),
    ...Object.fromEntries(
      urls.map((url, index) => [`${used[index]?.toUpperCase()}_BASE_URL`, `${url}/v1`]),
    ),
    ...(typeof environment === 'function' ? environment(urls) : environment),
  })
  if (!loaded.ok) throw new Error(loaded.problems.join('\n'))
  const { traits = [], ...route } = changes
  const smart: RouteSettings = {
    name: 'smart',
    strategy: 'priority',
    midstream: 'error',
    hedge: false,
    ...route,
    targets: used.map((name, index) => ({
      ...plainTraits,
      model: `${name}/m-${name}`,
      ...traits[index],
    })),
  }
  const config = {
    ...loaded.config,
    routes: [smart],
    resilience: { ...loaded.config.resilience, ...quick, ...resilience },
  }
  const pool = createBufferPool(config.bufferPool, { assertZeroed: true })
  const records: Exchange[] = []
  const lines: LoggedLine[] = []
  const log: Log = {
    request: (exchange) => void records.push(exchange),
    line: (...line) => void lines.push(line),
  }
  const app = await startApp(config, { id: 0, total: 0 }, { log, pool })
  return endLater(standOf(app, upstreams, records, lines))
}

function standOf(
  app: App,
  upstreams: readonly Upstream[],
  records: Exchange[],
  lines: LoggedLine[],
): TargetsStand {
  const clients: RawClient[] = []
  const send = async (request: RequestToSend): Promise<Begun> => {
    const client = await RawClient.connect(app.url)
    clients.push(client)
    return { client, response: client.request(request) }
  }
  const begin = (body: object = {}, headers: Readonly<Record<string, string>> = {}) => {
    const chat = { model: 'smart', stream: true, messages: [], ...body }
    return send(jsonRequest('/v1/chat/completions', chat, headers))
  }
  return {
    app,
    upstreams,
    records,
    lines,
    begin,
    send,
    async chat(body, headers) {
      const { response } = await begin(body, headers)
      await response.ended()
      return response
    },
    record: (index) => recordAt(records, index),
    async end() {
      for (const client of clients) client.close()
      try {
        await expectNothingLeft(app, {
          busyConnections: () => upstreams.reduce((sum, each) => sum + each.busyConnections, 0),
        })
      } finally {
        await app.stop(0)
        for (const upstream of upstreams) upstream.stop()
      }
    },
  }
}
