/** The soak itself: providers in a bad mood, clients without manners, and the app between them. */
import { join } from 'node:path'
import type { Config, RouteSettings } from '../../../src/config/config.ts'
import { loadConfig } from '../../../src/config/env.ts'
import { plainTraits } from '../../../src/provider/call.ts'
import { eventually } from '../../kit/signal.ts'
import type { Upstream } from '../../kit/upstream.ts'
import { Random } from '../random.ts'
import type { Census, FromApp, ToApp } from './app.ts'
import { playOne, type Seen } from './client.ts'
import { startMoodyProvider } from './provider.ts'

/** How long, how wide, and with which dice. */
export interface SoakOptions {
  readonly seconds: number
  readonly concurrency: number
  readonly seed: number
  /** Told about every `everySeconds`. */
  readonly everySeconds: number
  readonly tell: (line: string) => void
}

/** What a soak came to. */
export interface SoakResult {
  readonly requests: number
  readonly seen: Readonly<Record<Seen, number>>
  /** Answers that lied, in words; none in a good run. */
  readonly lies: readonly string[]
  /** Taken before the first request, after a third, at the end, and when all was quiet. */
  readonly before: Census
  readonly early: Census
  readonly late: Census
  readonly quiet: Census
}

const names = ['a', 'b', 'c'] as const

/** The app with two routes over three providers, and clocks that are a hundred times too short. */
function configOf(providers: readonly Upstream[]): Config {
  const addresses = Object.fromEntries(
    names.map((name, index) => [`${name.toUpperCase()}_BASE_URL`, `${providers[index]?.url}/v1`]),
  )
  const loaded = loadConfig({
    PORT: '0',
    OPENAI_COMPATIBLE_PROVIDERS: names.join(','),
    ...addresses,
    STREAM_HEARTBEAT_INTERVAL_MS: '100',
    STREAM_HEADERS_TIMEOUT_MS: '400',
    STREAM_FIRST_TOKEN_TIMEOUT_MS: '600',
    STREAM_IDLE_TIMEOUT_MS: '400',
    STREAM_TOTAL_TIMEOUT_MS: '20s',
    HEDGE_DELAY_MIN_MS: '100',
    HEDGE_DELAY_UNKNOWN_MS: '200',
    RETRY_BASE_MS: '10',
    BREAKER_OPEN_MS: '500',
    BREAKER_OPEN_MAX_MS: '2s',
  })
  if (!loaded.ok) throw new Error(loaded.problems.join('\n'))
  const targets = names.map((name) => ({
    ...plainTraits,
    model: `${name}/m`,
    prefill: false,
  }))
  const smart: RouteSettings = {
    name: 'smart',
    targets,
    strategy: 'round-robin',
    midstream: 'error',
    hedge: true,
  }
  const careful: RouteSettings = { ...smart, name: 'careful', midstream: 'recover', hedge: false }
  return { ...loaded.config, routes: [smart, careful] }
}

/** The app's process. */
class AppProcess {
  readonly #process: Bun.Subprocess
  readonly #listening = Promise.withResolvers<string>()
  #waiting: ((census: Census) => void) | null = null

  constructor(config: Config) {
    this.#process = Bun.spawn([process.execPath, join(import.meta.dir, 'app.ts')], {
      stdio: ['ignore', 'inherit', 'inherit'],
      serialization: 'json',
      ipc: (message: FromApp) => {
        if (message.type === 'listening') this.#listening.resolve(message.url)
        else this.#waiting?.(message.census)
      },
    })
    this.#send({ type: 'start', config })
  }

  get url(): Promise<string> {
    return this.#listening.promise
  }

  census(): Promise<Census> {
    return new Promise((resolve) => {
      this.#waiting = resolve
      this.#send({ type: 'census' })
    })
  }

  stop(): void {
    this.#process.kill('SIGKILL')
  }

  #send(message: ToApp): void {
    this.#process.send(message)
  }
}

/** Runs it. Ends by itself, whatever happens. */
export async function soak(options: SoakOptions): Promise<SoakResult> {
  const { seconds, concurrency, seed, everySeconds, tell } = options
  const random = new Random(seed)
  const providers = names.map(() => startMoodyProvider(new Random(random.between(0, 2 ** 31))))
  const app = new AppProcess(configOf(providers))
  const seen: Record<Seen, number> = { whole: 0, 'in-band error': 0, status: 0, cut: 0, left: 0 }
  const lies: string[] = []
  let requests = 0
  try {
    const url = await app.url
    const before = await app.census()
    const startedAtMs = performance.now()
    const elapsed = (): number => (performance.now() - startedAtMs) / 1000
    const drive = async (dice: Random): Promise<void> => {
      while (elapsed() < seconds && lies.length < 10) {
        requests += 1
        try {
          seen[await playOne(url, dice)] += 1
        } catch (thrown) {
          lies.push(thrown instanceof Error ? thrown.message : String(thrown))
        }
      }
    }
    const clients = Array.from({ length: concurrency }, () =>
      drive(new Random(random.between(0, 2 ** 31))),
    )
    // The runtime takes a while until it has all the memory that it wants for such a load.
    const early = await censusAfter(app, seconds / 3, elapsed, everySeconds, tell)
    const late = await censusAfter(app, seconds, elapsed, everySeconds, tell)
    await Promise.all(clients)
    const quiet = await quietCensus(app, requests)
    return { requests, seen, lies, before, early, late, quiet }
  } finally {
    app.stop()
    for (const provider of providers) provider.stop()
  }
}

async function censusAfter(
  app: AppProcess,
  seconds: number,
  elapsed: () => number,
  everySeconds: number,
  tell: (line: string) => void,
): Promise<Census> {
  for (;;) {
    const leftSeconds = seconds - elapsed()
    if (leftSeconds <= 0) return app.census()
    await Bun.sleep(Math.min(leftSeconds, everySeconds) * 1000)
    const census = await app.census()
    const done = Object.values(census.ended).reduce((sum, count) => sum + count, 0)
    const mb = (bytes: number): string => `${(bytes / 1e6).toFixed(0)} MB`
    tell(
      `${elapsed().toFixed(0)} s: ${done} ended, rss ${mb(census.rssBytes)}, ` +
        `heap ${mb(census.heapBytes)}, ${census.openFiles} files, ` +
        `${census.objects.Promise} promises`,
    )
  }
}

/** When nothing is under way any more. */
async function quietCensus(app: AppProcess, requests: number): Promise<Census> {
  let census = await app.census()
  await eventually(
    async () => {
      census = await app.census()
      const ended = Object.values(census.ended).reduce((sum, count) => sum + count, 0)
      const isClear = Object.values(census.leftovers).every((count) => count === 0)
      return isClear && ended <= requests
    },
    () => `left: ${JSON.stringify(census.leftovers)}`,
    15_000,
  )
  return census
}
