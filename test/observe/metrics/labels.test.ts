/** Which series there can be: names that labels may have, and how many of them. */
import { expect, test } from 'bun:test'
import type { RouteSettings } from '../../../src/config/config.ts'
import type { Exchange } from '../../../src/observe/exchange.ts'
import { KnownModels } from '../../../src/observe/known-models.ts'
import { Alike } from '../../../src/observe/metrics/alike.ts'
import { allFamilies, Metrics } from '../../../src/observe/metrics/metrics.ts'
import { Names } from '../../../src/observe/metrics/names.ts'
import { finishedStream, idleState, metricsOf, namedConfig, record, scrapeOf } from './stand.ts'

test('a model that is learned of has its own series from then on', async () => {
  const models = new KnownModels()
  const metrics = new Metrics(new Names(namedConfig(), models), () => idleState)
  const local = { model: 'openai/local', upstreamModel: 'local' }
  record(metrics, finishedStream(local))
  models.learn(['openai/local'])
  record(metrics, finishedStream(local))
  const scrape = await scrapeOf(metrics)
  const costs = scrape.of('sluice_cost_microusd_total')
  expect(costs.map(({ labels }) => labels.model).toSorted()).toEqual(['local', 'other'])
})

test('rows are remembered of so many kinds only, and of none with long names', () => {
  const alike = new Alike()
  const rows = { requests: new Float64Array(1), traffic: new Float64Array(1) }
  const all = { ...rows, ends: null, errors: null, costs: null, durations: null, answers: null }
  const kept = (changes: Partial<Exchange>): boolean => {
    alike.keep(finishedStream(changes), all)
    return alike.find(finishedStream(changes)) === all
  }
  expect(kept({})).toBe(true)
  for (const field of ['status', 'endReason', 'errorCode', 'route', 'path', 'model'] as const) {
    expect(alike.find(finishedStream({ [field]: 'another' })), field).toBeUndefined()
  }
  expect(kept({ model: 'm'.repeat(600) })).toBe(false)
  expect(kept({ path: `/${'p'.repeat(600)}` })).toBe(false)
  for (let index = 0; index < 30; index += 1) expect(kept({ path: `/${index}` })).toBe(true)
  expect(alike.find(finishedStream({ path: '/0' }))).toBeUndefined()
  for (let index = 0; index < 300; index += 1) kept({ upstreamModel: `m${index}` })
  expect(alike.find(finishedStream({ upstreamModel: 'm0' }))).toBeUndefined()
})

test('100,000 names that clients made up are one series more', async () => {
  const metrics = metricsOf()
  record(metrics, finishedStream())
  const odd = (index: number) =>
    finishedStream((exchange) => {
      const name = `model-${index}-${Math.random().toString(36)}`
      exchange.model = index % 2 === 0 ? name : `openai/${name}`
      exchange.upstreamModel = name
      exchange.provider = index % 3 === 0 ? `provider-${name}` : 'openai'
      exchange.route = index % 5 === 0 ? name : null
      exchange.status = 200 + (index % 300)
    })
  for (let index = 0; index < 1000; index += 1) record(metrics, odd(index))
  const before = await scrapeOf(metrics)
  for (let index = 1000; index < 100_000; index += 1) record(metrics, odd(index))
  const after = await scrapeOf(metrics)
  expect(after.series).toEqual(before.series)
  expect(after.sum('sluice_requests_total')).toBe(100_001)
  expect(after.sum('sluice_metrics_overflow_total')).toBe(0)
  expect(after.series.join()).not.toContain('model-')
})

test('a metric has so many series and no more, and the sums stay right', async () => {
  const providers = Array.from({ length: 300 }, (_, index) => ({
    ...{ name: `p${index}`, kind: 'openai-compatible', baseUrl: 'http://x', apiKey: null },
    models: [],
  }))
  const metrics = metricsOf({}, namedConfig({ providers }))
  for (const { name } of providers) record(metrics, finishedStream({ provider: name }))
  const scrape = await scrapeOf(metrics)
  expect(scrape.of('sluice_events_total').length).toBe(201)
  expect(scrape.sum('sluice_events_total')).toBe(12 * 300)
  expect(scrape.sum('sluice_events_total', { provider: 'other' })).toBe(12 * 100)
  // Each time, and not only when there is a name more.
  record(metrics, finishedStream({ provider: 'p299' }))
  const overflow = { metric: 'sluice_events_total' }
  const again = await scrapeOf(metrics)
  expect(again.sum('sluice_metrics_overflow_total', overflow)).toBe(101)
})

test('names of the configuration are labels as they are, whatever is in them', async () => {
  const name = 'a "b\\c\nd, {é}='
  const route: RouteSettings = {
    ...({ name, strategy: 'priority', midstream: 'error', hedge: false, targets: [] } as const),
  }
  const metrics = metricsOf({}, namedConfig({ routes: [route] }))
  record(metrics, finishedStream({ route: name }))
  const scrape = await scrapeOf(metrics)
  expect(scrape.sum('sluice_requests_total', { route: name })).toBe(1)
  expect(scrape.brokenHistograms()).toEqual([])
  expect(scrape.histogramCount).toBeGreaterThan(5)
})

test('dated models are known by their beginning, providers by their conventional names', () => {
  const config = namedConfig({
    providers: [
      { name: 'eu', kind: 'azure', baseUrl: '', apiKey: null, models: [] },
      { name: 'openai', kind: 'openai', baseUrl: '', apiKey: null, models: ['own-*'] },
    ],
  })
  const { names } = metricsOf({}, config)
  expect(names.conventional('eu')).toBe('azure.ai.openai')
  expect(names.model('openai', 'gpt-5.2-2025-12-11')).toBe('gpt-5.2-20*')
  expect(names.model('openai', 'own-7')).toBe('own-*')
  expect(names.model('openai', 'somebody')).toBe('other')
  expect(names.model('demo', 'stream?tokens=5')).toBe('stream')
  expect(names.requested('openai', null, 'openai/gpt-5')).toBe('gpt-5')
  expect(names.target('openai/gpt-5#2')).toBe('openai/gpt-5')
  expect(names.target('openai/made-up')).toBe('openai/other')
})

test('names of metrics are what Prometheus wants', () => {
  for (const { name, type, help, labels: names, bounds } of allFamilies) {
    expect(name).toMatch(/^(sluice|gen_ai|process)_[a-z_]+$/)
    expect(name.endsWith('_total'), name).toBe(type === 'counter')
    expect(help.at(-1)?.match(/[.;]/), name).not.toBeNull()
    expect(names).not.toContain('le')
    expect([...bounds]).toEqual(bounds.toSorted((a, b) => a - b))
  }
  expect(new Set(allFamilies.map(({ name }) => name)).size).toBe(allFamilies.length)
})
