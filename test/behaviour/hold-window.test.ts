/**
 * The hold window: the first content waits until the window closes, so that what fails in it fails
 * over and the client never sees it. Behind the window nothing is repeated.
 */
import { afterEach, describe, expect, test } from 'bun:test'
import { chatEvents, eventsText, inTurn, sse } from '../kit/answers.ts'
import { jsonRequest } from '../kit/client.ts'
import type { RawResponse } from '../kit/response.ts'
import { eventually } from '../kit/signal.ts'
import type { UpstreamScript } from '../kit/upstream.ts'
import { endStands, type Stand } from './client-stand.ts'
import { chunked, sseHead } from './provider-stand.ts'
import { routeName, startRoute } from './route-stand.ts'

afterEach(endStands)

const route = { targets: ['openai/one', 'openai/two'] } as const
const [role = '', first = '', second = '', ...rest] = chatEvents(['bad', ' worse'])
const begun = eventsText([role, first])
const good = sse(chatEvents(['Hello', ' there']), { done: true })

const request = () =>
  jsonRequest('/v1/chat/completions', { model: routeName, stream: true, messages: [] })

/** The first target begins an answer and fails by `fail`; the second gives a whole one. */
async function failing(
  fail: UpstreamScript,
  environment: Readonly<Record<string, string>>,
): Promise<{ readonly stand: Stand; readonly response: RawResponse }> {
  const broken: UpstreamScript = async (upstreamRequest, connection) => {
    await connection.raw(sseHead + chunked(begun))
    await fail(upstreamRequest, connection)
  }
  const stand = await startRoute(inTurn(broken, good), route, environment)
  const { response } = await stand.ask(request())
  return { stand, response }
}

/** Waits until what was written has certainly been read: the request before it was answered. */
const longAgo = (): Promise<void> => Bun.sleep(50)

const failures: Readonly<Record<string, UpstreamScript>> = {
  'a reset': async (_request, connection) => {
    await longAgo()
    connection.reset()
  },
  'an error event': async (_request, connection) => {
    const error = { error: { message: 'The engine stopped.', type: 'server_error' } }
    await connection.raw(chunked(`data: ${JSON.stringify(error)}\n\n`))
  },
  'a missing last chunk': (_request, connection) => connection.close(),
  'an end without a finish': (_request, connection) => connection.end(),
}

describe.each([
  ['a time', { STREAM_HOLD_MS: '3000' }],
  ['bytes', { STREAM_HOLD_BYTES: '100000' }],
  ['both', { STREAM_HOLD_MS: '3000', STREAM_HOLD_BYTES: '100000' }],
])('in a window of %s', (_name, environment) => {
  test.each(Object.entries(failures))('%s fails over', async (_failure, fail) => {
    const { stand, response } = await failing(fail, environment)
    expect([await response.ended(), response.status]).toEqual(['complete', 200])
    expect(response.text()).toBe(eventsText(chatEvents(['Hello', ' there']), true))
    expect(response.header('x-sluice-model')).toBe('two')
    expect((await stand.record(0)).attempts).toBe(2)
  })

  test('a whole answer does not wait for the window to close', async () => {
    const stand = await startRoute(good, route, environment)
    const startedAtMs = performance.now()
    const { response } = await stand.ask(request())
    await response.ended()
    expect(performance.now() - startedAtMs).toBeLessThan(1500)
    expect(response.text()).toBe(eventsText(chatEvents(['Hello', ' there']), true))
  })
})

test('silence in the window ends at the idle clock, and fails over', async () => {
  const environment = {
    STREAM_HOLD_MS: '20000',
    STREAM_IDLE_TIMEOUT_MS: '200',
    STREAM_FIRST_TOKEN_TIMEOUT_MS: '20000',
  }
  const { stand, response } = await failing(() => {}, environment)
  expect(await response.ended()).toBe('complete')
  expect(response.text()).toBe(eventsText(chatEvents(['Hello', ' there']), true))
  const { attemptLog } = await stand.record(0)
  expect(attemptLog.map(({ outcome }) => outcome)).toEqual(['upstream_idle_timeout', 'answered'])
})

test('the first-token clock has stopped at the first content', async () => {
  const environment = { STREAM_HOLD_MS: '600', STREAM_FIRST_TOKEN_TIMEOUT_MS: '200' }
  const stand = await startRoute(
    async (_request, connection) => {
      await connection.raw(sseHead + chunked(begun))
      await Bun.sleep(500)
      await connection.raw(chunked(eventsText([second, ...rest], true)))
      await connection.end()
    },
    route,
    environment,
  )
  const { response } = await stand.ask(request())
  expect([await response.ended(), response.status]).toEqual(['complete', 200])
  expect((await stand.record(0)).errorCode).toBeNull()
})

test('the content leaves when the time is up, and the pending read is not lost', async () => {
  const seen = Promise.withResolvers<void>()
  const stand = await startRoute(
    async (_request, connection) => {
      await connection.raw(sseHead + chunked(begun))
      await seen.promise
      await connection.raw(chunked(eventsText([second, ...rest], true)))
      await connection.end()
    },
    route,
    { STREAM_HOLD_MS: '200' },
  )
  const startedAtMs = performance.now()
  const { response } = await stand.ask(request())
  await response.until((r) => r.text() === begun, 'the first content')
  expect(performance.now() - startedAtMs).toBeGreaterThan(150)
  seen.resolve()
  expect(await response.ended()).toBe('complete')
  expect(response.text()).toBe(eventsText(chatEvents(['bad', ' worse']), true))
})

test('when the bytes are reached the content leaves', async () => {
  const seen = Promise.withResolvers<void>()
  const stand = await startRoute(
    async (_request, connection) => {
      await connection.raw(sseHead + chunked(begun))
      await connection.raw(chunked(eventsText([second])))
      await seen.promise
      await connection.raw(chunked(eventsText(rest, true)))
      await connection.end()
    },
    route,
    { STREAM_HOLD_BYTES: String(begun.length + 10), STREAM_HOLD_MS: '20000' },
  )
  const { response } = await stand.ask(request())
  await response.until((r) => r.text() === begun + eventsText([second]), 'the second content')
  seen.resolve()
  expect(await response.ended()).toBe('complete')
  expect(response.text()).toBe(eventsText(chatEvents(['bad', ' worse']), true))
})

test('what fails behind the window is the error of the stream', async () => {
  const seen = Promise.withResolvers<void>()
  const { stand, response } = await failing(
    async (_request, connection) => {
      await seen.promise
      connection.reset()
    },
    { STREAM_HOLD_MS: '100' },
  )
  await response.until((r) => r.text() === begun, 'the first content')
  seen.resolve()
  expect(await response.ended()).toBe('complete')
  expect(response.text()).toStartWith(begun)
  expect(response.text()).toContain('"code":"upstream_reset"')
  expect(stand.upstream.requestCount).toBe(1)
})

test('a client that leaves in the window takes the provider with it at once', async () => {
  const stand = await startRoute(
    async (_request, connection) => {
      await connection.raw(sseHead + chunked(begun))
    },
    route,
    { STREAM_HOLD_MS: '20000' },
  )
  const { client } = await stand.ask(request())
  await stand.upstream.request(0)
  await eventually(() => (stand.upstream.connections[0]?.bytesWritten ?? 0) > begun.length, 'bytes')
  await longAgo()
  const leftAtMs = performance.now()
  client.close()
  await stand.upstream.until((upstream) => upstream.openConnections === 0, 'the close')
  expect(performance.now() - leftAtMs).toBeLessThan(1000)
  expect((await stand.record(0)).endReason).toBe('client_gone')
})

test('a heartbeat opens the response while the content is held', async () => {
  const isOpen = Promise.withResolvers<void>()
  const stand = await startRoute(
    async (_request, connection) => {
      await connection.raw(sseHead + chunked(begun))
      await isOpen.promise
      await connection.raw(chunked(eventsText([second, ...rest], true)))
      await connection.end()
    },
    route,
    { STREAM_HOLD_MS: '20000', STREAM_HEARTBEAT_INTERVAL_MS: '100' },
  )
  const { response } = await stand.ask(request())
  await response.until((r) => r.text().startsWith(': ping\n'), 'a heartbeat')
  expect(response.text()).not.toContain('data:')
  isOpen.resolve()
  expect(await response.ended()).toBe('complete')
  expect(response.text().replaceAll(': ping\n', '')).toBe(
    eventsText(chatEvents(['bad', ' worse']), true),
  )
})
