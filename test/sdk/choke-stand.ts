/** The program in this process, before one scripted provider that speaks both dialects. */
import type { App } from '../../src/app.ts'
import type { BufferPool } from '../../src/buffer/lease.ts'
import type { Exchange } from '../../src/observe/exchange.ts'
import { startAppWith } from '../behaviour/client-stand.ts'
import { streamedAnswers } from '../kit/dialect-answers.ts'
import { expectNothingLeft } from '../kit/leftovers.ts'
import { startUpstream, type Upstream } from '../kit/upstream.ts'
import type { UpstreamConnection } from '../kit/upstream-connection.ts'
import type { OddStream, Spoken } from './choke-streams.ts'

/** Answers one request in the dialect it was asked in. */
export type Send = (connection: UpstreamConnection, dialect: Spoken) => Promise<void>

/** A running stand. */
export class ChokeStand {
  /** The records of finished requests, in the order in which they ended. */
  readonly records: Exchange[] = []
  readonly #upstream: Upstream
  #app: App | null = null
  #pool: BufferPool | null = null
  #send: Send = async () => {}

  private constructor() {
    this.#upstream = startUpstream(async (request, connection) => {
      await request.bytes()
      await this.#send(connection, request.path.endsWith('/messages') ? 'messages' : 'chat')
    })
  }

  /** Starts both; `settings` come on top of the keys and addresses. */
  static async start(settings: Readonly<Record<string, string>> = {}): Promise<ChokeStand> {
    const stand = new ChokeStand()
    const { url } = stand.#upstream
    const environment = {
      ...{ PORT: '0', RETRIES_MAX: '0' },
      ...{ OPENAI_API_KEY: 'sk-test', OPENAI_BASE_URL: `${url}/v1` },
      ...{ ANTHROPIC_API_KEY: 'sk-test', ANTHROPIC_BASE_URL: url },
      ...settings,
    }
    const { app, pool } = await startAppWith(environment, undefined, stand.records)
    stand.#app = app
    stand.#pool = pool
    return stand
  }

  /** Where clients find the program; without a slash at the end. */
  get url(): string {
    if (this.#app === null) throw new Error('not started')
    return this.#app.url.origin
  }

  /** Answers like this from now on. */
  answer(stream: Pick<OddStream, 'send'>): void {
    this.#send = stream.send
  }

  /** The last assertion of a test. */
  async nothingLeft(): Promise<void> {
    await expectNothingLeft(this.#app, {
      busyConnections: () => this.#upstream.busyConnections,
      doubleReleases: () => this.#pool?.getMetrics().doubleReleases ?? 0,
    })
  }

  /** Stops both. */
  async stop(): Promise<void> {
    await this.#app?.stop(0)
    this.#upstream.stop()
  }
}

/** Longer than the heartbeats of the stand that sends them are apart. */
const QUIET_MS = 60

/** Comes in halves of events, with ids, and with a pause before each half. */
export const pausing: OddStream = {
  comes: 'whole',
  async send(connection, dialect) {
    await connection.head(200, { 'content-type': 'text/event-stream' })
    for (const [index, event] of streamedAnswers[dialect].events.entries()) {
      const text = `id: ${index}\n${event}`
      const half = Math.floor(text.length / 2)
      for (const piece of [text.slice(0, half), text.slice(half)]) {
        await Bun.sleep(QUIET_MS)
        await connection.chunk(piece)
      }
    }
    await Bun.sleep(QUIET_MS)
    await connection.end()
  },
}
