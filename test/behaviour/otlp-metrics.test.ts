/** The metrics that a collector is sent: Prometheus', under OpenTelemetry's names. */
import { afterEach, describe, expect, test } from 'bun:test'
import type { Collector } from '../kit/collector.ts'
import { attributesOf, type ReceivedMetric } from '../kit/otlp-shapes.ts'
import { endStands } from './client-stand.ts'
import { refuses } from './provider-stand.ts'
import { answering } from './targets-stand.ts'
import { endCollectors, startTraces } from './traces-stand.ts'

afterEach(async () => {
  await endStands()
  await endCollectors()
})

/** Metrics are sent at the end, unless a test wants them sooner; spans are not. */
const metricsOnly = { OTEL_METRICS_EXPORTER: 'otlp', OTEL_TRACES_EXPORTER: 'none' }

/** The points of a metric of one export, each with its attributes and its number or count. */
function pointsOf(metrics: readonly ReceivedMetric[] | undefined, name: string) {
  const metric = metrics?.find((one) => one.name === name)
  if (metric === undefined) return []
  if ('histogram' in metric) {
    return metric.histogram.dataPoints.map(({ attributes, count, sum }) => ({
      attributes: attributesOf(attributes),
      value: Number(count),
      sum,
    }))
  }
  const { dataPoints } = 'sum' in metric ? metric.sum : metric.gauge
  return dataPoints.map((point) => ({
    attributes: attributesOf(point.attributes),
    value: 'asDouble' in point ? point.asDouble : Number(point.asInt),
    sum: 0,
  }))
}

/** What all points of all exports say of a metric, in sum. */
const sumOver = ({ metrics }: Collector, name: string): number =>
  metrics.flatMap((one) => pointsOf(one, name)).reduce((sum, { value }) => sum + value, 0)

test('requests, tokens and times of all requests are there', async () => {
  const stand = await startTraces([refuses(503, 'x'), answering('from b')], {}, metricsOnly)
  for (let index = 0; index < 3; index += 1) await stand.chat()
  await stand.app.stop(0)
  const last = stand.collector.metrics.at(-1)
  expect(pointsOf(last, 'sluice.requests')).toEqual([
    {
      attributes: { endpoint: 'chat-completions', provider: 'b', route: 'smart', status: '2xx' },
      value: 3,
      sum: 0,
    },
  ])
  const outcomes = pointsOf(last, 'sluice.attempts').map(({ attributes, value }) => [
    attributes.provider,
    attributes.kind,
    attributes.outcome,
    value,
  ])
  expect(outcomes).toContainEqual(['b', 'failover', 'answered', 3])
  const [duration] = pointsOf(last, 'gen_ai.server.request.duration')
  expect(duration?.value).toBe(3)
  expect(duration?.sum).toBeGreaterThan(0)
  expect(duration?.attributes).toMatchObject({
    'gen_ai.operation.name': 'chat',
    'gen_ai.provider.name': 'b',
    'gen_ai.request.model': 'smart',
    'gen_ai.response.model': 'm-b',
  })
  expect(pointsOf(last, 'gen_ai.server.time_to_first_token')[0]?.value).toBe(3)
  const tokens = pointsOf(last, 'gen_ai.client.token.usage').map(({ attributes, sum }) => [
    attributes['gen_ai.token.type'],
    sum,
  ])
  expect(tokens).toEqual([
    ['input', 9],
    ['output', 3],
  ])
  expect(pointsOf(last, 'sluice.requests_live')[0]?.value).toBe(0)
  expect(pointsOf(last, 'process.memory.usage')[0]?.value).toBeGreaterThan(0)
  expect(stand.collector.spans).toEqual([])
})

test('histograms have as many buckets as they must, which add up to their count', async () => {
  const stand = await startTraces([answering('from a')], {}, metricsOnly)
  await stand.chat()
  await stand.app.stop(0)
  const histograms = (stand.collector.metrics.at(-1) ?? []).flatMap((metric) =>
    'histogram' in metric ? metric.histogram.dataPoints : [],
  )
  expect(histograms.length).toBeGreaterThan(3)
  for (const { bucketCounts, explicitBounds, count } of histograms) {
    expect(bucketCounts).toHaveLength(explicitBounds.length + 1)
    expect(bucketCounts.reduce((sum: number, each) => sum + Number(each), 0)).toBe(Number(count))
  }
})

describe('sums', () => {
  test('since the start grow from export to export', async () => {
    const often = { ...metricsOnly, OTEL_METRIC_EXPORT_INTERVAL: '100' }
    const stand = await startTraces([answering('from a')], {}, often)
    const { collector } = stand
    await stand.chat()
    const last = () => pointsOf(collector.metrics.at(-1), 'sluice.requests')[0]?.value
    await collector.until(() => last() === 1, 'the first request')
    await stand.chat()
    await collector.until(() => last() === 2, 'both requests')
  })

  test('since the last export add up to all requests', async () => {
    const stand = await startTraces(
      [answering('from a')],
      {},
      {
        ...metricsOnly,
        OTEL_METRIC_EXPORT_INTERVAL: '100',
        OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE: 'delta',
      },
    )
    const { collector } = stand
    await stand.chat()
    await collector.until(() => sumOver(collector, 'sluice.requests') === 1, 'the first request')
    for (let index = 0; index < 2; index += 1) await stand.chat()
    await stand.app.stop(0)
    expect(sumOver(collector, 'sluice.requests')).toBe(3)
    expect(sumOver(collector, 'gen_ai.server.request.duration')).toBe(3)
  })
})

test('what became of the spans is among them, and where Prometheus finds it', async () => {
  const both = { OTEL_METRICS_EXPORTER: 'otlp', OTEL_METRIC_EXPORT_INTERVAL: '100' }
  const stand = await startTraces([answering('from a')], {}, both)
  const { collector, app } = stand
  await stand.chat()
  const sent = () => pointsOf(collector.metrics.at(-1), 'sluice.spans_sent')[0]?.value ?? 0
  await collector.until(() => sent() > 0, 'the count of the spans')
  expect(sent()).toBe(collector.spans.length)
  expect(pointsOf(collector.metrics.at(-1), 'sluice.spans_lost')[0]?.value).toBe(0)
  const text = await (await fetch(new URL('/metrics', app.url))).text()
  expect(text).toContain(`sluice_spans_sent_total ${collector.spans.length}\n`)
})

test('they are sent though nobody may scrape them', async () => {
  const stand = await startTraces([answering('from a')], {}, { ...metricsOnly, METRICS: 'off' })
  await stand.chat()
  await stand.app.stop(0)
  expect(sumOver(stand.collector, 'sluice.requests')).toBe(1)
})
