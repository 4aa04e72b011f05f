/**
 * The program in this process before its own simulated provider, which takes few requests at once,
 * and the keys that ask it over real connections.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type App, startApp } from '../../src/app.ts'
import { loadConfig } from '../../src/config/env.ts'
import { BenchClient } from '../load/client.ts'

/** What a stand is made of. */
export interface StandOptions {
  /** The classes of the keys, one for each key. */
  readonly keys: readonly ('high' | 'normal' | 'low')[]
  /** Requests that the provider takes at once. */
  readonly places: number
  readonly queueMax: number
}

/** How one request fared. */
export interface Fared {
  /** Who asked, by the name it gave with `send`. */
  readonly name: string
  readonly waitMs: number
  readonly isServed: boolean
}

/** After a refusal a client comes back so much later, which is the least that it is told. */
const REFUSED_PAUSE_MS = 1000

/** A running stand. */
export class FairnessStand {
  readonly fared: Fared[] = []
  readonly #app: App
  readonly #directory: string
  readonly #keys: readonly string[]
  readonly #idle: BenchClient[] = []

  private constructor(app: App, directory: string, keys: readonly string[], fared: Fared[]) {
    this.#app = app
    this.#directory = directory
    this.#keys = keys
    this.fared = fared
  }

  /** Starts it. Throws what is wrong with its configuration. */
  static async start({ keys, places, queueMax }: StandOptions): Promise<FairnessStand> {
    const directory = mkdtempSync(join(tmpdir(), 'sluice-fairness-'))
    const file = join(directory, 'sluice.json')
    const secrets = keys.map((_, index) => `sk-fairness-${String(index).padStart(6, '0')}`)
    const entries = keys.map((priority, index) => {
      return { name: `k${index}`, key: `env:FAIRNESS_KEY_${index}`, priority }
    })
    writeFileSync(file, JSON.stringify({ keys: entries }))
    const loaded = loadConfig({
      ...{ PORT: '0', CONFIG_FILE: file, QUEUE_MAX: `${queueMax}`, QUEUE_WAIT_MAX_MS: '60000' },
      // What is measured is the queue, and not what a busy machine sheds.
      ...{ EVENT_LOOP_LAG_MAX_MS: '0', MEMORY_LIMIT_BYTES: '0', MAX_CONCURRENT_REQUESTS: '10000' },
      ...Object.fromEntries(secrets.map((key, index) => [`FAIRNESS_KEY_${index}`, key])),
    })
    if (!loaded.ok) throw new Error(loaded.problems.join('\n'))
    const { config } = loaded
    const providers = config.providers.map((each) => ({ ...each, concurrencyMax: places }))
    const fared: Fared[] = []
    const log = {
      request(exchange: { model: string | null; queueWaitMs: number; status: number }): void {
        const name = exchange.model?.split(/[/?]/)[1] ?? ''
        const { queueWaitMs, status } = exchange
        fared.push({ name, waitMs: queueWaitMs, isServed: status === 200 })
      },
      line(): void {},
    }
    const app = await startApp({ ...config, providers }, { id: 0, total: 0 }, { log })
    return new FairnessStand(app, directory, secrets, fared)
  }

  /** Requests that wait now. */
  get waiting(): number {
    return this.#app.leftovers().queued ?? 0
  }

  /** One request with the key of that index, which the provider holds for `holdMs`. */
  async send(name: string, key: number, holdMs: number): Promise<boolean> {
    const client = this.#idle.pop() ?? (await BenchClient.connect(this.#app.url))
    try {
      await client.send(this.#bytes(name, key, holdMs))
      this.#idle.push(client)
      return true
    } catch {
      // A refusal: its connection is not used again, because the client has not read its body.
      client.close()
      return false
    }
  }

  /** `count` connections of one key that ask again as soon as they have their answer. */
  flood(name: string, key: number, count: number, holdMs: () => number): () => Promise<void> {
    let isOver = false
    const each = async (): Promise<void> => {
      while (!isOver) {
        if (!(await this.send(name, key, holdMs()))) await Bun.sleep(REFUSED_PAUSE_MS)
      }
    }
    const all = Array.from({ length: count }, each)
    return async () => {
      isOver = true
      await Promise.all(all)
    }
  }

  /** Stops everything. */
  async stop(): Promise<void> {
    for (const client of this.#idle.splice(0)) client.close()
    await this.#app.stop(1000)
    rmSync(this.#directory, { recursive: true, force: true })
  }

  #bytes(name: string, key: number, holdMs: number): Uint8Array {
    const model = `demo/${name}?headersMs=${holdMs}&tokens=1`
    const text = JSON.stringify({ model, messages: [{ role: 'user', content: 'Hello.' }] })
    return Buffer.from(
      'POST /v1/chat/completions HTTP/1.1\r\nhost: 127.0.0.1\r\n' +
        `authorization: Bearer ${this.#keys[key]}\r\ncontent-type: application/json\r\n` +
        `content-length: ${Buffer.byteLength(text)}\r\n\r\n${text}`,
    )
  }
}
