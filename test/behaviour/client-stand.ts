/**
 * The program in this process, between a scripted provider and raw clients. Its end checks that
 * nothing is left: requests, clocks, leases, spool files, sockets, scripts of the provider.
 */
import { type App, startApp } from '../../src/app.ts'
import type { BufferPool } from '../../src/buffer/lease.ts'
import { createBufferPool } from '../../src/buffer/pool.ts'
import type { RouteSettings } from '../../src/config/config.ts'
import { loadConfig } from '../../src/config/env.ts'
import type { Exchange } from '../../src/observe/exchange.ts'
import { RawClient, type RequestToSend } from '../kit/client.ts'
import { expectNothingLeft } from '../kit/leftovers.ts'
import type { RawResponse } from '../kit/response.ts'
import { eventually } from '../kit/signal.ts'
import { startUpstream, type Upstream, type UpstreamScript } from '../kit/upstream.ts'

/** A client and its first response. */
export interface Asking {
  readonly client: RawClient
  readonly response: RawResponse
}

/** A running stand. */
export interface Stand {
  readonly app: App
  readonly upstream: Upstream
  readonly pool: BufferPool
  readonly url: URL
  /** The records of finished requests, in the order in which they ended. */
  readonly records: Exchange[]
  /** A connection that the stand closes at its end. */
  connect(): Promise<RawClient>
  /** Sends one request on a connection of its own. */
  ask(request: RequestToSend): Promise<Asking>
  /** The record of the request of that index, when it has ended. */
  record(index: number): Promise<Exchange>
  /** Closes the clients, waits until nothing is left, and stops. Throws what is left. */
  end(): Promise<void>
}

/** What has to end behind its test: the stands here, and those with several providers. */
const running = new Set<{ end(): Promise<void> }>()

/** Has a stand ended by `endStands`. */
export function endLater<Ended extends { end(): Promise<void> }>(stand: Ended): Ended {
  running.add(stand)
  return stand
}

/** Ends all stands, for `afterEach`: so both a failed test and what it left are reported. */
export async function endStands(): Promise<void> {
  const stands = [...running]
  running.clear()
  const ended = await Promise.allSettled(stands.map((stand) => stand.end()))
  for (const result of ended) if (result.status === 'rejected') throw result.reason
}

/**
 * The environment that makes `upstream` the provider `openai`. Nothing is retried unless a test
 * says so, because most scripts answer a certain number of requests.
 */
export function providerEnvironment(upstream: Upstream): Record<string, string> {
  const address = { OPENAI_API_KEY: 'sk-test', OPENAI_BASE_URL: `${upstream.url}/v1` }
  return { PORT: '0', RETRIES_MAX: '0', ...address }
}

/** Starts the app on an environment. Throws what is wrong with it. */
export async function startAppWith(
  environment: Readonly<Record<string, string>>,
  pool?: BufferPool,
  records: Exchange[] = [],
  routes: readonly RouteSettings[] = [],
): Promise<{ readonly app: App; readonly pool: BufferPool }> {
  const loaded = loadConfig(environment)
  if (!loaded.ok) throw new Error(loaded.problems.join('\n'))
  const used = pool ?? createBufferPool(loaded.config.bufferPool, { assertZeroed: true })
  const log = { request: (exchange: Exchange) => void records.push(exchange), line: () => {} }
  const config = { ...loaded.config, routes: [...loaded.config.routes, ...routes] }
  const app = await startApp(config, { id: 0, total: 0 }, { log, pool: used })
  return { app, pool: used }
}

/** The record of the request of that index, when it has ended. @throws Error where it does not. */
export async function recordAt(records: readonly Exchange[], index: number): Promise<Exchange> {
  await eventually(() => records.length > index, `record ${index}`)
  const found = records[index]
  if (found === undefined) throw new Error(`no record ${index}`)
  return found
}

/** The environment of a stand; a function where it must know the provider's address. */
export type StandEnvironment =
  | Readonly<Record<string, string>>
  | ((upstreamUrl: string) => Readonly<Record<string, string>>)

/**
 * Starts a provider that answers by `script`, and the app with `environment` in front of it.
 * @param port of the provider, where the environment must know it.
 * @param routes besides those of the environment.
 */
export async function startStand(
  script: UpstreamScript,
  environment: StandEnvironment = {},
  ownPool?: BufferPool,
  port = 0,
  routes: readonly RouteSettings[] = [],
): Promise<Stand> {
  const upstream = startUpstream(script, { port })
  const records: Exchange[] = []
  const added = typeof environment === 'function' ? environment(upstream.url) : environment
  const { app, pool } = await startAppWith(
    { ...providerEnvironment(upstream), ...added },
    ownPool,
    records,
    routes,
  )
  const clients: RawClient[] = []
  const connect = async (): Promise<RawClient> => {
    const client = await RawClient.connect(app.url)
    clients.push(client)
    return client
  }
  const stand: Stand = {
    app,
    upstream,
    pool,
    url: app.url,
    records,
    connect,
    async ask(request) {
      const client = await connect()
      return { client, response: client.request(request) }
    },
    record: (index) => recordAt(records, index),
    async end() {
      for (const client of clients) client.close()
      try {
        await expectNothingLeft(app, {
          busyConnections: () => upstream.busyConnections,
          doubleReleases: () => pool.getMetrics().doubleReleases,
        })
      } finally {
        await app.stop(0)
        upstream.stop()
      }
    },
  }
  return endLater(stand)
}

/** A chat request that wants a stream. */
export const chatRequest = { model: 'gpt-test', stream: true, messages: [] } as const
