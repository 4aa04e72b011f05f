/** The course of a request as spans of time: of its waiting, and of each attempt. */
import type { FinishedAttempt, FinishedRequest } from '../../observe/finished.ts'
import { counted, duration, words } from '../format.ts'

/** What happened in a span. */
export type SpanKind = 'queued' | 'headers' | 'first-content' | 'answer'

/** One span. Times in milliseconds since the request began. */
export interface Span {
  readonly kind: SpanKind
  readonly fromMs: number
  readonly toMs: number
}

/** One row of the timeline. */
export interface TimelineRow {
  readonly name: string
  /** What became of it. */
  readonly result: string
  readonly isFailure: boolean
  readonly spans: readonly Span[]
}

/** What each span is called. */
export const spanNames: Readonly<Record<SpanKind, string>> = {
  queued: 'waited for its turn',
  headers: 'waited for headers',
  'first-content': 'waited for content',
  answer: 'answered',
}

/** The rows: the queue where there was one, then the attempts in the order of their beginnings. */
export function timelineRows(request: FinishedRequest): readonly TimelineRow[] {
  const { queueWaitMs, attempts, durationMs } = request
  const queue: TimelineRow = {
    ...{ name: 'queue', result: duration(queueWaitMs), isFailure: false },
    spans: [{ kind: 'queued', fromMs: 0, toMs: queueWaitMs }],
  }
  // Less than a millisecond is the way through an empty queue.
  const rows = queueWaitMs >= 1 ? [queue] : []
  const ended = request.errorCode === null ? 'ended' : words(request.errorCode)
  return [
    ...rows,
    ...attempts.map((attempt) => ({
      name: attempt.target,
      result: resultOf(attempt, ended),
      isFailure: attempt.outcome !== 'outrun',
      spans: spansOf(attempt, durationMs),
    })),
  ]
}

/** An attempt that answered and is listed here broke off later, by what ended the request. */
function resultOf({ kind, outcome, status }: FinishedAttempt, ended: string): string {
  const result = outcome === 'answered' ? `answered, then ${ended}` : words(outcome ?? 'not ended')
  return [words(kind), status === null ? '' : String(status), result].filter(Boolean).join(' · ')
}

/** One after the other, without gaps: each ends where the next one that is known begins. */
function spansOf(attempt: FinishedAttempt, requestEndMs: number): readonly Span[] {
  const { startedMs, headersMs, answeredMs, endedMs, outcome } = attempt
  // What answered goes on behind the end of the attempt: its content does.
  const endMs = outcome === 'answered' ? requestEndMs : (endedMs ?? requestEndMs)
  const headersEnd = headersMs ?? answeredMs ?? endMs
  const contentEnd = answeredMs ?? endMs
  const spans: Span[] = [
    { kind: 'headers', fromMs: startedMs, toMs: headersEnd },
    { kind: 'first-content', fromMs: headersEnd, toMs: contentEnd },
    { kind: 'answer', fromMs: contentEnd, toMs: endMs },
  ]
  return spans.filter(({ fromMs, toMs }) => toMs > fromMs)
}

/** The same as one sentence for each row. */
export function describeRows(request: FinishedRequest): readonly string[] {
  return timelineRows(request).map(({ name, result, spans }) => {
    const parts = spans.map(
      ({ kind, fromMs, toMs }) =>
        `${spanNames[kind]} from ${duration(fromMs)} to ${duration(toMs)}`,
    )
    return `${name}: ${[result, ...parts].join(', ')}.`
  })
}

/** Nothing to draw. */
export function hasTimeline({ attempts, queueWaitMs }: FinishedRequest): boolean {
  return attempts.length > 0 || queueWaitMs >= 1
}

/** How many attempts there were, in words. */
export function attemptsText({ attempts }: FinishedRequest): string {
  return attempts.length === 0 ? 'no provider was asked' : counted(attempts.length, 'attempt')
}
