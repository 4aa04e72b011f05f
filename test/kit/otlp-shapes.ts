/**
 * OTLP in JSON as the protocol defines it (opentelemetry-proto, "JSON Protobuf Encoding"): names in
 * lowerCamelCase, ids in hexadecimal, 64-bit numbers as decimal strings, enumerations as numbers.
 * Strict: what the protocol does not know is refused, so that a test sees what a collector drops.
 */
import { z } from 'zod'

const int64 = z.union([z.string().regex(/^-?\d{1,20}$/), z.int()])
const nanoseconds = z.string().regex(/^[1-9]\d{17,19}$/)
const traceId = z.string().regex(/^(?!0{32})[0-9a-f]{32}$/)
const spanId = z.string().regex(/^(?!0{16})[0-9a-f]{16}$/)

const anyValue = z.union([
  z.strictObject({ stringValue: z.string() }),
  z.strictObject({ boolValue: z.boolean() }),
  z.strictObject({ intValue: int64 }),
  z.strictObject({ doubleValue: z.number() }),
  z.strictObject({
    arrayValue: z.strictObject({
      values: z.array(z.strictObject({ stringValue: z.string() })),
    }),
  }),
])

/** One value of an attribute. */
export type AnyValue = z.infer<typeof anyValue>

const keyValues = z.array(z.strictObject({ key: z.string().min(1), value: anyValue }))

const resource = z.strictObject({
  attributes: keyValues,
  droppedAttributesCount: z.int().optional(),
})

const scope = z.strictObject({ name: z.string(), version: z.string().optional() })

const span = z.strictObject({
  traceId,
  spanId,
  traceState: z.string().optional(),
  parentSpanId: spanId.optional(),
  flags: z.int().optional(),
  name: z.string().min(1),
  kind: z.int().min(1).max(5),
  startTimeUnixNano: nanoseconds,
  endTimeUnixNano: nanoseconds,
  attributes: keyValues,
  droppedAttributesCount: z.literal(0).optional(),
  events: z.array(
    z.strictObject({
      timeUnixNano: nanoseconds,
      name: z.string().min(1),
      attributes: keyValues,
      droppedAttributesCount: z.literal(0).optional(),
    }),
  ),
  droppedEventsCount: z.literal(0).optional(),
  links: z.array(z.never()),
  droppedLinksCount: z.literal(0).optional(),
  status: z.strictObject({ code: z.int().min(0).max(2), message: z.string().optional() }),
})

/** One span as it was received. */
export type ReceivedSpan = z.infer<typeof span>

/** The body of `POST /v1/traces`. */
export const traceExport = z.strictObject({
  resourceSpans: z
    .array(
      z.strictObject({
        resource,
        scopeSpans: z.array(
          z.strictObject({
            scope,
            spans: z.array(span).min(1),
            schemaUrl: z.string().optional(),
          }),
        ),
        schemaUrl: z.string().optional(),
      }),
    )
    .min(1),
})

const pointTimes = { startTimeUnixNano: nanoseconds, timeUnixNano: nanoseconds }

const numberPoint = z.union([
  z.strictObject({ attributes: keyValues, ...pointTimes, asDouble: z.number() }),
  z.strictObject({ attributes: keyValues, ...pointTimes, asInt: int64 }),
])

const histogramPoint = z.strictObject({
  attributes: keyValues,
  ...pointTimes,
  bucketCounts: z.array(int64),
  explicitBounds: z.array(z.number()),
  count: int64,
  sum: z.number(),
  min: z.number().optional(),
  max: z.number().optional(),
})

const temporality = z.int().min(1).max(2)
const named = { name: z.string().min(1), description: z.string(), unit: z.string() }

const metric = z.union([
  z.strictObject({
    ...named,
    sum: z.strictObject({
      aggregationTemporality: temporality,
      isMonotonic: z.boolean(),
      dataPoints: z.array(numberPoint),
    }),
  }),
  z.strictObject({ ...named, gauge: z.strictObject({ dataPoints: z.array(numberPoint) }) }),
  z.strictObject({
    ...named,
    histogram: z.strictObject({
      aggregationTemporality: temporality,
      dataPoints: z.array(histogramPoint),
    }),
  }),
])

/** One metric as it was received. */
export type ReceivedMetric = z.infer<typeof metric>

/** The body of `POST /v1/metrics`. */
export const metricExport = z.strictObject({
  resourceMetrics: z
    .array(
      z.strictObject({
        resource,
        scopeMetrics: z.array(
          z.strictObject({
            scope,
            metrics: z.array(metric),
            schemaUrl: z.string().optional(),
          }),
        ),
        schemaUrl: z.string().optional(),
      }),
    )
    .min(1),
})

/** The attributes of anything, by their names. */
export function attributesOf(
  attributes: readonly { readonly key: string; readonly value: AnyValue }[],
): Record<string, unknown> {
  return Object.fromEntries(attributes.map(({ key, value }) => [key, plainValue(value)]))
}

function plainValue(value: AnyValue): unknown {
  if ('arrayValue' in value) return value.arrayValue.values.map(({ stringValue }) => stringValue)
  if ('intValue' in value) return Number(value.intValue)
  return Object.values(value)[0]
}
