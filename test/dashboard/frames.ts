/** Points, requests and streams as the dashboard is sent them, with what a test says of them. */
import type { DashboardFrame, DashboardPoint } from '../../src/observe/dashboard/frame.ts'
import type { FinishedAttempt, FinishedRequest } from '../../src/observe/finished.ts'

/** A second of which nothing special is to be told. */
export function point(at: number, changes: Partial<DashboardPoint> = {}): DashboardPoint {
  return {
    ...{ at, requests: 0, errors: 0, outputTokens: 0, bytesOut: 0, live: 0, waiting: 0 },
    ...{ firstContentP50Ms: null, firstContentP95Ms: null, firstContentP99Ms: null },
    ...{ gapP50Ms: null, gapP99Ms: null, poolHitRate: null, eventLoopLagMs: 0, memoryBytes: 0 },
    ...changes,
  }
}

/** A frame with these points; what else it holds does not matter to who keeps it. */
export function frameOf(at: number, points: readonly DashboardPoint[]): DashboardFrame {
  return { at, points, version: '1' } as Partial<DashboardFrame> as DashboardFrame
}

/** An attempt that failed at once. */
export function attempt(changes: Partial<FinishedAttempt> = {}): FinishedAttempt {
  return {
    ...{ target: 'openai/gpt-5', kind: 'first', outcome: 'upstream_closed', status: null },
    ...{ startedMs: 0, headersMs: null, answeredMs: null, endedMs: 10 },
    ...changes,
  }
}

/** A request that failed after a second. */
export function request(changes: Partial<FinishedRequest> = {}): FinishedRequest {
  const base: Partial<FinishedRequest> = {
    ...{ id: 'req_1', at: 0, attempts: [], queueWaitMs: 0, durationMs: 1000 },
    ...{ errorCode: 'upstream_reset', endReason: 'upstream_reset' },
  }
  return { ...base, ...changes } as FinishedRequest
}
