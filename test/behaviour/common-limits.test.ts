/** Limits of models and of providers, which all clients have together. */
import { afterEach, describe, expect, test } from 'bun:test'
import { loadConfig } from '../../src/config/env.ts'
import { fileOf } from '../config/file/files.ts'
import { chatEvents, eventText, json, silence } from '../kit/answers.ts'
import { describeWithRedis, startRedis } from '../kit/redis.ts'
import type { RawResponse } from '../kit/response.ts'
import { eventually } from '../kit/signal.ts'
import type { UpstreamScript } from '../kit/upstream.ts'
import { endStands } from './client-stand.ts'
import {
  answering,
  type RouteChanges,
  requestCounts,
  startTargets,
  type TargetsStand,
} from './targets-stand.ts'

afterEach(endStands)

/** A stand on these limits, with the providers `a`, `b`, `c` behind the route `smart`. */
const limited = (
  scripts: readonly UpstreamScript[],
  limits: object,
  changes: RouteChanges = {},
  environment: Record<string, string> = {},
) => {
  const file = { CONFIG_FILE: fileOf({ limits }), STREAM_HEARTBEAT_INTERVAL_MS: '10000' }
  return startTargets(scripts, changes, { retriesMax: 0 }, { ...file, ...environment })
}

const outcomeOf = (response: RawResponse): string =>
  response.status === 200
    ? response.text().includes('"one"')
      ? 'one'
      : 'two'
    : `${response.status} ${JSON.parse(response.text()).error.code}`

const outcome = async (stand: TargetsStand, body?: object): Promise<string> =>
  outcomeOf(await stand.chat(body))

const two = [answering('one'), answering('two')]

describe('of a model', () => {
  const models = { smart: { requestsPerMinute: 2 }, 'a/*': { requestsPerMinute: 1 } }

  test('hold for the name that is asked for, whoever asks, and for no other', async () => {
    const stand = await limited(two, { models })
    expect([await outcome(stand), await outcome(stand)]).toEqual(['one', 'one'])
    expect(await outcome(stand)).toBe('429 rate_limit_exceeded')
    expect(await outcome(stand, { model: 'a/m' })).toBe('one')
    expect(await outcome(stand, { model: 'a/n' })).toBe('429 rate_limit_exceeded')
    expect(await outcome(stand, { model: 'b/m' })).toBe('two')
    expect(requestCounts(stand)).toEqual([3, 1])
  })

  test('the refusal says what is left of it, and when there will be more', async () => {
    const stand = await limited(two, { models })
    await stand.chat({ model: 'a/m' })
    const refused = await stand.chat({ model: 'a/m' })
    expect(refused.header('x-ratelimit-limit-requests')).toBe('1')
    expect(refused.header('x-ratelimit-remaining-requests')).toBe('0')
    expect(refused.header('x-ratelimit-reset-requests')).toMatch(/^(1m0s|5\ds)$/)
    expect(Number(refused.header('retry-after'))).toBeGreaterThan(50)
    expect(JSON.parse(refused.text()).error.message).toContain('of this model')
  })

  test('places are free again when a stream is over', async () => {
    const stand = await limited([silence], { models: { '*': { concurrentStreams: 1 } } })
    const { client } = await stand.begin()
    await stand.upstreams[0]?.request(0)
    const refused = await stand.chat()
    expect(outcomeOf(refused)).toBe('429 too_many_streams')
    expect(Number(refused.header('retry-after'))).toBeWithin(1, 16)
    client.close()
    await eventually(() => stand.app.leftovers().places === 0, 'the place is free')
    const next = await stand.begin()
    await stand.upstreams[0]?.request(1)
    next.client.close()
  })
})

describe('of a provider', () => {
  test('one at its limit is passed over, and its breaker hears nothing of it', async () => {
    const stand = await limited(two, { providers: { a: { requestsPerMinute: 1 } } })
    const outcomes = [await outcome(stand), await outcome(stand), await outcome(stand)]
    expect(outcomes).toEqual(['one', 'two', 'two'])
    const record = await stand.record(2)
    expect(record.attempts).toBe(1)
    expect(record.attemptLog.map(({ target, kind }) => `${target} ${kind}`)).toEqual([
      'b/m-b failover',
    ])
  })

  test('where all are, the client has a 429 of the last, and nobody was asked', async () => {
    const one = { requestsPerMinute: 1 }
    const stand = await limited(two, {
      providers: { a: one, b: { ...one, tokensPerMinute: 9000 } },
    })
    expect([await outcome(stand), await outcome(stand)]).toEqual(['one', 'two'])
    const refused = await stand.chat()
    expect(outcomeOf(refused)).toBe('429 rate_limit_exceeded')
    expect(Number(refused.header('retry-after'))).toBeGreaterThan(50)
    expect(refused.header('x-ratelimit-remaining-requests')).toBe('0')
    expect(refused.header('x-ratelimit-limit-tokens')).toBe('9000')
    expect(refused.header('x-should-retry')).toBeNull()
    expect(requestCounts(stand)).toEqual([1, 1])
    expect((await stand.record(2)).costMicroUsd).toBe(0)
  })

  test('a failure and then a limit is the limit; a limit opens no breaker', async () => {
    const broken: UpstreamScript = async (_request, connection) => connection.reset()
    const stand = await limited([broken, answering('two')], {
      providers: { b: { requestsPerMinute: 1 } },
    })
    const outcomes: string[] = []
    for (let index = 0; index < 7; index += 1) outcomes.push(await outcome(stand))
    // At the fifth failure its breaker opens, and then it is the last resort behind the limit.
    const refusals = Array(4).fill('429 rate_limit_exceeded')
    expect(outcomes).toEqual(['two', ...refusals, '502 upstream_closed', '502 upstream_closed'])
    const { breakers } = (await (await fetch(new URL('/api/breakers', stand.app.url))).json()) as {
      breakers: { target: string; state: string }[]
    }
    expect(breakers.map(({ target, state }) => `${target} ${state}`)).toEqual([
      'a/m-a open',
      'b/m-b closed',
    ])
  })

  test('a place is held until the answer is over, however it ends', async () => {
    const stand = await limited([silence, answering('two')], {
      providers: { a: { concurrentStreams: 1 } },
    })
    for (let round = 0; round < 3; round += 1) {
      const { client } = await stand.begin()
      await stand.upstreams[0]?.request(round)
      expect(await outcome(stand)).toBe('two')
      client.close()
      await eventually(() => stand.app.leftovers().places === 0, 'the place is free')
    }
  })

  test('tokens that nobody was asked for are given back', async () => {
    // Each request is estimated at some 520 tokens. A closed connection is tried twice.
    const closing: UpstreamScript = async (_request, connection) => connection.reset()
    const stand = await limited([closing, answering('two')], {
      providers: { a: { tokensPerMinute: 600 } },
    })
    for (let index = 0; index < 4; index += 1) expect(await outcome(stand)).toBe('two')
    expect(requestCounts(stand)).toEqual([8, 4])
  })

  test('tokens are settled to what the provider counted, or stay as guessed', async () => {
    const usage = { prompt_tokens: 3, completion_tokens: 1, total_tokens: 4 }
    const whole = { id: 'c', object: 'chat.completion', created: 1, model: 'm', choices: [] }
    const counted = await limited([json(200, { ...whole, usage }), answering('two')], {
      providers: { a: { tokensPerMinute: 600 } },
    })
    for (let index = 0; index < 6; index += 1) await counted.chat({ stream: false })
    expect(requestCounts(counted)).toEqual([6, 0])
    const uncounted = await limited([json(200, whole), answering('two')], {
      providers: { a: { tokensPerMinute: 600 } },
    })
    for (let index = 0; index < 3; index += 1) await uncounted.chat({ stream: false })
    expect(requestCounts(uncounted)).toEqual([1, 2])
  })

  test('who loses a race gives its place back, and a full provider is no rival', async () => {
    const places = { a: { concurrentStreams: 5 }, b: { requestsPerMinute: 1 } }
    const stand = await limited([silence, answering('two')], { providers: places }, { hedge: true })
    expect(await outcome(stand)).toBe('two')
    await eventually(() => stand.app.leftovers().places === 0, 'the place of the loser is free')
    const { client } = await stand.begin()
    await stand.upstreams[0]?.request(1)
    // The delay of the hedge is over; what would have been asked is at its limit.
    await eventually(() => stand.app.leftovers().pauses === 0, 'the hedge had its chance')
    await eventually(() => stand.app.leftovers().places === 1, 'one is under way')
    expect(requestCounts(stand)).toEqual([2, 1])
    client.close()
  })

  test('an answer that breaks and is gone on with elsewhere takes from both', async () => {
    const breaking: UpstreamScript = async (_request, connection) => {
      await connection.head(200, { 'content-type': 'text/event-stream' })
      for (const event of chatEvents(['begun', 'x']).slice(0, 2)) {
        await connection.chunk(eventText(event))
      }
      await connection.end()
    }
    const one = { concurrentStreams: 1, requestsPerMinute: 1 }
    const traits = [{}, { prefill: true }]
    const stand = await limited(
      [breaking, answering('two')],
      { providers: { a: one, b: one } },
      { midstream: 'recover', traits },
    )
    const response = await stand.chat({ messages: [{ role: 'user', content: 'x' }] })
    expect(response.text()).toContain('begun')
    expect(response.text()).toEndWith('data: [DONE]\n\n')
    expect(requestCounts(stand)).toEqual([1, 1])
    expect(await outcome(stand)).toBe('429 rate_limit_exceeded')
  })

  test('without a limit nothing is counted', async () => {
    const stand = await limited(two, { providers: { b: { requestsPerMinute: 1 } } })
    for (let index = 0; index < 5; index += 1) expect(await outcome(stand)).toBe('one')
    expect(stand.app.leftovers().places).toBe(0)
  })
})

test('a file that is read anew changes the limits of what comes then', async () => {
  const stand = await limited(two, { models: { smart: { requestsPerMinute: 1 } } })
  expect([await outcome(stand), await outcome(stand)]).toEqual(['one', '429 rate_limit_exceeded'])
  const now = fileOf({ limits: { providers: { a: { requestsPerMinute: 1 } } } })
  const loaded = loadConfig({
    OPENAI_COMPATIBLE_PROVIDERS: 'a,b',
    ...Object.fromEntries(
      stand.upstreams.map(({ url }, index) => [`${'AB'[index]}_BASE_URL`, `${url}/v1`]),
    ),
    CONFIG_FILE: now,
  })
  if (!loaded.ok) throw new Error(loaded.problems.join('\n'))
  stand.app.reload(loaded.config)
  const [first, second] = [
    await outcome(stand, { model: 'a/m' }),
    await outcome(stand, { model: 'a/m' }),
  ]
  expect([first, second]).toEqual(['one', '429 rate_limit_exceeded'])
})

describeWithRedis('by Redis', () => {
  test('two machines have the limits of a provider and of a model together', async () => {
    const redis = await startRedis()
    const limits = {
      models: { smart: { requestsPerMinute: 3 } },
      providers: { a: { requestsPerMinute: 1 } },
    }
    const environment = { REDIS_URL: redis.url }
    const first = await limited(two, limits, {}, environment)
    const second = await limited(two, limits, {}, environment)
    const outcomes = [await outcome(first), await outcome(second), await outcome(first)]
    expect([...outcomes, await outcome(second)]).toEqual([
      ...['one', 'two', 'two'],
      '429 rate_limit_exceeded',
    ])
    await endStands()
    await redis.close()
  })
})
