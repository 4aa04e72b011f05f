/** The program in this process between agents and all scripted providers. */
import { expect } from 'bun:test'
import { type App, startApp } from '../../src/app.ts'
import { createBufferPool } from '../../src/buffer/pool.ts'
import { loadConfig } from '../../src/config/env.ts'
import { createLog } from '../../src/observe/log.ts'
import { providerKinds } from '../../src/provider/registry.ts'
import { replay, sendJson } from '../kit/answers.ts'
import { expectNothingLeft } from '../kit/leftovers.ts'
import { startUpstream, type Upstream } from '../kit/upstream.ts'
import type { UpstreamConnection } from '../kit/upstream-connection.ts'
import type { UpstreamRequest } from '../kit/upstream-request.ts'
import type { Seen } from './conversation.ts'
import type { ScriptedProvider, Step } from './providers/provider.ts'

/** A request that a provider accepted. */
export interface Accepted {
  readonly provider: ScriptedProvider
  /** As it was on the wire. */
  readonly text: string
  readonly seen: Seen
}

/** Who is to be asked next, and for what. */
export interface Expected {
  readonly provider: ScriptedProvider
  readonly step: Step
}

/** Streams are cut here, so that no event comes in a piece of its own. */
const PIECE_BYTES = 61

/** A running stand. */
export class Stand {
  readonly app: App
  readonly accepted: Accepted[] = []
  readonly #upstreams: ReadonlyMap<string, Upstream>
  readonly #scene: { expected: Expected | null; complaint: unknown }

  private constructor(app: App, upstreams: ReadonlyMap<string, Upstream>, scene: Scene) {
    this.app = app
    this.#upstreams = upstreams
    this.#scene = scene
    scene.accept = (accepted) => this.accepted.push(accepted)
  }

  /** Starts an upstream for each name, and the program with all of them. */
  static async start(providers: readonly ScriptedProvider[]): Promise<Stand> {
    const scene: Scene = { expected: null, complaint: null, accept: () => 0 }
    const upstreams = new Map<string, Upstream>()
    const environment: Record<string, string> = { PORT: '0' }
    for (const provider of providers.filter(({ kind }) => providerKinds.includes(kind))) {
      const { name } = provider
      const running = upstreams.get(name) ?? startUpstream((...it) => answer(scene, name, ...it))
      upstreams.set(name, running)
      Object.assign(environment, provider.environment(running.url))
    }
    const loaded = loadConfig(environment)
    if (!loaded.ok) throw new Error(loaded.problems.join('\n'))
    const { config } = loaded
    const pool = createBufferPool(config.bufferPool, { assertZeroed: true })
    const log = createLog({ level: 'silent', format: 'json', worker: 0 }, () => true)
    const app = await startApp(config, { id: 0, total: 0 }, { log, pool })
    return new Stand(app, upstreams, scene)
  }

  /**
   * Runs `ask`, during which exactly one request must reach the provider that is expected.
   * @throws what the provider had against it, before what the client made of that.
   */
  async expecting<Result>(
    expected: Expected,
    ask: () => Promise<Result>,
  ): Promise<{ readonly result: Result; readonly accepted: Accepted }> {
    const before = this.accepted.length
    this.#scene.expected = expected
    this.#scene.complaint = null
    const [outcome] = await Promise.allSettled([ask()])
    if (this.#scene.complaint !== null) throw this.#scene.complaint
    if (outcome.status === 'rejected') throw outcome.reason
    expect(this.accepted).toHaveLength(before + 1)
    const accepted = this.accepted.at(-1)
    if (accepted === undefined) throw new Error('no request')
    return { result: outcome.value, accepted }
  }

  /** Expects that nothing is left, and stops. */
  async stop(): Promise<void> {
    const upstreams = [...this.#upstreams.values()]
    try {
      await expectNothingLeft(this.app, {
        scripts: () => upstreams.reduce((sum, { busyConnections }) => sum + busyConnections, 0),
      })
    } finally {
      await this.app.stop(0)
      for (const upstream of upstreams) upstream.stop()
    }
  }
}

interface Scene {
  expected: Expected | null
  complaint: unknown
  accept: (accepted: Accepted) => void
}

async function answer(
  scene: Scene,
  name: string,
  request: UpstreamRequest,
  connection: UpstreamConnection,
): Promise<void> {
  const text = await request.text()
  try {
    const { provider, step } = scene.expected ?? unexpected(name)
    expect(name).toBe(provider.name)
    expect([request.method, request.header('content-type')]).toEqual(['POST', 'application/json'])
    provider.expectHead(request)
    const body: unknown = JSON.parse(text)
    const parsed = provider.schema.safeParse(body)
    if (!parsed.success) throw new Error(`${parsed.error.message}\nin ${JSON.stringify(body)}`)
    scene.accept({ provider, text, seen: provider.read(parsed.data) })
    const bytes = provider.answer(step)
    const cuts = Array.from(
      { length: Math.floor(bytes.byteLength / PIECE_BYTES) },
      (_, index) => (index + 1) * PIECE_BYTES,
    )
    const headers = { 'content-type': provider.contentType }
    await replay(bytes, cuts, { headers })(request, connection)
  } catch (error) {
    scene.complaint ??= error
    await sendJson(connection, 400, {
      error: { message: 'refused', type: 'invalid_request_error' },
    })
  }
}

function unexpected(name: string): never {
  throw new Error(`nobody should have asked ${name}`)
}
