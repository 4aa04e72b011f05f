/**
 * Row 59: Redis is away, stopped, or read-only. Every request is answered within a bound; rates go
 * on with a local share, a budget that cannot be decided is a 503 and never a 401, and nobody has
 * to do anything when Redis is back.
 */
import { afterEach, expect, test } from 'bun:test'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { chatEvents, sse } from '../kit/answers.ts'
import { jsonRequest } from '../kit/client.ts'
import { describeWithRedis, type RedisServer, startRedis } from '../kit/redis.ts'
import { runDirectory } from '../kit/run-directory.ts'
import { eventually } from '../kit/signal.ts'
import { endStands, type Stand, startStand } from './client-stand.ts'

let redis: RedisServer | null = null
afterEach(endStands)
afterEach(async () => {
  redis?.resume()
  await redis?.close()
  redis = null
})

/** The store waits 100 ms; the rest is for a busy machine. */
const answerMsMax = 2000

/** A stand whose limits are in a Redis, with a key for rates and one with a budget. */
async function stand(): Promise<{ readonly server: RedisServer; readonly stand: Stand }> {
  const server = await startRedis()
  redis = server
  const path = join(runDirectory(), `redis-${crypto.randomUUID()}.json`)
  const keys = [
    { name: 'rated', key: 'env:RATED', limits: { requestsPerMinute: 1000 } },
    { name: 'bought', key: 'env:BOUGHT', budget: { daily: 1000 } },
  ]
  writeFileSync(path, JSON.stringify({ keys, prices: { 'openai/*': { input: 1, output: 1 } } }))
  const environment = { REDIS_URL: server.url, CONFIG_FILE: path, RATED: 'key-r', BOUGHT: 'key-b' }
  const answer = sse(chatEvents(['Hello']), { done: true })
  return { server, stand: await startStand(answer, environment) }
}

/** Asks with a key; the answer's status, or its error code. */
async function outcome(on: Stand, key: string): Promise<string | number> {
  const startedAtMs = performance.now()
  const body = { model: 'gpt-test', stream: true, messages: [], max_tokens: 1 }
  const headers = { authorization: `Bearer ${key}` }
  const { response } = await on.ask(jsonRequest('/v1/chat/completions', body, headers))
  await response.ended()
  expect(performance.now() - startedAtMs).toBeLessThan(answerMsMax)
  return response.status === 200 ? 200 : JSON.parse(response.text()).error.code
}

/** What both keys get. */
const both = async (on: Stand) => [await outcome(on, 'key-r'), await outcome(on, 'key-b')]

/** Both are served again, by themselves. */
async function recovers(on: Stand): Promise<void> {
  await eventually(async () => (await both(on)).every((each) => each === 200), 'it is back', 10_000)
}

describeWithRedis('Redis', () => {
  test('that is stopped in the middle of everything', async () => {
    const { server, stand: on } = await stand()
    await recovers(on)
    server.pause()
    for (let index = 0; index < 3; index += 1) {
      expect(await both(on)).toEqual([200, 'store_unavailable'])
    }
    server.resume()
    await recovers(on)
  })

  test('that dies and is started again', async () => {
    const { server, stand: on } = await stand()
    await recovers(on)
    await server.kill()
    expect(await both(on)).toEqual([200, 'store_unavailable'])
    await server.restart()
    await recovers(on)
  })

  test('that became a replica and takes no writes', async () => {
    const { server, stand: on } = await stand()
    await recovers(on)
    await server.command('REPLICAOF', '127.0.0.1', '1')
    expect(await both(on)).toEqual([200, 'store_unavailable'])
    await server.command('REPLICAOF', 'NO', 'ONE')
    await recovers(on)
  })

  test('that is not there when the program starts', async () => {
    const { server, stand: first } = await stand()
    await first.end()
    await server.kill()
    const on = await startStand(sse(chatEvents(['Hello']), { done: true }), {
      REDIS_URL: server.url,
    })
    const body = { model: 'gpt-test', stream: true, messages: [] }
    const { response } = await on.ask(jsonRequest('/v1/chat/completions', body))
    await response.ended()
    expect(response.status).toBe(200)
  })

  test('a wrong key is still a 401, and a right one never is', async () => {
    const { server, stand: on } = await stand()
    server.pause()
    expect(await outcome(on, 'key-wrong')).toBe('invalid_api_key')
    expect(await both(on)).toEqual([200, 'store_unavailable'])
  })
})
