/** A worker in this process before a scripted upstream: what goes in, and what came out. */
import { type App, startApp } from '../../src/app.ts'
import { createBufferPool } from '../../src/buffer/pool.ts'
import { loadConfig } from '../../src/config/env.ts'
import type { Exchange } from '../../src/observe/exchange.ts'
import { cut, type Splits } from '../kit/answers.ts'
import { ask, jsonRequest } from '../kit/client.ts'
import { expectNothingLeft } from '../kit/leftovers.ts'
import type { RawResponse } from '../kit/response.ts'
import { eventually, turn } from '../kit/signal.ts'
import { startUpstream, type Upstream, type UpstreamScript } from '../kit/upstream.ts'

/** The streaming endpoints of the OpenAI family, by the name of what is spoken there. */
export const paths = {
  'openai-chat': '/v1/chat/completions',
  'openai-completions': '/v1/completions',
  'openai-responses': '/v1/responses',
} as const

/** One of the dialects of the OpenAI family. */
export type Dialect = keyof typeof paths

/** What the upstream answers next. */
interface Scene {
  script: UpstreamScript
}

/** What came of one replay. */
export interface Replayed {
  readonly response: RawResponse
  /** What the program wrote down of it. */
  readonly exchange: Exchange
}

/** The worker, the upstream, and the record of every request. */
export class Stand {
  readonly #app: App
  readonly #upstream: Upstream
  readonly #exchanges: Exchange[]
  readonly #scene: Scene

  private constructor(app: App, upstream: Upstream, exchanges: Exchange[], scene: Scene) {
    this.#app = app
    this.#upstream = upstream
    this.#exchanges = exchanges
    this.#scene = scene
  }

  /** Starts both. The pool looks at every buffer that it hands out again. */
  static async start(settings: Readonly<Record<string, string>> = {}): Promise<Stand> {
    const scene: Scene = { script: () => {} }
    const upstream = startUpstream((request, connection) => scene.script(request, connection), {
      keepLog: false,
    })
    const environment = {
      PORT: '0',
      OPENAI_COMPATIBLE_PROVIDERS: 'up',
      UP_BASE_URL: `${upstream.url}/v1`,
      // Nothing but the recording may be in the answer, however busy the machine is.
      STREAM_HEARTBEAT_INTERVAL_MS: '0',
      ...settings,
    }
    const loaded = loadConfig(environment)
    if (!loaded.ok) throw new Error(loaded.problems.join('\n'))
    const exchanges: Exchange[] = []
    const log = { request: (exchange: Exchange) => exchanges.push(exchange), line: () => {} }
    const pool = createBufferPool(loaded.config.bufferPool, { assertZeroed: true })
    const app = await startApp(loaded.config, { id: 0, total: 0 }, { log, pool })
    return new Stand(app, upstream, exchanges, scene)
  }

  /** Asks for a stream and has the upstream answer with these bytes, cut like this. */
  async replay(dialect: Dialect, bytes: Uint8Array, splits: Splits): Promise<Replayed> {
    this.#scene.script = async (_request, connection) => {
      await connection.head(200, { 'content-type': 'text/event-stream; charset=utf-8' })
      for (const piece of cut(bytes, splits)) {
        await connection.chunk(piece)
        await turn()
      }
      await connection.end()
    }
    const before = this.#exchanges.length
    const response = await ask(
      this.#app.url,
      jsonRequest(paths[dialect], { model: 'up/any', stream: true, messages: [] }),
    )
    await eventually(() => this.#exchanges.length > before, 'the record of the request')
    const exchange = this.#exchanges[before]
    if (exchange === undefined) throw new Error('there is no record')
    return { response, exchange }
  }

  /** The last assertion of a test: no request, lease, clock, file or busy connection is left. */
  async nothingLeft(): Promise<void> {
    await expectNothingLeft(this.#app, { upstreams: () => this.#upstream.busyConnections })
  }

  /** Stops both. Throws what a script threw. */
  async stop(): Promise<void> {
    await this.#app.stop(0)
    this.#upstream.stop()
  }
}
