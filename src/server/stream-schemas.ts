/** Requests under way, and those that ended, in the documentation. */
import { z } from 'zod'
import type {
  FinishedAttempt as Attempt,
  FinishedRequest as Finished,
} from '../observe/finished.ts'
import type { LiveStream as Live } from '../observe/live.ts'
import type { LiveDetail as Detail } from '../observe/live-stream.ts'
import { livePhases } from './performance-query.ts'

const count = z.int().min(0).max(Number.MAX_SAFE_INTEGER)
const number = z.number().min(0)
const nullable = number.nullable()
const text = z.string().nullable()
const wallTime = z.number().describe('Milliseconds since 1970.')

const attempt = z
  .object({
    target: z.string().describe('`provider/model`.'),
    kind: z.string().describe('Why it was made: first, retry, failover, hedge and others.'),
    outcome: text.describe('`answered`, `outrun` or the code of an error; null while it lasts.'),
    status: count.nullable(),
    startedMs: number,
    headersMs: nullable,
    answeredMs: nullable.describe('When content was there.'),
    endedMs: nullable,
  })
  .describe('Times since the request began.') as unknown as z.ZodType<Attempt>

const live = {
  id: z.string(),
  at: wallTime,
  worker: count,
  phase: z
    .enum(livePhases)
    .describe(
      '`queued` until a provider is asked, `waiting` until content comes; `blocked` while the ' +
        'client takes nothing, `detached` when it has left an answer that is kept for it.',
    ),
  endpoint: z.string(),
  provider: text,
  model: text,
  route: text,
  keyId: text,
  streaming: z.boolean(),
  attempts: count,
  ageMs: number,
  queueWaitMs: number,
  queuePosition: count.nullable(),
  firstContentMs: nullable,
  sinceEventMs: nullable.describe('Since the last event with content.'),
  events: count,
  eventsPerSecond: nullable,
  bytesIn: count,
  bytesOut: count,
  heldBytes: count.describe('Memory that it holds, about.'),
  gapMaxMs: nullable,
  stalls: count.describe('Gaps of a second and more.'),
  heartbeats: count,
  backpressureMs: number,
}

/** One that is under way, as it is listed. */
export const LiveStream: z.ZodType<Live> = z.object(live)

/** One that is under way, by itself. */
export const LiveDetail: z.ZodType<Detail> = z.object({
  ...live,
  attemptLog: z.array(attempt),
  firstEventMs: nullable,
  gapP50Ms: nullable,
  gapP99Ms: nullable,
  backpressureEvents: count,
  requestBytes: count,
})

/** One that has ended. */
export const FinishedRequest = z
  .object({
    id: z.string(),
    at: wallTime,
    endpoint: z.string(),
    provider: text,
    model: text,
    route: text,
    keyId: text,
    streaming: z.boolean(),
    status: count,
    endReason: text,
    errorCode: text,
    errorCause: text.describe('The code of what lies behind an error.'),
    attempts: z.array(attempt),
    recovery: z.enum(['prefill', 'restart', 'failed']).nullable(),
    queueWaitMs: number,
    headersMs: nullable,
    firstEventMs: nullable,
    firstContentMs: nullable,
    durationMs: number,
    clientGoneMs: nullable.describe('When the client was found to have left.'),
    overheadMs: number,
    gapP50Ms: nullable,
    gapP99Ms: nullable,
    gapMaxMs: nullable,
    stalls: count,
    tokensPerSecond: nullable,
    events: count,
    droppedEvents: count,
    requestBytes: count,
    bytesIn: count,
    bytesOut: count,
    heartbeats: count,
    backpressureEvents: count,
    backpressureMs: number,
    inputTokens: count.nullable(),
    outputTokens: count.nullable(),
    cachedInputTokens: count.nullable(),
    reasoningTokens: count.nullable(),
    costMicroUsd: count.nullable(),
    otherCostMicroUsd: count.nullable().describe('Of attempts whose answer nobody got.'),
    finishReason: text,
    resumes: count,
  })
  .describe('Times in milliseconds since it began.') as unknown as z.ZodType<Finished>
