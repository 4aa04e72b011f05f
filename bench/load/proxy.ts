/** The parent's end of a measured proxy. */
import type { FromProxy, ProxyKind, ProxyReading, ToProxy } from './proxy-process.ts'

/** Collections of the garbage collector, as the runtime logs them. */
export interface Collections {
  readonly count: number
  readonly totalMs: number
}

/** How to start one. */
export interface ProxyOptions {
  readonly kind: ProxyKind
  readonly upstreamUrl: string
  /** For the program: its variables. */
  readonly environment?: Readonly<Record<string, string>>
  /** Whether readings of the program tell how long admission took. */
  readonly timesAdmission?: boolean
  /** Arguments of the runtime, such as those of its profiler. */
  readonly runtimeArguments?: readonly string[]
}

/** A running proxy, in a process of its own. */
export class MeasuredProxy {
  readonly #process: Bun.Subprocess<'ignore', 'inherit', 'pipe'>
  readonly #ready = Promise.withResolvers<string>()
  #reading: PromiseWithResolvers<ProxyReading> | null = null
  #done: PromiseWithResolvers<void> | null = null
  #collections = 0
  #collectionMs = 0
  #log = ''
  #url = ''

  private constructor({ runtimeArguments = [] }: ProxyOptions) {
    const script = `${import.meta.dir}/proxy-process.ts`
    this.#process = Bun.spawn([process.execPath, ...runtimeArguments, script], {
      stdio: ['ignore', 'inherit', 'pipe'],
      // The log of the garbage collector is the one place where the runtime tells of collections.
      env: { ...process.env, BUN_JSC_logGC: '1', BUN_CONFIG_MAX_HTTP_REQUESTS: '20000' },
      serialization: 'json',
      ipc: (message: FromProxy) => {
        if (message.type === 'ready') this.#ready.resolve(message.url)
        else if (message.type === 'done') this.#done?.resolve()
        else this.#reading?.resolve(message.reading)
      },
    })
    void this.#readLog()
  }

  /** Starts a proxy. Throws where it ends before it listens. */
  static async start(options: ProxyOptions): Promise<MeasuredProxy> {
    const proxy = new MeasuredProxy(options)
    const { kind, upstreamUrl, environment = {}, timesAdmission = false } = options
    proxy.#send({ type: 'start', kind, upstreamUrl, environment, timesAdmission })
    proxy.#url = await proxy.#ready.promise
    return proxy
  }

  /** Where it listens. */
  get url(): string {
    return this.#url
  }

  /** Its collections so far, where the runtime logs them. */
  get collections(): Collections {
    return { count: this.#collections, totalMs: this.#collectionMs }
  }

  /** What it has used; with `collect` after a full collection. */
  read(collect = false): Promise<ProxyReading> {
    this.#reading = Promise.withResolvers<ProxyReading>()
    this.#send({ type: 'read', collect })
    return this.#reading.promise
  }

  /** Begins to record what its processor does. @returns what ends it, into a new file. */
  async profile(): Promise<(file: string) => Promise<void>> {
    await this.#do({ type: 'profile' })
    return (file) => this.#do({ type: 'end-profile', file })
  }

  /** Writes all that is in its heap, after a full collection, to a new file. */
  snapshot(file: string): Promise<void> {
    return this.#do({ type: 'snapshot', file })
  }

  #do(message: ToProxy): Promise<void> {
    this.#done = Promise.withResolvers<void>()
    this.#send(message)
    return this.#done.promise
  }

  /** Buffers that its pool has made, as its own page tells; only for the program itself. */
  async allocations(): Promise<number> {
    const response = await fetch(`${this.#url}/buffer-pool-metrics`, { proxy: '' })
    const metrics = (await response.json()) as { allocations: number; totalInUse: number }
    if (metrics.totalInUse !== 0) throw new Error('A buffer was not given back.')
    return metrics.allocations
  }

  /** Ends it and waits for that. */
  async stop(): Promise<void> {
    this.#process.disconnect()
    await this.#process.exited
  }

  #send(message: ToProxy): void {
    this.#process.send(message)
  }

  async #readLog(): Promise<void> {
    const decoder = new TextDecoder()
    let rest = ''
    for await (const bytes of this.#process.stderr) {
      const lines = (rest + decoder.decode(bytes, { stream: true })).split('\n')
      rest = lines.pop() ?? ''
      for (const line of lines) this.#readLine(line)
    }
    const failure = new Error(`The proxy ended:\n${this.#log}`)
    this.#ready.reject(failure)
    this.#reading?.reject(failure)
    this.#done?.reject(failure)
  }

  #readLine(line: string): void {
    const cycle = /cycle ([\d.]+)ms END\]$/.exec(line)
    if (cycle !== null) {
      this.#collections += 1
      this.#collectionMs += Number(cycle[1])
    } else if (!/^\[GC<|^GC /.test(line)) {
      this.#log += `${line}\n`
    }
  }
}
