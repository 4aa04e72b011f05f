/**
 * A proxy in a process of its own, so that what it costs is told apart from what the client and
 * the provider of a bench cost. Its parent sends it the kind, the provider and the environment,
 * and then asks for readings.
 */
import { heapStats } from 'bun:jsc'
import { readFileSync } from 'node:fs'
import type { AppParts } from '../../src/app/kept.ts'
import { startApp } from '../../src/app.ts'
import { loadConfig } from '../../src/config/env.ts'
import { Observer } from '../../src/observe/observer.ts'
import { startCpuProfile } from '../../src/observe/profile/cpu-profile.ts'
import { writeNew } from '../../src/observe/profile/profiler.ts'
import { AdmissionClock, type AdmissionTimes } from './admission-clock.ts'

/**
 * What can be measured: the program itself, and what a proxy of a few lines would do.
 * - `one-of-two`: the program as a worker that shares the machine with another
 * - `unmeasured`: the program, with nothing taken down of what ended
 * - `passthrough`: hands the provider's body to the server as it is; the least any proxy costs
 * - `buffered`: reads the whole body, then answers
 * - `naive`: copies every chunk into a new array and enqueues it, whether or not the client reads
 */
export type ProxyKind = 'sluice' | 'one-of-two' | 'unmeasured' | PlainKind

type PlainKind = 'passthrough' | 'buffered' | 'naive'

/** From the parent. */
export type ToProxy =
  | {
      readonly type: 'start'
      readonly kind: ProxyKind
      readonly upstreamUrl: string
      readonly environment: Readonly<Record<string, string>>
      /** Of the program: whether each reading tells how long admission took. */
      readonly timesAdmission: boolean
    }
  | { readonly type: 'read'; readonly collect: boolean }
  /** Begins to record what the processor does. */
  | { readonly type: 'profile' }
  /** Writes what was recorded to a new file. */
  | { readonly type: 'end-profile'; readonly file: string }
  /** Writes all that is in the heap to a new file. */
  | { readonly type: 'snapshot'; readonly file: string }

/** What the process has used and holds. */
export interface ProxyReading {
  /** Processor time of all its threads since it started. */
  readonly cpuMs: number
  readonly rssBytes: number
  /** The most it ever held in memory. */
  readonly rssPeakBytes: number
  readonly heapBytes: number
  readonly heapObjects: number
  /** Since the last reading; null where it is not timed. */
  readonly admission: AdmissionTimes | null
}

/** To the parent. */
export type FromProxy =
  | { readonly type: 'ready'; readonly url: string }
  | { readonly type: 'reading'; readonly reading: ProxyReading }
  /** What was asked for, other than the two above, is done. */
  | { readonly type: 'done' }

process.on('disconnect', () => process.exit(0))
process.on('message', async (message: ToProxy) => {
  if (message.type === 'start') {
    if (message.timesAdmission) admission = new AdmissionClock()
    const url = await start(message.kind, message.upstreamUrl, message.environment)
    tell({ type: 'ready', url })
  } else if (message.type !== 'read') {
    await profile(message)
    tell({ type: 'done' })
  } else {
    if (message.collect) Bun.gc(true)
    tell({ type: 'reading', reading: read() })
  }
})

let admission: AdmissionClock | null = null
let endProfile: (() => Promise<object>) | null = null

async function profile(message: Exclude<ToProxy, { readonly type: 'start' | 'read' }>) {
  if (message.type === 'profile') {
    endProfile = await startCpuProfile()
  } else if (message.type === 'end-profile') {
    await writeNew(message.file, JSON.stringify(await endProfile?.()))
  } else {
    Bun.gc(true)
    await writeNew(message.file, new Uint8Array(Bun.generateHeapSnapshot('v8', 'arraybuffer')))
  }
}

function tell(message: FromProxy): void {
  process.send?.(message)
}

async function start(
  kind: ProxyKind,
  upstreamUrl: string,
  environment: Readonly<Record<string, string>>,
): Promise<string> {
  if (kind === 'passthrough' || kind === 'buffered' || kind === 'naive') {
    return startPlain(kind, upstreamUrl)
  }
  const loaded = loadConfig({
    PORT: '0',
    LOG_LEVEL: 'warn',
    OPENAI_API_KEY: 'sk-bench',
    OPENAI_BASE_URL: `${upstreamUrl}/v1`,
    ...environment,
  })
  if (!loaded.ok) throw new Error(loaded.problems.join('\n'))
  const parts: AppParts = {
    ...(kind === 'unmeasured' && { observer: new BlindObserver() }),
    ...(admission !== null && { around: admission.around }),
  }
  const worker = kind === 'one-of-two' ? { id: 1, total: 2 } : { id: 0, total: 0 }
  const app = await startApp(loaded.config, worker, parts)
  return app.url.origin
}

/** Remembers nothing, so that what remembering costs can be told. */
class BlindObserver extends Observer {
  override record(): undefined {}
}

/** The least code that forwards a request, with each way to send the answer on. */
function startPlain(kind: PlainKind, upstreamUrl: string): string {
  const server = Bun.serve({
    hostname: '127.0.0.1',
    port: 0,
    idleTimeout: 0,
    fetch: async (request) => {
      const { pathname } = new URL(request.url)
      const answer = await fetch(`${upstreamUrl}${pathname}`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: await request.arrayBuffer(),
        signal: request.signal,
        proxy: '',
      })
      const headers = { 'content-type': answer.headers.get('content-type') ?? '' }
      if (kind === 'buffered') return new Response(await answer.arrayBuffer(), { headers })
      const body = kind === 'naive' ? copied(answer) : answer.body
      return new Response(body, { headers })
    },
  })
  return server.url.origin
}

/** Pushes as fast as the provider sends; nobody asks whether the client keeps up. */
function copied(answer: Response): ReadableStream<Uint8Array> {
  return new ReadableStream({
    start(controller) {
      const push = async (): Promise<void> => {
        for await (const chunk of answer.body ?? []) controller.enqueue(new Uint8Array(chunk))
        controller.close()
      }
      push().catch((cause) => controller.error(cause))
    },
  })
}

function read(): ProxyReading {
  const { user, system } = process.cpuUsage()
  const { heapSize, objectCount } = heapStats()
  return {
    cpuMs: (user + system) / 1000,
    rssBytes: process.memoryUsage.rss(),
    rssPeakBytes: peakBytes(),
    heapBytes: heapSize,
    heapObjects: objectCount,
    admission: admission?.read() ?? null,
  }
}

/**
 * Linux counts the peak that other systems report from the parent's at the spawn on, unless it is
 * read from where it is kept for this program alone.
 */
function peakBytes(): number {
  try {
    const status = readFileSync('/proc/self/status', 'latin1')
    return Number(/^VmHWM:\s+(\d+) kB$/m.exec(status)?.[1]) * 1024
  } catch {
    return process.resourceUsage().maxRSS * 1024
  }
}
