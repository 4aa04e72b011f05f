/** Rules, requests and parts for the tests of alerts. */
import type { AlertRule } from '../../../src/config/alert-rules.ts'
import type { RulePart } from '../../../src/observe/alerts/rule-counts.ts'
import type { FinishedAttempt, FinishedRequest } from '../../../src/observe/finished.ts'

/** A rule about failures, which fires at once unless something else is said. */
export const ruleOf = (rest: Partial<AlertRule> = {}): AlertRule => ({
  ...{ name: 'r', metric: 'errorRate', above: 0.5, windowSeconds: 60, forSeconds: 0 },
  ...{ minimumRequests: 1, provider: null, route: null, key: null, silenceSeconds: 0 },
  ...rest,
})

/** A worker that has seen the whole window, and nothing in it. */
export const partOf = (rest: Partial<RulePart> = {}): RulePart => ({
  ...{ requests: 0, sum: 0, spread: null, open: [], coveredMs: 1e9 },
  ...rest,
})

/** An attempt that was answered. */
export const attemptOf = (rest: Partial<FinishedAttempt> = {}): FinishedAttempt => ({
  ...{ target: 'openai/x', kind: 'first', outcome: 'answered', status: 200, startedMs: 0 },
  ...{ headersMs: 1, answeredMs: 2, endedMs: 3 },
  ...rest,
})

/** A request that ended well. */
export const finishedOf = (rest: Partial<FinishedRequest> = {}): FinishedRequest => ({
  ...{ id: 'req_x', at: 0, endpoint: 'chat-completions', provider: 'openai', model: 'x' },
  ...{ route: null, keyId: null, streaming: true, status: 200, endReason: 'completed' },
  ...{ errorCode: null, errorCause: null, attempts: [attemptOf()], recovery: null },
  ...{ queueWaitMs: 0, headersMs: 1, firstEventMs: 2, firstContentMs: 3, durationMs: 4 },
  ...{ overheadMs: 0, gapP50Ms: 1, gapP99Ms: 1, gapMaxMs: 1, stalls: 0, tokensPerSecond: 1 },
  ...{ events: 1, requestBytes: 1, bytesIn: 1, bytesOut: 1, heartbeats: 0 },
  ...{ clientGoneMs: null, droppedEvents: 0, otherCostMicroUsd: null },
  ...{ backpressureEvents: 0, backpressureMs: 0, inputTokens: 1, outputTokens: 1 },
  ...{ cachedInputTokens: null, reasoningTokens: null, costMicroUsd: 1, finishReason: 'stop' },
  resumes: 0,
  ...rest,
})
