/**
 * What `GET /metrics` of the executable tells of four workers is what a client counted, also while
 * the workers are replaced, and behind that.
 */
import { afterAll, beforeAll, expect, setDefaultTimeout, test } from 'bun:test'
import { chatEvents, sendJson } from '../kit/answers.ts'
import { ask, jsonRequest, RawClient } from '../kit/client.ts'
import { ProgramStand, startProgramParts } from '../kit/program-stand.ts'
import { Scrape } from '../kit/prometheus.ts'
import type { RawResponse } from '../kit/response.ts'
import { Changes, eventually } from '../kit/signal.ts'
import { parseSse } from '../kit/sse.ts'
import type { UpstreamScript } from '../kit/upstream.ts'

setDefaultTimeout(60_000)

const tokens = ['one', ' two', ' three', ' four']

/** The stream that goes on until it is told to end. */
const held = { isFree: false, changes: new Changes() }

/** Streams that break off, by who asked for them, when their clients have what was sent. */
const cuts = new Map<string, PromiseWithResolvers<void>>()

/** Answers by the model that is asked for. */
const script: UpstreamScript = async (request, connection) => {
  const { model, user } = JSON.parse(await request.text())
  if (model === 'whole') {
    const usage = { prompt_tokens: 5, completion_tokens: 2, total_tokens: 7 }
    await sendJson(connection, 200, { id: 'c', object: 'chat.completion', choices: [], usage })
  } else if (model === 'busy') {
    await sendJson(connection, 400, { error: { message: 'no', type: 'x', code: null } })
  } else {
    const events = chatEvents(tokens)
    await connection.head(200, { 'content-type': 'text/event-stream' })
    const isCut = model === 'cut'
    for (const event of isCut ? events.slice(0, 3) : events) {
      await connection.chunk(`data: ${event}\n\n`)
      if (model === 'held' && event === events[1]) {
        await held.changes.until(() => held.isFree, 'the end of the stream', 50_000)
      }
    }
    if (isCut) {
      await cuts.get(user)?.promise
      connection.reset()
    } else {
      await connection.chunk('data: [DONE]\n\n')
      await connection.end()
    }
  }
}

let stand: ProgramStand
beforeAll(async () => {
  stand = new ProgramStand(
    await startProgramParts({
      ...{ WORKERS: '4', OPENAI_API_KEY: 'sk-test', RETRIES_MAX: '0' },
      ...{ LOG_FORMAT: 'json', BREAKER: 'off' },
    }),
  )
  stand.answer(script)
  await eventually(async () => (await scrape()).sum('sluice_workers') === 4, 'four workers', 20_000)
}, 120_000)
afterAll(async () => {
  held.isFree = true
  held.changes.notify()
  await stand.stop()
})

async function scrape(): Promise<Scrape> {
  const response = await ask(stand.program.url, { path: '/metrics' })
  expect(response.status).toBe(200)
  return new Scrape(response.text())
}

/** What a client counts of its answers. */
const counted = {
  ...{ requests: 0, streams: 0, completed: 0, cut: 0, refused: 0 },
  ...{ bytes: 0, events: 0, inputTokens: 0, outputTokens: 0 },
}

function count(model: string, response: RawResponse): void {
  counted.requests += 1
  if (model === 'busy') counted.refused += 1
  else counted.bytes += response.bodyBytes
  if (model === 'stream' || model === 'held') {
    counted.streams += 1
    counted.completed += 1
    const events = parseSse(response.body())
    counted.events += events.length
    const { usage } = JSON.parse(events.at(-2)?.data ?? '')
    counted.inputTokens += usage.prompt_tokens
    counted.outputTokens += usage.completion_tokens
  } else if (model === 'cut') {
    counted.streams += 1
    counted.cut += 1
    const events = parseSse(response.body()).filter(({ data }) => !data.includes('"error"'))
    counted.events += events.length
  } else if (model === 'whole') {
    const { usage } = JSON.parse(response.text())
    counted.inputTokens += usage.prompt_tokens
    counted.outputTokens += usage.completion_tokens
  }
}

const request = (model: string, user = 'nobody') =>
  jsonRequest('/v1/chat/completions', {
    user,
    ...{ model: `openai/${model}`, stream: model !== 'whole' && model !== 'busy' },
    messages: [{ role: 'user', content: 'hello' }],
  })

/** Sends requests of all kinds over connections to all workers. */
async function sendMany(each: number): Promise<void> {
  const work = Array.from({ length: 16 }, async () => {
    for (let turn = 0; turn < each; turn += 1) {
      for (const model of ['stream', 'whole', 'stream', 'busy', 'cut']) {
        const client = await RawClient.connect(stand.program.url)
        const user = crypto.randomUUID()
        const cut = Promise.withResolvers<void>()
        cuts.set(user, cut)
        const response = client.request(request(model, user))
        if (model === 'cut') {
          await response.until((seen) => seen.text().includes(tokens[1] ?? ''), 'the third event')
          cut.resolve()
        }
        await response.ended()
        client.close()
        count(model, response)
      }
    }
  })
  await Promise.all(work)
}

function expectCounted(found: Scrape): void {
  const provider = { provider: 'openai' }
  const told = {
    requests: found.sum('sluice_requests_total', provider),
    streams: found.sum('sluice_stream_end_reason_total', provider),
    completed: found.sum('sluice_stream_end_reason_total', { reason: 'completed' }),
    cut: found.sum('sluice_stream_end_reason_total', { reason: 'upstream_reset' }),
    refused: found.sum('sluice_requests_total', { status: '4xx' }),
    bytes: found.sum('sluice_client_bytes_total', provider),
    events: found.sum('sluice_events_total', provider),
    inputTokens: found.sum('sluice_tokens_total', { ...provider, type: 'input' }),
    outputTokens: found.sum('sluice_tokens_total', { ...provider, type: 'output' }),
  }
  expect(told).toEqual(counted)
  const usage = 'gen_ai_client_token_usage_sum'
  expect(found.sum(usage, { gen_ai_token_type: 'input' })).toBe(counted.inputTokens)
  const durations = found.sum('gen_ai_server_request_duration_seconds_count')
  expect(durations).toBe(counted.requests)
  expect(found.sum('sluice_attempts_total')).toBe(counted.requests)
  expect(found.brokenHistograms()).toEqual([])
}

/** A worker writes a request down when its connection is done with it, a moment later. */
async function untilCounted(): Promise<Scrape> {
  let found = await scrape()
  await eventually(
    async () => {
      found = await scrape()
      return found.sum('sluice_requests_total') === counted.requests
    },
    () => `${counted.requests} requests, not ${found.sum('sluice_requests_total')}`,
  )
  return found
}

test('sums over four workers are what the client counted', async () => {
  await sendMany(4)
  expect(counted.requests).toBe(320)
  expectCounted(await untilCounted())
})

test('they stay so while workers are replaced, and behind that', async () => {
  const client = await RawClient.connect(stand.program.url)
  const response = client.request(request('held'))
  await response.until(({ bodyBytes }) => bodyBytes > 0, 'the first event')
  stand.program.signal('SIGHUP')
  await eventually(
    async () => {
      const seen = await scrape()
      // Never fewer than before: who watches would take that for a restart of all.
      expect(seen.sum('sluice_requests_total')).toBe(counted.requests)
      expect(seen.sum('sluice_streams_live')).toBe(1)
      const draining = seen.sum('sluice_workers', { state: 'draining' })
      const serving = seen.sum('sluice_workers', { state: 'serving' })
      return draining === 1 && serving === 4
    },
    'four new workers and one that drains',
    30_000,
  )
  expectCounted(await scrape())
  held.isFree = true
  held.changes.notify()
  expect(await response.ended()).toBe('complete')
  client.close()
  count('held', response)
  await eventually(async () => (await scrape()).sum('sluice_workers') === 4, 'the end of the last')
  expectCounted(await untilCounted())
  await sendMany(1)
  const found = await untilCounted()
  expectCounted(found)
  expect(found.sum('sluice_streams_live')).toBe(0)
  await stand.nothingLeft()
})
