/** The app as a process of its own, so that its memory is nobody else's; it answers to messages. */
import { heapStats } from 'bun:jsc'
import { readdirSync } from 'node:fs'
import { type App, startApp } from '../../../src/app.ts'
import { createBufferPool } from '../../../src/buffer/pool.ts'
import type { Config } from '../../../src/config/config.ts'

/** What the process tells when it is asked. */
export interface Census {
  readonly rssBytes: number
  readonly heapBytes: number
  /** Live objects of the runtime that would grow with a leak, by type. */
  readonly objects: Readonly<Record<string, number>>
  readonly openFiles: number
  readonly leftovers: Readonly<Record<string, number>>
  /** Finished requests by end reason. */
  readonly ended: Readonly<Record<string, number>>
  readonly recoveries: Readonly<Record<string, number>>
  readonly attempts: number
  readonly hedges: number
}

/** To the process. */
export type ToApp =
  | { readonly type: 'start'; readonly config: Config }
  | { readonly type: 'census' }

/** From the process. */
export type FromApp =
  | { readonly type: 'listening'; readonly url: string }
  | { readonly type: 'census'; readonly census: Census }

const watched = [
  'Promise',
  'AbortSignal',
  'AbortController',
  'ReadableStream',
  'Response',
  'Timeout',
]

let app: App | null = null
const ended: Record<string, number> = {}
const recoveries: Record<string, number> = {}
let attempts = 0
let hedges = 0

const add = (counts: Record<string, number>, name: string): void => {
  counts[name] = (counts[name] ?? 0) + 1
}

async function start(config: Config): Promise<string> {
  const pool = createBufferPool(config.bufferPool, { assertZeroed: true })
  app = await startApp(
    config,
    { id: 0, total: 0 },
    {
      pool,
      log: {
        request: (exchange) => {
          add(ended, exchange.endReason ?? 'none')
          if (exchange.recovery !== null) add(recoveries, exchange.recovery)
          attempts += exchange.attempts
          hedges += exchange.attemptLog.filter(({ kind }) => kind === 'hedge').length
        },
        line: () => {},
      },
    },
  )
  return app.url.origin
}

function census(): Census {
  Bun.gc(true)
  const { objectTypeCounts, heapSize } = heapStats()
  return {
    rssBytes: process.memoryUsage.rss(),
    heapBytes: heapSize,
    objects: Object.fromEntries(watched.map((type) => [type, objectTypeCounts[type] ?? 0])),
    openFiles: openFiles(),
    leftovers: app?.leftovers() ?? {},
    ended,
    recoveries,
    attempts,
    hedges,
  }
}

function openFiles(): number {
  try {
    return readdirSync('/proc/self/fd').length
  } catch {
    return 0
  }
}

const send = (message: FromApp): void => void process.send?.(message)

process.on('message', async (message: ToApp) => {
  if (message.type === 'start') send({ type: 'listening', url: await start(message.config) })
  else send({ type: 'census', census: census() })
})
process.on('disconnect', () => process.exit(0))
