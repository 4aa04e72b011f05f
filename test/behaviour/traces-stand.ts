/** A stand with several providers whose spans go to a collector of the test's own. */
import { type Collector, type CollectorScript, startCollector } from '../kit/collector.ts'
import { attributesOf, type ReceivedSpan } from '../kit/otlp-shapes.ts'
import type { UpstreamScript } from '../kit/upstream.ts'
import { type RouteChanges, startTargets, type TargetsStand } from './targets-stand.ts'

/** The kinds of span, by the numbers of the protocol. */
export const kinds = { internal: 1, server: 2, client: 3 } as const

/** The codes of a span's status. */
export const statuses = { unset: 0, error: 2 } as const

/** The trace that callers of these tests are in, and their span. */
export const caller = {
  traceId: '0af7651916cd43dd8448eb211c80319c',
  spanId: 'b7ad6b7169203331',
} as const

/** The header that says so. */
export const traceparent = (flags: '00' | '01' = '01'): string =>
  `00-${caller.traceId}-${caller.spanId}-${flags}`

/** A stand, and where its spans go. */
export interface TracesStand extends TargetsStand {
  readonly collector: Collector
}

const collectors = new Set<Collector>()

/** Starts both. */
export async function startTraces(
  scripts: readonly UpstreamScript[],
  changes: RouteChanges = {},
  environment: Readonly<Record<string, string>> = {},
  script?: CollectorScript,
): Promise<TracesStand> {
  const collector = startCollector(script)
  collectors.add(collector)
  const stand = await startTargets(
    scripts,
    changes,
    { retriesMax: 0 },
    { ...collector.tracesEnvironment, ...environment },
  )
  return { ...stand, collector }
}

/** Stops the collectors, behind the stands. @throws Error what they were sent that is no OTLP. */
export async function endCollectors(): Promise<void> {
  const ended = [...collectors]
  collectors.clear()
  for (const collector of ended) await collector.stop()
}

/** The spans of one trace, by what they are. */
export interface ReadTrace {
  readonly server: ReceivedSpan
  /** Of attempts, in order. */
  readonly attempts: readonly ReceivedSpan[]
  /** Of stages, by their names. */
  readonly stages: ReadonlyMap<string, ReceivedSpan>
}

/** Sorts the spans of a trace with one request in it. */
export function readTrace(spans: readonly ReceivedSpan[]): ReadTrace {
  const ofKind = (kind: number) => spans.filter((span) => span.kind === kind)
  const [server] = ofKind(kinds.server)
  if (server === undefined) throw new Error('a trace without the span of its request')
  const stages = new Map(ofKind(kinds.internal).map((span) => [span.name, span]))
  return { server, attempts: ofKind(kinds.client), stages }
}

/** The attributes of a span that say what an attempt was. */
export function attemptOf(span: ReceivedSpan) {
  const attributes = attributesOf(span.attributes)
  return [
    span.name,
    attributes['sluice.attempt.kind'],
    attributes['sluice.attempt.outcome'],
    span.status.code,
  ]
}

/** Whether `inner` is within `outer`, to the nanosecond. */
export const isWithin = (inner: ReceivedSpan, outer: ReceivedSpan): boolean =>
  BigInt(inner.startTimeUnixNano) >= BigInt(outer.startTimeUnixNano) &&
  BigInt(inner.endTimeUnixNano) <= BigInt(outer.endTimeUnixNano) &&
  BigInt(inner.startTimeUnixNano) <= BigInt(inner.endTimeUnixNano)

/** The names of the events of a span, in order. */
export const eventNames = (span: ReceivedSpan): string[] => span.events.map(({ name }) => name)
