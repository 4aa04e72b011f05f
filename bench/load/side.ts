/** A measured proxy with its clients: what a request costs it. */
import type { AdmissionTimes } from './admission-clock.ts'
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

  /** What admission took of so many, where it is timed; first some that do not count. */
  async admissionTimes(
    request: Uint8Array,
    warmUp: number,
    count: number,
  ): Promise<AdmissionTimes> {
    await this.send(request, warmUp)
    await this.#proxy.read()
    await this.send(request, count)
    const { admission } = await this.#proxy.read()
    if (admission === null) throw new Error('Admission is not timed.')
    return admission
  }

  async stop(): Promise<void> {
    for (const client of this.#clients) client.close()
    await this.#proxy.stop()
  }
}
