/** A stand with several providers behind one route: `a`, `b`, `c`, each scripted on its own. */

import { type App, startApp } from '../../src/app.ts'
import { createBufferPool } from '../../src/buffer/pool.ts'
import type { ResilienceSettings, RouteSettings, TargetSettings } from '../../src/config/config.ts'
import { loadConfig } from '../../src/config/env.ts'
import type { Exchange } from '../../src/observe/exchange.ts'
import { plainTraits } from '../../src/provider/call.ts'
import { chatEvents, eventsText, sse } from '../kit/answers.ts'
import { jsonRequest, RawClient } from '../kit/client.ts'
import { expectNothingLeft } from '../kit/leftovers.ts'
import type { RawResponse } from '../kit/response.ts'
import { eventually } from '../kit/signal.ts'
import { startUpstream, type Upstream, type UpstreamScript } from '../kit/upstream.ts'

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
  /** Asks `smart` for a chat and waits for the end of the answer. */
  chat(body?: object, headers?: Readonly<Record<string, string>>): Promise<RawResponse>
  /** Asks without waiting. */
  begin(body?: object, headers?: Readonly<Record<string, string>>): Promise<Begun>
  record(index: number): Promise<Exchange>
  end(): Promise<void>
}

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

const running = new Set<TargetsStand>()

/** Ends all stands, for `afterEach`. Throws what is left. */
export async function endTargetStands(): Promise<void> {
  const stands = [...running]
  running.clear()
  const ended = await Promise.allSettled(stands.map((stand) => stand.end()))
  for (const result of ended) if (result.status === 'rejected') throw result.reason
}

/** An answer of one text, event by event, to its end. */
export const answering = (text: string): UpstreamScript =>
  sse(chatEvents([text], 'model-of-provider'), { done: true })

/** The bytes of that answer. */
export const answerText = (text: string): string =>
  eventsText(chatEvents([text], 'model-of-provider'), true)

/** Starts a provider for each script, and the app with the route `smart` over all of them. */
export async function startTargets(
  scripts: readonly UpstreamScript[],
  changes: RouteChanges = {},
  resilience: Partial<ResilienceSettings> = {},
  environment: Readonly<Record<string, string>> = {},
): Promise<TargetsStand> {
  const upstreams = scripts.map((script) => startUpstream(script))
  const used = names.slice(0, upstreams.length)
  const loaded = loadConfig({
    PORT: '0',
    OPENAI_COMPATIBLE_PROVIDERS: used.join(','),
    ...Object.fromEntries(
      upstreams.map(({ url }, index) => [`${used[index]?.toUpperCase()}_BASE_URL`, `${url}/v1`]),
    ),
    ...environment,
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
  const log = { request: (exchange: Exchange) => void records.push(exchange), line: () => {} }
  const app = await startApp(config, { id: 0, total: 0 }, { log, pool })
  const stand = standOf(app, upstreams, records)
  running.add(stand)
  return stand
}

function standOf(app: App, upstreams: readonly Upstream[], records: Exchange[]): TargetsStand {
  const clients: RawClient[] = []
  const begin = async (body: object = {}, headers: Readonly<Record<string, string>> = {}) => {
    const client = await RawClient.connect(app.url)
    clients.push(client)
    const chat = { model: 'smart', stream: true, messages: [], ...body }
    return { client, response: client.request(jsonRequest('/v1/chat/completions', chat, headers)) }
  }
  return {
    app,
    upstreams,
    records,
    begin,
    async chat(body, headers) {
      const { response } = await begin(body, headers)
      await response.ended()
      return response
    },
    async record(index) {
      await eventually(() => records.length > index, `record ${index}`)
      const found = records[index]
      if (found === undefined) throw new Error(`no record ${index}`)
      return found
    },
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
