/** A measured proxy with its clients: what a request costs it. */
import { BenchClient, sendMany } from './client.ts'
import { MeasuredProxy, type ProxyOptions } from './proxy.ts'

/** One side of a comparison. */
export class Side {
  readonly #proxy: MeasuredProxy
  readonly #clients: readonly BenchClient[]

  private constructor(proxy: MeasuredProxy, clients: readonly BenchClient[]) {
    this.#proxy = proxy
    this.#clients = clients
  }

  /** Starts a proxy, and so many clients of it. */
  static async start(options: ProxyOptions, connections: number): Promise<Side> {
    const proxy = await MeasuredProxy.start(options)
    const connecting = Array.from({ length: connections }, () => BenchClient.connect(proxy.url))
    return new Side(proxy, await Promise.all(connecting))
  }

  /** Sends so many. */
  async send(request: Uint8Array, count: number): Promise<void> {
    await sendMany(this.#clients, request, count)
  }

  /** Processor time of one request in microseconds, over so many. */
  async microsPerRequest(request: Uint8Array, count: number): Promise<number> {
    const before = await this.#proxy.read()
    await this.send(request, count)
    const after = await this.#proxy.read()
    return ((after.cpuMs - before.cpuMs) * 1000) / count
  }

  async stop(): Promise<void> {
    for (const client of this.#clients) client.close()
    await this.#proxy.stop()
  }
}
