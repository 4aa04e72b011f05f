/** What the operations answer, held to the types of the code by the compiler. */
import { z } from 'zod'
import { type OverloadView, overloadStages } from '../admission/overload.ts'
import type { BufferPoolMetrics as Metrics, TierMetrics as Tier } from '../buffer/lease.ts'
import type { GateView, LimitsView } from './options.ts'

interface OfWorker {
  readonly worker: { readonly id: number; readonly total: number }
}

/** What `/buffer-pool-metrics` answers. */
type WorkerMetrics = Metrics & OfWorker

/** What `/api/overload` answers. */
type WorkerOverload = OverloadView & OfWorker

/** What `/api/limits` answers. */
type WorkerLimits = LimitsView & OfWorker

/** What `/api/queue` answers. */
type WorkerQueue = { readonly gates: readonly GateView[] } & OfWorker

const count = z.int().min(0).max(Number.MAX_SAFE_INTEGER)

const Health = z.object({ status: z.literal('ok') }).meta({ example: { status: 'ok' } })

const Readiness = z
  .object({
    status: z.literal('ready'),
    configuration: z
      .string()
      .describe('Counts the configurations since the start, with the hash of the file behind.'),
  })
  .meta({ example: { status: 'ready', configuration: '2-9f8a31c4' } })

const TierMetrics: z.ZodType<Tier> = z.object({
  size: count.describe('Bytes of one buffer of this tier.'),
  available: count.describe('Free buffers, ready to be handed out.'),
  inUse: count,
  allocated: count.describe('`available + inUse`.'),
  hits: count.describe('Acquisitions served from a free buffer.'),
  misses: count.describe('Acquisitions for which a buffer had to be made.'),
  trimmed: count.describe('Free buffers given back after lying idle.'),
})

const BufferPoolMetrics: z.ZodType<WorkerMetrics> = z.object({
  enabled: z.boolean(),
  tiers: z.array(TierMetrics),
  totalBuffers: count,
  totalInUse: count,
  totalBytes: count.describe('Bytes held by the pool, free and in use.'),
  bytesMax: count.describe('The ceiling of `totalBytes`.'),
  overflow: count.describe('Buffers made outside of the tiers, since the start.'),
  overflowInUse: count,
  overflowBytes: count,
  allocations: count.describe('Buffers made in total, pooled or not.'),
  hitRate: z.number().min(0).max(1),
  doubleReleases: count.describe('Faults: a buffer was given back twice.'),
  timestamp: z.number().describe('Milliseconds since 1970.'),
  worker: z
    .object({ id: count, total: count })
    .describe('Which worker answered, of how many. 0 of 0 where there is only one process.'),
})

const pressure = z.number().min(0).max(1)

const Overload: z.ZodType<WorkerOverload> = z.object({
  stage: z.enum(overloadStages),
  pressure: pressure.describe('The worst of the three; 1 is at the limit.'),
  cause: z.enum(['memory', 'event-loop', 'descriptors']).nullable(),
  memory: z.object({
    pressure,
    bytes: count.describe('Resident memory of the process.'),
    bytesMax: count.describe('0 is no limit.'),
  }),
  eventLoop: z.object({
    pressure,
    lagMs: z.number().min(0).describe('The third worst lateness of the last five seconds.'),
    worstMs: z.number().min(0).describe('The worst of them.'),
    lagMaxMs: z.number().min(0).describe('0 is no limit.'),
  }),
  descriptors: z.object({
    pressure,
    open: count.nullable().describe('Null where the system does not say.'),
    max: count.nullable(),
  }),
  concurrentRequestsMax: count,
  shed: z
    .object({
      lowPriority: count.describe('Requests of low priority, refused because of the pressure.'),
      pressure: count.describe('Other requests, refused because of the pressure.'),
      concurrency: count.describe('Requests above `concurrentRequestsMax`.'),
    })
    .describe('Since the start.'),
  evicted: count.describe('Streams that were ended because memory was short, since the start.'),
  worker: z.object({ id: count, total: count }),
})

const Limits: z.ZodType<WorkerLimits> = z.object({
  store: z
    .object({
      name: z.enum(['memory', 'sqlite', 'redis']),
      state: z
        .enum(['ready', 'away'])
        .describe('`away` while it does not answer and this process decides by itself.'),
      processes: count.describe('Processes that share the store, as last known.'),
      operations: count,
      failures: count.describe('Operations that failed, for whatever reason.'),
      timeouts: count.describe('Those of them that exceeded their bound.'),
      reconnects: count,
      decidedLocally: count.describe('Requests that were decided by this process alone.'),
      undecided: count.describe('Requests refused because a budget could not be decided.'),
      lostSettlements: count.describe('Corrections that never arrived, or may not have.'),
      lostNews: count.describe('News to other processes that could not be sent.'),
    })
    .describe('All counts are since the start.'),
  places: count.describe('Places of streams with a limit that this worker holds.'),
  keys: z.object({
    configured: count.describe('Keys of the environment and of the file.'),
    remembered: count.describe('Managed keys that need not be looked up.'),
    absent: count.describe('Secrets that lately led to no key.'),
    lookups: count,
    failures: count.describe('Look-ups that the database did not answer.'),
    stale: count.describe('Requests let in by an old answer while the database was away.'),
  }),
  worker: z.object({ id: count, total: count }),
})

const Queue: z.ZodType<WorkerQueue> = z.object({
  gates: z.array(
    z.object({
      name: z.string().describe('A provider, or `provider/model` for a target of a route.'),
      inside: count.describe('Requests that it has now.'),
      waiting: count.describe('Requests that wait for it.'),
      limit: count
        .nullable()
        .describe('Requests that it may have at once, as of now; null where nothing limits them.'),
    }),
  ),
  worker: z.object({ id: count, total: count }),
})

const BreakerState = z.enum(['closed', 'open', 'half-open'])

const Breakers = z.object({
  breakers: z.array(
    z.object({
      target: z.string().describe('`provider/model`, with `#2` behind it for a second key.'),
      state: BreakerState,
      override: z.enum(['auto', 'open', 'closed']).describe('What an operator decided.'),
      consecutiveFailures: count,
      openForMs: count.describe('Until the next probe.'),
      share: z.number().min(0).max(1).describe('The part of its traffic that the target gets.'),
    }),
  ),
  worker: z.object({ id: count, total: count }),
})

/** What `PUT /api/breakers` takes. */
export const BreakerChange = z.strictObject({
  target: z.string().min(3).max(256).describe('As in the list.'),
  override: z.enum(['auto', 'open', 'closed']),
})

/** Name in the document -> schema. */
export const operationSchemas = {
  Breakers,
  BreakerChange,
  Health,
  Readiness,
  TierMetrics,
  BufferPoolMetrics,
  Overload,
  Limits,
  Queue,
} as const
