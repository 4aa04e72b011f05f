/** A span that has ended, as the SDK exports it, made of the facts of a request in one go. */
import type { Attributes, HrTime, SpanContext, SpanKind, SpanStatus } from '@opentelemetry/api'
import type { InstrumentationScope } from '@opentelemetry/core'
import type { Resource } from '@opentelemetry/resources'
import type { ReadableSpan, TimedEvent } from '@opentelemetry/sdk-trace'
import type { CapturedContent } from '../content.ts'

/** What is said of one span. Times are those of the span's `Clock`, in milliseconds. */
export interface SpanFacts {
  readonly name: string
  readonly kind: SpanKind
  readonly spanId: string
  readonly parentSpanId: string | null
  /** Whether the parent is in another program. */
  readonly isParentRemote: boolean
  readonly startedAtMs: number
  readonly endedAtMs: number
  readonly status: SpanStatus
  readonly attributes: Attributes
  readonly events: readonly SpanEvent[]
}

/** What the spans of a request are made with, besides its record. */
export interface SpanSources {
  /** Who a provider is, by its name in the configuration. */
  readonly placeOf: (provider: string) => Place
  /** A text of a client or a provider as it may be told: without secrets, and short. */
  readonly clean: (text: string) => string
  /** What was asked and answered; null where that is nobody's business. */
  readonly content: CapturedContent | null
}

/** A provider as the conventions say it. */
export interface Place {
  readonly name: string
  /** Null for one that is in the program. */
  readonly address: { readonly host: string; readonly port: number } | null
}

/** What happened at one moment of a span. */
export interface SpanEvent {
  readonly name: string
  readonly atMs: number
  readonly attributes?: Attributes
}

/** What the spans of one request share. */
export interface SpanOrigin {
  readonly traceId: string
  readonly traceFlags: number
  readonly traceState: SpanContext['traceState']
  readonly resource: Resource
  readonly scope: InstrumentationScope
  readonly toTime: (atMs: number) => HrTime
}

/**
 * Turns monotonic milliseconds into what the SDK calls a time. Both clocks were read at the start
 * of the request, so that its spans keep their order and lengths whatever the wall clock does.
 */
export const timesFrom =
  (startedAtMs: number, wallMs: number) =>
  (atMs: number): HrTime => {
    const sinceEpochMs = wallMs + Math.max(0, atMs - startedAtMs)
    const seconds = Math.floor(sinceEpochMs / 1000)
    const nanoseconds = Math.floor((sinceEpochMs - seconds * 1000) * 1_000_000)
    return [seconds, Math.min(Math.max(nanoseconds, 0), 999_999_999)]
  }

/** The span that the facts make. */
export function readableSpan(facts: SpanFacts, origin: SpanOrigin): ReadableSpan {
  const { traceId, traceFlags, traceState, toTime } = origin
  const shared = { traceId, traceFlags, ...(traceState && { traceState }) }
  const context: SpanContext = { ...shared, spanId: facts.spanId }
  const { parentSpanId, isParentRemote: isRemote } = facts
  const startTime = toTime(facts.startedAtMs)
  const endTime = toTime(Math.max(facts.startedAtMs, facts.endedAtMs))
  return {
    name: facts.name,
    kind: facts.kind,
    spanContext: () => context,
    ...(parentSpanId !== null && {
      parentSpanContext: { ...shared, spanId: parentSpanId, isRemote },
    }),
    startTime,
    endTime,
    status: facts.status,
    attributes: facts.attributes,
    links: [],
    events: facts.events.map((event) => eventOf(event, toTime)),
    duration: durationOf(startTime, endTime),
    ended: true,
    resource: origin.resource,
    instrumentationScope: origin.scope,
    droppedAttributesCount: 0,
    droppedEventsCount: 0,
    droppedLinksCount: 0,
  }
}

const eventOf = ({ name, atMs, attributes = {} }: SpanEvent, toTime: SpanOrigin['toTime']) =>
  ({ name, time: toTime(atMs), attributes, droppedAttributesCount: 0 }) satisfies TimedEvent

function durationOf([startS, startNs]: HrTime, [endS, endNs]: HrTime): HrTime {
  return endNs >= startNs
    ? [endS - startS, endNs - startNs]
    : [endS - startS - 1, endNs - startNs + 1_000_000_000]
}
