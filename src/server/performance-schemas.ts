/** What the routes about performance and streams answer, held to the types by the compiler. */
import { z } from 'zod'
import type { Percentiles as Distribution } from '../observe/performance.ts'
import {
  type HealthStats,
  type PerformanceAnswer,
  performanceMetrics,
  type StreamsAnswer,
} from './performance-answer.ts'
import { FinishedRequest, LiveDetail, LiveStream } from './stream-schemas.ts'

interface OfWorker {
  readonly worker: { readonly id: number; readonly total: number }
}

const count = z.int().min(0).max(Number.MAX_SAFE_INTEGER)
const number = z.number().min(0)
const nullable = number.nullable()
const rate = z.number().min(0).max(1).nullable().describe('Null where there was no request.')
const worker = z
  .object({ id: count, total: count })
  .describe('Which worker gathered the answer, of how many.')

const Percentiles: z.ZodType<Distribution> = z
  .object({
    count: count.describe('How many were measured.'),
    average: nullable,
    p50: nullable,
    p90: nullable,
    p95: nullable,
    p99: nullable,
    max: nullable,
  })
  .describe('All null where nothing was measured.')

const endReasons = z
  .record(z.string(), count)
  .describe('How many requests ended for which reason, such as `completed` or `client_gone`.')

const stats = {
  totalRequests: count,
  totalStreamingRequests: count,
  totalErrors: count.describe('Not those that were the caller’s fault, nor its departures.'),
  errorRate: rate,
  averageLatency: nullable.describe('To the end of the answer, in milliseconds.'),
  averageFirstTokenLatency: nullable.describe('In milliseconds, as the clients saw it.'),
  throughput: nullable.describe('Requests a second.'),
  tokenThroughput: nullable.describe('Output tokens a second, of all requests together.'),
  latencyMs: Percentiles,
  firstTokenMs: Percentiles,
  answerMs: Percentiles.describe('From an attempt to its first content: what a provider took.'),
  gapMs: Percentiles.describe('Between the events with content.'),
  queueWaitMs: Percentiles,
  overheadMs: Percentiles.describe('What sluice itself took until the response opened.'),
  tokensPerSecond: Percentiles.describe('Of single streams, from the first content to the end.'),
  attempts: count,
  failedAttempts: count.describe('Also where another one then answered the request.'),
  attemptErrorRate: rate.describe('What a provider is to be judged by. Null without attempts.'),
  retries: count,
  hedges: count,
  failovers: count,
  recoveries: count.describe('Answers that broke, and that another one went on with.'),
  inputTokens: count,
  outputTokens: count,
  cachedInputTokens: count,
  costUsd: nullable.describe('Of the requests whose cost is known; null where it is of none.'),
  requestsOfUnknownCost: count,
  endReasons,
}

const PerformanceHealth: z.ZodType<HealthStats> = z.object({
  status: z
    .enum(['healthy', 'degraded', 'failing'])
    .describe(
      '`failing`: new requests are refused, or half of them fail. `degraded`: a breaker is not ' +
        'closed, a worker has much to do, the shared store is away, or one in twenty fails.',
    ),
  totalRequests: count,
  totalErrors: count,
  errorRate: rate,
  endReasons,
  breakers: z.array(
    z
      .object({
        target: z.string(),
        state: z.enum(['closed', 'open', 'half-open']),
        override: z.enum(['auto', 'open', 'closed']),
        consecutiveFailures: count,
        openForMs: number,
      })
      .describe('In the worst state of all workers.'),
  ),
  limits: z.array(
    z.object({
      name: z.string(),
      inside: count,
      waiting: count,
      limit: count.nullable().describe('Null where nothing limits them.'),
    }),
  ),
  workers: z.array(
    z.object({
      worker: count,
      load: z.enum(['normal', 'strained', 'shedding']),
      pressure: number,
      cause: z.enum(['memory', 'event-loop', 'descriptors']).nullable(),
      liveRequests: count,
      memoryBytes: count,
      eventLoopLagMs: number,
      store: z.object({
        name: z.enum(['memory', 'sqlite', 'redis']),
        state: z.enum(['ready', 'away']),
      }),
    }),
  ),
  recentErrors: z.array(FinishedRequest).describe('The newest first.'),
})

const Performance: z.ZodType<PerformanceAnswer & OfWorker> = z.object({
  metric: z.enum(performanceMetrics),
  windowMs: count,
  coveredMs: count.describe('How much of the window is covered since the start.'),
  workers: count.describe('How many have answered.'),
  performance: z
    .object({
      ...stats,
      topPerformingProvider: z
        .string()
        .nullable()
        .describe(
          'Whom one waits for least: the median of `answerMs`, divided by the part of the ' +
            'attempts that do not fail.',
        ),
      liveRequests: count,
    })
    .optional()
    .describe('With `metric=summary`.'),
  stats: z
    .object({ provider: z.string(), ...stats })
    .optional()
    .describe('With `metric=provider` and a provider.'),
  providers: z
    .array(z.object({ provider: z.string(), ...stats }))
    .optional()
    .describe('With `metric=provider` and no provider.'),
  health: PerformanceHealth.optional().describe('With `metric=health`.'),
  streaming: z
    .object({
      totalStreams: count,
      liveStreams: count,
      firstTokenMs: Percentiles,
      gapMs: Percentiles,
      tokensPerSecond: Percentiles,
      stalls: count.describe('Gaps of a second and more.'),
      events: count,
      eventsPerSecond: nullable,
      bytesIn: count,
      bytesOut: count,
      heartbeats: count,
      backpressureMs: number.describe('How long clients took nothing, together.'),
      recoveries: count,
      resumes: count,
      endReasons,
    })
    .optional()
    .describe('With `metric=streaming`.'),
  variants: z
    .array(
      z.object({
        route: z.string().nullable().describe('Null for a model that no route has.'),
        provider: z.string(),
        model: z
          .string()
          .nullable()
          .describe('`other` for all names that only callers have said so far.'),
        share: rate.describe('Its part of the requests of its route.'),
        ...stats,
      }),
    )
    .optional()
    .describe('With `metric=variant`: the targets of each route, beside each other.'),
  worker,
})

const Streams: z.ZodType<StreamsAnswer & OfWorker> = z.object({
  streams: z.array(LiveStream).describe('The oldest first.'),
  total: count.describe('How many there are, of which those are the first.'),
  workers: count.describe('How many have answered.'),
  worker,
})

const Stream = z.union([
  z.object({ state: z.literal('live'), stream: LiveDetail, worker }),
  z.object({ state: z.literal('ended'), stream: FinishedRequest, worker }),
])

const StreamEnded = z.object({ id: z.string(), ended: z.literal(true), worker })

/** Name in the document -> schema. */
export const performanceSchemas = {
  Performance,
  PerformanceHealth,
  Percentiles,
  Streams,
  LiveStream,
  LiveDetail,
  Stream,
  StreamEnded,
  FinishedRequest,
} as const
