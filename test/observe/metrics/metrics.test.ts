/** What is counted of requests, added up over workers, and left to successors. */
import { expect, test } from 'bun:test'
import { AttemptFacts } from '../../../src/observe/attempt-facts.ts'
import { LastKnown } from '../../../src/observe/metrics/last-known.ts'
import type { Metrics } from '../../../src/observe/metrics/metrics.ts'
import { Scrape } from '../../kit/prometheus.ts'
import { finishedStream, metricsOf, record, scrapeOf, textOf } from './stand.ts'

const labels = {
  gen_ai_operation_name: 'chat',
  gen_ai_provider_name: 'openai',
  gen_ai_request_model: 'gpt-5',
  gen_ai_response_model: 'gpt-5',
  provider: 'openai',
}

test('a stream is counted by the names of the conventions', async () => {
  const metrics = metricsOf()
  const exchange = finishedStream(({ gaps }) => {
    for (const atMs of [1000, 1010, 1020, 3000]) {
      gaps.seen()
      gaps.sent(atMs)
    }
  })
  record(metrics, exchange)
  const scrape = await scrapeOf(metrics)
  const first = 'gen_ai_server_time_to_first_token_seconds'
  expect(scrape.sum(`${first}_sum`, labels)).toBeCloseTo(0.25)
  expect(scrape.of(`${first}_bucket`, { ...labels, le: '0.1' })[0]?.value).toBe(0)
  expect(scrape.of(`${first}_bucket`, { ...labels, le: '0.25' })[0]?.value).toBe(1)
  const duration = 'gen_ai_server_request_duration_seconds'
  expect(scrape.sum(`${duration}_sum`, { ...labels, error_type: '' })).toBeCloseTo(1)
  const usage = 'gen_ai_client_token_usage'
  expect(scrape.sum(`${usage}_sum`, { ...labels, gen_ai_token_type: 'input' })).toBe(7)
  expect(scrape.sum(`${usage}_sum`, { ...labels, gen_ai_token_type: 'output' })).toBe(11)
  // Two seconds between the first content and the last, and ten tokens behind the first.
  const each = 'gen_ai_server_time_per_output_token_seconds'
  expect(scrape.sum(`${each}_sum`, labels)).toBeCloseTo(0.2)
  expect(scrape.sum('sluice_stream_gap_seconds_count')).toBe(3)
  expect(scrape.sum('sluice_stream_gap_seconds_sum')).toBeCloseTo(2)
  expect(scrape.sum('sluice_stream_gap_seconds_bucket', { le: '0.016' })).toBe(2)
  expect(scrape.sum('sluice_stream_gap_seconds_bucket', { le: '1.024' })).toBe(2)
  expect(scrape.sum('sluice_stream_gap_seconds_bucket', { le: '2.048' })).toBe(3)
  expect(scrape.sum('sluice_stream_stalls_total', { provider: 'openai' })).toBe(1)
  expect(scrape.brokenHistograms()).toEqual([])
})

test('attempts, errors, recoveries and costs have their kinds', async () => {
  const metrics = metricsOf()
  const failed = finishedStream((exchange) => {
    const first = new AttemptFacts('openai/gpt-5', 'first', exchange)
    first.end('upstream_reset')
    const second = new AttemptFacts('anthropic/claude-opus-4-1#2', 'failover', exchange)
    second.end('answered', 200)
    exchange.attemptLog.push(first, second, new AttemptFacts('nobody/x', 'hedge', exchange))
    exchange.recovery = 'prefill'
    exchange.errorCode = 'upstream_idle_timeout'
    exchange.endReason = 'idle_timeout'
    exchange.costMicroUsd = null
    exchange.otherCostMicroUsd = 5
    exchange.reasoningTokens = 4
  })
  record(metrics, failed)
  record(metrics, finishedStream())
  const scrape = await scrapeOf(metrics)
  const attempt = (provider: string, kind: string, outcome: string) =>
    scrape.sum('sluice_attempts_total', { provider, kind, outcome })
  expect(attempt('openai', 'first', 'upstream_reset')).toBe(1)
  expect(attempt('anthropic', 'failover', 'answered')).toBe(1)
  expect(attempt('other', 'hedge', 'none')).toBe(1)
  expect(scrape.sum('sluice_recoveries_total', { outcome: 'prefill' })).toBe(1)
  expect(scrape.sum('sluice_stream_end_reason_total', { reason: 'idle_timeout' })).toBe(1)
  expect(scrape.sum('sluice_stream_end_reason_total', { reason: 'completed' })).toBe(1)
  expect(scrape.sum('sluice_request_errors_total', { error: 'upstream_idle_timeout' })).toBe(1)
  expect(scrape.sum('sluice_cost_microusd_total', { provider: 'openai', model: 'gpt-5' })).toBe(30)
  expect(scrape.sum('sluice_cost_unknown_total')).toBe(1)
  expect(scrape.sum('sluice_cost_lost_microusd_total')).toBe(5)
  expect(scrape.sum('sluice_tokens_total', { type: 'reasoning' })).toBe(4)
})

test('workers are added up: counters and gauges as sums, the rest as the worst', async () => {
  const [one, two] = [
    metricsOf({ live: { requests: 3, streams: 2 } }),
    metricsOf({
      live: { requests: 4, streams: 4 },
      breakers: [{ target: 'openai/gpt-5', state: 'open' }],
    }),
  ]
  for (const metrics of [one, two, two]) record(metrics, finishedStream())
  const scrape = await scrapeOf(one, two)
  expect(scrape.sum('sluice_requests_total')).toBe(3)
  expect(scrape.sum('sluice_streams_live')).toBe(6)
  expect(scrape.sum('sluice_workers', { state: 'serving' })).toBe(2)
  expect(scrape.of('sluice_build_info').map(({ value }) => value)).toEqual([1])
  expect(scrape.of('sluice_breaker_state').map(({ value }) => value)).toEqual([2])
  expect(scrape.sum('process_start_time_seconds')).toBe(1000)
  expect(scrape.sum('sluice_client_bytes_total', { provider: 'openai' })).toBe(6000)
  expect(scrape.brokenHistograms()).toEqual([])
})

test('what a worker leaves goes on in its successor, and is never counted twice', async () => {
  const old = metricsOf({ queue: { waiting: 0, rejected: 7 } })
  record(old, finishedStream())
  const left = JSON.parse(JSON.stringify(old.read()))
  const heir = metricsOf({ queue: { waiting: 0, rejected: 2 } })
  record(heir, finishedStream())
  heir.inherit(left)
  heir.inherit(left)
  const expectBoth = async (...workers: readonly Metrics[]) => {
    const scrape = await scrapeOf(...workers)
    expect(scrape.sum('sluice_requests_total')).toBe(2)
    expect(scrape.sum('sluice_queue_rejected_total')).toBe(9)
    expect(scrape.sum('process_cpu_seconds_total')).toBe(3)
    expect(scrape.sum('gen_ai_server_request_duration_seconds_count')).toBe(2)
  }
  await expectBoth(heir)
  // It may still answer, with what its successor has already.
  await expectBoth(old, heir)
  const grandchild = metricsOf({ queue: { waiting: 0, rejected: 0 } })
  grandchild.inherit(JSON.parse(JSON.stringify(heir.read())))
  const scrape = await scrapeOf(old, heir, grandchild)
  expect(scrape.sum('sluice_queue_rejected_total')).toBe(9)
})

test('a worker that does not answer any more still counts with what it told last', async () => {
  const lastKnown = new LastKnown()
  const scrapeNow = async (...workers: readonly Metrics[]): Promise<Scrape> =>
    new Scrape(await textOf(workers, null, lastKnown))
  const busy = { live: { requests: 2, streams: 1 } }
  const one = metricsOf(busy)
  const two = metricsOf(busy)
  record(one, finishedStream())
  record(two, finishedStream())
  expect((await scrapeNow(one, two)).sum('sluice_requests_total')).toBe(2)
  const alone = await scrapeNow(one)
  expect(alone.sum('sluice_requests_total')).toBe(2)
  expect(alone.sum('process_cpu_seconds_total')).toBe(3)
  expect(alone.sum('sluice_streams_live')).toBe(1)
  expect(alone.sum('sluice_workers')).toBe(1)
  // It was busy, and is back.
  record(two, finishedStream())
  expect((await scrapeNow(one, two)).sum('sluice_requests_total')).toBe(3)
  expect((await scrapeNow(one)).sum('sluice_requests_total')).toBe(3)
  // It has ended, and its successor has what it left.
  const heir = metricsOf()
  heir.inherit(JSON.parse(JSON.stringify(two.read())))
  expect((await scrapeNow(one, heir)).sum('sluice_requests_total')).toBe(3)
})

test.each([
  null,
  'text',
  [],
  { source: 'x' },
  { source: 'x', inherited: [], tables: { requests: { shape: 'other', rows: [[['a'], [1]]] } } },
  {
    ...{ source: 'x', inherited: [], states: { sluice_queue_rejected_total: [[['a'], 1]] } },
    tables: { requests: { shape: 'other', rows: [[['a', 'b', 'c', 'd'], [1]]], overflow: 0 } },
  },
])('what another program left is ignored: %j', async (left) => {
  const metrics = metricsOf()
  metrics.inherit(left)
  const scrape = await scrapeOf(metrics)
  expect(scrape.of('sluice_requests_total')).toEqual([])
  expect(scrape.sum('sluice_queue_rejected_total')).toBe(0)
})

test('OpenMetrics is for those who prefer it', async () => {
  const metrics = metricsOf()
  record(metrics, finishedStream())
  const prometheus =
    'application/openmetrics-text;version=1.0.0;q=0.5,text/plain;version=0.0.4;q=0.3,*/*;q=0.2'
  const open = await textOf([metrics], prometheus)
  expect(open).toEndWith('# EOF\n')
  expect(open).toContain('# TYPE sluice_requests counter\nsluice_requests_total{')
  expect(open).toContain('le="1.0"')
  for (const accept of [
    null,
    '*/*',
    'text/plain',
    'text/*;q=0.9, application/openmetrics-text;q=0.1',
  ]) {
    expect(await textOf([metrics], accept)).not.toContain('# EOF')
  }
})
