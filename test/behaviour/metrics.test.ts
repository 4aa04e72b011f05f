/** `GET /metrics` of the program: what it answers, to whom, and what real parsers say of it. */
import { afterEach, describe, expect, test } from 'bun:test'
import parse from 'parse-prometheus-text-format'
import { chatEvents, sse } from '../kit/answers.ts'
import { ask, jsonRequest, RawClient } from '../kit/client.ts'
import { Scrape } from '../kit/prometheus.ts'
import { eventually } from '../kit/signal.ts'
import { pythonVariable } from '../sdk/choke-python.ts'
import { endStands, type Stand, startStand } from './client-stand.ts'

afterEach(endStands)

const openMetrics = 'application/openmetrics-text; version=1.0.0'
const script = sse(chatEvents(['one', ' two']), { done: true })

/** A program that has answered one stream. */
async function answered(environment: Readonly<Record<string, string>> = {}): Promise<Stand> {
  const stand = await startStand(script, environment)
  await send(stand, 'gpt-5')
  await stand.record(0)
  return stand
}

async function send(stand: Stand, model: string): Promise<number> {
  const { response, client } = await stand.ask(
    jsonRequest('/v1/chat/completions', { model: `openai/${model}`, stream: true, messages: [] }),
  )
  await response.ended()
  client.close()
  return response.status
}

async function textOf(stand: Stand, accept?: string): Promise<string> {
  const headers: Record<string, string> = accept === undefined ? {} : { accept }
  const response = await ask(stand.url, { path: '/metrics', headers })
  expect(response.status).toBe(200)
  expect(response.header('content-type')).toBe(
    `${accept ?? 'text/plain; version=0.0.4'}; charset=utf-8`,
  )
  expect(response.header('cache-control')).toBe('no-store')
  return response.text()
}

test('the parser of npm reads it, and its histograms are whole', async () => {
  const stand = await answered()
  const text = await textOf(stand)
  const families = parse(text)
  expect(families.length).toBeGreaterThan(70)
  const requests = families.find(({ name }) => name === 'sluice_requests_total')
  const labels = { endpoint: 'chat-completions', provider: 'openai', route: 'none', status: '2xx' }
  expect(requests).toMatchObject({ type: 'COUNTER', metrics: [{ value: '1', labels }] })
  const scrape = new Scrape(text)
  expect(scrape.brokenHistograms()).toEqual([])
  expect(scrape.histogramCount).toBeGreaterThanOrEqual(8)
  expect(scrape.sum('sluice_stream_end_reason_total', { reason: 'completed' })).toBe(1)
  expect(scrape.sum('sluice_pool_bytes_max')).toBeGreaterThan(0)
  expect(scrape.sum('process_cpu_seconds_total')).toBeGreaterThan(0)
})

test('streams and attempts are told of while they are under way', async () => {
  const held = Promise.withResolvers<void>()
  const stand = await startStand(async (_request, connection) => {
    await connection.head(200, { 'content-type': 'text/event-stream' })
    await connection.chunk(`data: ${chatEvents(['one'])[1]}\n\n`)
    await held.promise
    await connection.chunk('data: [DONE]\n\n')
    await connection.end()
  })
  const client = await RawClient.connect(stand.url)
  const response = client.request(
    jsonRequest('/v1/chat/completions', { model: 'gpt-5', stream: true, messages: [] }),
  )
  await response.until(({ bodyBytes }) => bodyBytes > 0, 'the first event')
  const during = new Scrape(await textOf(stand))
  expect(during.sum('sluice_streams_live')).toBe(1)
  expect(during.sum('sluice_requests_live')).toBe(1)
  expect(during.sum('sluice_provider_attempts_live', { provider: 'openai' })).toBe(1)
  held.resolve()
  await response.ended()
  client.close()
  await stand.record(0)
  const after = new Scrape(await textOf(stand))
  expect(after.sum('sluice_streams_live')).toBe(0)
  expect(after.of('sluice_provider_attempts_live')).toEqual([])
})

test('models that nobody knows are one series, and so are paths and wrong keys', async () => {
  const stand = await answered({ API_KEYS: '' })
  await send(stand, 'made-up')
  const ways = ['/v1/made-up', '/v1/files/x']
  const others = async (index: number): Promise<void> => {
    await send(stand, `made-up-${index}-${crypto.randomUUID()}`)
    const path = `${ways[index % 2]}-${index}`
    await ask(stand.url, { path, headers: { 'x-sluice-provider': 'openai' } })
    await ask(stand.url, { path: '/v1/x', headers: { 'x-sluice-provider': `none-${index}` } })
  }
  for (let index = 0; index < 4; index += 1) await others(index)
  const before = await counted(stand, 14)
  for (let index = 4; index < 104; index += 1) await others(index)
  const after = await counted(stand, 314)
  const named = (scrape: Scrape) => scrape.series.filter((name) => !name.startsWith('process_'))
  expect(named(after)).toEqual(named(before))
  expect(named(after).join()).not.toContain('made-up')
})

/** A scrape in which so many requests are. */
async function counted(stand: Stand, requests: number): Promise<Scrape> {
  let scrape = new Scrape(await textOf(stand))
  await eventually(
    async () => {
      scrape = new Scrape(await textOf(stand))
      return scrape.sum('sluice_requests_total') === requests
    },
    () => `${requests} requests, not ${scrape.sum('sluice_requests_total')}`,
  )
  return scrape
}

test('METRICS=off answers nothing', async () => {
  const stand = await answered({ METRICS: 'off' })
  const response = await ask(stand.url, { path: '/metrics' })
  expect(response.status).toBe(404)
  expect(JSON.parse(response.text()).error.message).toContain('METRICS')
})

const reader = `
import sys
from prometheus_client.parser import text_string_to_metric_families as plain
from prometheus_client.openmetrics.parser import text_string_to_metric_families as strict
families = list((strict if sys.argv[1] == "open" else plain)(sys.stdin.read()))
print(sum(len(family.samples) for family in families), len(families))
`

/** An interpreter with the official parser; null where there is none. */
function parserOfPython(): string | null {
  const named = process.env[pythonVariable]
  if (named !== undefined && named !== '') return named
  const python = Bun.which('python3')
  if (python === null) return null
  const { success } = Bun.spawnSync([python, '-c', 'import prometheus_client'])
  return success ? python : null
}

const python = parserOfPython()

describe('the official parser of Python', () => {
  if (python === null) {
    test.skip(`(no python3 that has it; ${pythonVariable} names one)`, () => {})
    return
  }
  test.each([
    ['plain', undefined],
    ['open', openMetrics],
  ])('%s', async (format, accept) => {
    const stand = await answered()
    const text = await textOf(stand, accept)
    const child = Bun.spawnSync([python, '-c', reader, format], { stdin: Buffer.from(text) })
    expect(child.stderr.toString()).toBe('')
    const [samples, families] = child.stdout.toString().trim().split(' ').map(Number)
    expect(samples).toBe(new Scrape(text).samples.length)
    expect(families).toBe(text.match(/^# TYPE /gm)?.length)
  })
})
