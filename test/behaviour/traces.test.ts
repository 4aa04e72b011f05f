/** What a collector is told of a request, and what caller and providers know of its trace. */
import { afterEach, describe, expect, test } from 'bun:test'
import { chatEvents, eventText, silence } from '../kit/answers.ts'
import { attributesOf } from '../kit/otlp-shapes.ts'
import { eventually } from '../kit/signal.ts'
import type { UpstreamScript } from '../kit/upstream.ts'
import { endStands } from './client-stand.ts'
import { chunked, refuses, sseHead } from './provider-stand.ts'
import { answering, type TargetsStand } from './targets-stand.ts'
import {
  attemptOf,
  caller,
  endCollectors,
  eventNames,
  isWithin,
  readTrace,
  startTraces,
  statuses,
  traceparent,
} from './traces-stand.ts'

afterEach(async () => {
  await endStands()
  await endCollectors()
})

/** What each provider was told of the trace, in the order of the requests. */
const told = ({ upstreams }: TargetsStand, name = 'traceparent') =>
  upstreams.flatMap(({ requests }) => requests.map((request) => request.header(name)))

/** Begins an answer, and leaves it unfinished. */
const begins: UpstreamScript = async (_, connection) => {
  const [role = '', text = ''] = chatEvents(['Hello']).map(eventText)
  await connection.raw(sseHead + chunked(role + text))
}

test('a request is a span in the caller`s trace, with its stages and attempts inside', async () => {
  const stand = await startTraces([refuses(503, 'overloaded'), answering('from b')])
  const state = { tracestate: 'congo=t61rcWkgMzE' }
  await stand.chat({}, { traceparent: traceparent(), ...state })
  const spans = await stand.collector.trace(caller.traceId)
  const { server, attempts, stages } = readTrace(spans)
  expect(server.parentSpanId).toBe(caller.spanId)
  expect(server.traceState).toBe(state.tracestate)
  expect(server.name).toBe('POST /v1/chat/completions')
  expect(server.status.code).toBe(statuses.unset)
  expect(attributesOf(server.attributes)).toMatchObject({
    'http.request.method': 'POST',
    'http.route': '/v1/chat/completions',
    'http.response.status_code': 200,
    'gen_ai.operation.name': 'chat',
    'gen_ai.request.model': 'smart',
    'gen_ai.provider.name': 'b',
    'gen_ai.response.finish_reasons': ['stop'],
    'gen_ai.usage.input_tokens': 3,
    'gen_ai.usage.output_tokens': 1,
    'sluice.request.id': (await stand.record(0)).id,
    'sluice.end_reason': 'completed',
    'sluice.route': 'smart',
  })
  expect(eventNames(server)).toEqual(['sluice.first_token'])
  expect([...stages.keys()]).toEqual(['admission', 'intake', 'routing', 'relay'])
  expect(attempts.map(attemptOf)).toEqual([
    ['chat m-a', 'first', 'upstream_error', statuses.error],
    ['chat m-b', 'failover', 'answered', statuses.unset],
  ])
  for (const span of [...stages.values(), ...attempts]) {
    expect([span.name, span.parentSpanId, isWithin(span, server)]).toEqual([
      span.name,
      server.spanId,
      true,
    ])
  }
  expect(new Set(spans.map(({ spanId }) => spanId)).size).toBe(spans.length)
  // The times are those of the record, on the clock on the wall.
  const { startedAt, startedAtMs, endedAtMs } = await stand.record(0)
  const [began, ended] = [server.startTimeUnixNano, server.endTimeUnixNano].map(BigInt)
  expect(began).toBe(BigInt(startedAt) * 1_000_000n)
  expect(Number((ended ?? 0n) - (began ?? 0n)) / 1e6).toBeCloseTo(endedAtMs - startedAtMs, 2)
  // Each provider is told the attempt that it was asked in as the parent.
  expect(told(stand)).toEqual(attempts.map(({ spanId }) => `00-${caller.traceId}-${spanId}-01`))
  expect(told(stand, 'tracestate')).toEqual([state.tracestate, state.tracestate])
})

test('an attempt says whom it asked, what that cost, and how the answer came', async () => {
  const stand = await startTraces([answering('from a')])
  await stand.chat({}, { traceparent: traceparent() })
  const [attempt] = readTrace(await stand.collector.trace(caller.traceId)).attempts
  const attributes = attributesOf(attempt?.attributes ?? [])
  expect(attributes).toMatchObject({
    'gen_ai.operation.name': 'chat',
    'gen_ai.provider.name': 'a',
    'gen_ai.request.model': 'm-a',
    'gen_ai.response.model': 'model-of-provider',
    'gen_ai.request.stream': true,
    'gen_ai.usage.input_tokens': 3,
    'gen_ai.response.finish_reasons': ['stop'],
    'http.response.status_code': 200,
    'server.address': '127.0.0.1',
    'server.port': stand.upstreams[0]?.port,
  })
  expect(attributes['gen_ai.response.time_to_first_chunk']).toBeNumber()
  expect(eventNames(attempt ?? readTrace([]).server)).toEqual(['sluice.headers_received'])
})

test('a request without a trace begins one', async () => {
  const stand = await startTraces([answering('from a')])
  await stand.chat({}, { traceparent: 'nonsense' })
  await stand.collector.until(() => stand.collector.spans.length > 0, 'spans')
  const { server } = readTrace(stand.collector.spans)
  expect(server.parentSpanId).toBeUndefined()
  expect(told(stand)[0]).toStartWith(`00-${server.traceId}-`)
})

test('the wait for a turn is a stage', async () => {
  const go = Promise.withResolvers<void>()
  const slow: UpstreamScript = async (request, connection) => {
    await go.promise
    await answering('from a')(request, connection)
  }
  const stand = await startTraces([slow], { traits: [{ concurrencyMax: 1 }] })
  const first = await stand.begin()
  await eventually(() => stand.upstreams[0]?.requestCount === 1, 'the first at the provider')
  const second = await stand.begin({}, { traceparent: traceparent() })
  await eventually(() => stand.app.leftovers().queued === 1, 'the second in the queue')
  go.resolve()
  await Promise.all([first.response.ended(), second.response.ended()])
  const { server, attempts, stages } = readTrace(await stand.collector.trace(caller.traceId))
  const queue = stages.get('queue')
  if (queue === undefined) throw new Error('no span of the queue')
  expect(isWithin(queue, server)).toBe(true)
  const [attempt] = attempts
  expect(Number(queue.endTimeUnixNano)).toBeLessThanOrEqual(Number(attempt?.startTimeUnixNano))
})

test('both attempts of a hedge are there, and the slower one is no error', async () => {
  const stand = await startTraces([silence, answering('from b')], { hedge: true })
  await stand.chat({}, { traceparent: traceparent() })
  const { attempts } = readTrace(await stand.collector.trace(caller.traceId))
  expect(attempts.map(attemptOf)).toEqual([
    ['chat m-a', 'first', 'outrun', statuses.unset],
    ['chat m-b', 'hedge', 'answered', statuses.unset],
  ])
})

test('an answer that broke and another that went on are told apart', async () => {
  const read = Promise.withResolvers<void>()
  const breaks: UpstreamScript = async (request, connection) => {
    await begins(request, connection)
    await read.promise
    connection.reset()
  }
  const stand = await startTraces([breaks, answering('Hello there')], { midstream: 'recover' })
  const { response } = await stand.begin({}, { traceparent: traceparent() })
  await response.until((r) => r.text().includes('Hello'), 'the content')
  read.resolve()
  await response.ended()
  const { server, attempts } = readTrace(await stand.collector.trace(caller.traceId))
  expect(attempts.map(attemptOf)).toEqual([
    ['chat m-a', 'first', 'answered', statuses.error],
    ['chat m-b', 'recovery', 'answered', statuses.unset],
  ])
  const [first, second] = attempts
  expect(attributesOf(first?.attributes ?? [])['error.type']).toBe('upstream_reset')
  expect(Number(first?.endTimeUnixNano)).toBeLessThanOrEqual(Number(second?.startTimeUnixNano))
  expect(eventNames(server)).toContain('sluice.recovery')
  expect(server.status.code).toBe(statuses.unset)
})

describe('the end of a request', () => {
  test('that failed is an error with its code', async () => {
    const stand = await startTraces([refuses(500, 'x')])
    await stand.chat({}, { traceparent: traceparent() })
    const { server } = readTrace(await stand.collector.trace(caller.traceId))
    expect(server.status.code).toBe(statuses.error)
    expect(attributesOf(server.attributes)['error.type']).toBe('upstream_error')
  })

  test('that was refused is none, and has the stages that it came to', async () => {
    const stand = await startTraces([answering('from a')])
    await stand.chat({ model: 'nobody`s' }, { traceparent: traceparent() })
    const { server, attempts, stages } = readTrace(await stand.collector.trace(caller.traceId))
    expect(server.status.code).toBe(statuses.unset)
    expect(attributesOf(server.attributes)['http.response.status_code']).toBe(404)
    expect([...stages.keys()]).toEqual(['admission', 'intake', 'routing'])
    expect(attempts).toEqual([])
  })

  test('that the client left is an event and no error', async () => {
    const stand = await startTraces([begins])
    const { client, response } = await stand.begin({}, { traceparent: traceparent() })
    await response.until((r) => r.text().includes('Hello'), 'the content')
    client.close()
    const { server, attempts } = readTrace(await stand.collector.trace(caller.traceId))
    expect(server.status.code).toBe(statuses.unset)
    expect(eventNames(server).at(-1)).toBe('sluice.client_gone')
    expect(attributesOf(server.attributes)['sluice.end_reason']).toBe('client_gone')
    expect(attempts.map(attemptOf)).toEqual([['chat m-a', 'first', 'answered', statuses.unset]])
  })
})

describe('a trace that is not kept', () => {
  test('has no spans, and providers are told that', async () => {
    const stand = await startTraces([answering('from a')])
    await stand.chat({}, { traceparent: traceparent('00') })
    await stand.chat({}, { traceparent: traceparent('01') })
    const spans = await stand.collector.trace(caller.traceId)
    expect(spans.filter(({ kind }) => kind === 2)).toHaveLength(1)
    expect(told(stand)[0]).toMatch(new RegExp(`^00-${caller.traceId}-[0-9a-f]{16}-00$`))
    expect(told(stand)[1]).toEndWith('-01')
  })

  test('is not told of where the operator does not want that', async () => {
    const quiet = { TRACE_CONTEXT_TO_PROVIDERS: '0' }
    const stand = await startTraces([answering('from a')], {}, quiet)
    await stand.chat({}, { traceparent: traceparent(), tracestate: 'a=1' })
    const { server } = readTrace(await stand.collector.trace(caller.traceId))
    expect(server.parentSpanId).toBe(caller.spanId)
    expect([told(stand), told(stand, 'tracestate')]).toEqual([[null], [null]])
  })

  test('is nobody`s business where nothing is sent', async () => {
    const stand = await startTraces([answering('from a')], {}, { OTEL_SDK_DISABLED: 'true' })
    await stand.chat({}, { traceparent: traceparent(), tracestate: 'a=1' })
    expect((await stand.record(0)).trace).toBeNull()
    expect([told(stand), told(stand, 'tracestate')]).toEqual([[null], [null]])
    expect(stand.collector.requestCount).toBe(0)
  })
})

test('a key in the place of a model`s name is not told', async () => {
  const stand = await startTraces([answering('from a')], {}, { A_API_KEY: 'canary-of-provider' })
  const model = 'a/canary-of-provider'
  await stand.chat({ model }, { traceparent: traceparent() })
  const { server } = readTrace(await stand.collector.trace(caller.traceId))
  expect(attributesOf(server.attributes)['gen_ai.request.model']).toBe('a/***')
  expect(stand.collector.texts.join()).not.toContain('canary-of-provider')
})

test('nothing of what was asked or answered is sent, and no header and no key', async () => {
  const canaries = ['canary-prompt', 'canary-answer', 'canary-header', 'canary-key']
  const stand = await startTraces(
    [answering('canary-answer')],
    {},
    { API_KEYS: 'canary-key-0123456789', A_API_KEY: 'canary-key-of-provider' },
  )
  const messages = [{ role: 'user', content: 'canary-prompt' }]
  await stand.chat(
    { messages, user: 'canary-prompt' },
    {
      authorization: 'Bearer canary-key-0123456789',
      'user-agent': 'canary-header',
      'x-own': 'canary-header',
      traceparent: traceparent(),
    },
  )
  const spans = await stand.collector.trace(caller.traceId)
  expect(spans.length).toBeGreaterThan(3)
  for (const canary of canaries) expect(stand.collector.texts.join()).not.toContain(canary)
  await eventually(() => stand.records.length === 1, 'the record')
})
