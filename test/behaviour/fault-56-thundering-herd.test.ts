/**
 * A thundering herd: a thousand connections at once are all answered; above the bound they are
 * refused at once, before their bodies, and sent away for times that differ (fault matrix, row 56).
 */
import { afterEach, describe, expect, test } from 'bun:test'
import { chatEvents, eventsText, sse } from '../kit/answers.ts'
import { jsonRequest } from '../kit/client.ts'
import type { RawResponse } from '../kit/response.ts'
import { Changes, eventually } from '../kit/signal.ts'
import type { UpstreamScript } from '../kit/upstream.ts'
import { type Asking, chatRequest, endStands, type Stand, startStand } from './client-stand.ts'

afterEach(endStands)

const herd = 1000
const whole = eventsText(chatEvents(['Hello', ' there']), true)
const answer = sse(chatEvents(['Hello', ' there']), { done: true })
const chat = jsonRequest('/v1/chat/completions', chatRequest)

/** As many connections as the herd has, each with its request. */
const rush = (stand: Stand): Promise<Asking[]> =>
  Promise.all(Array.from({ length: herd }, () => stand.ask(chat)))

/** A provider that answers nobody until it is told to. */
class Gate {
  readonly #changes = new Changes()
  #isOpen = false

  open(): void {
    this.#isOpen = true
    this.#changes.notify()
  }

  readonly script: UpstreamScript = async (request, connection) => {
    await this.#changes.until(() => this.#isOpen, 'the gate', 30_000)
    await answer(request, connection)
  }
}

/** The seconds after which a refused client comes back. Asserts that it was refused. */
async function retryAfterOf(response: RawResponse): Promise<number> {
  expect(await response.ended()).toBe('complete')
  expect([response.status, JSON.parse(response.text()).error.code]).toEqual([503, 'overloaded'])
  // The official SDKs retry by themselves, and should.
  expect(response.header('x-should-retry')).toBeNull()
  const exactMs = Number(response.header('retry-after-ms'))
  expect(exactMs).toBeGreaterThanOrEqual(1000)
  expect(exactMs).toBeLessThanOrEqual(5000)
  expect(response.header('retry-after')).toBe(String(Math.ceil(exactMs / 1000)))
  return exactMs
}

test('a thousand at once are all answered', async () => {
  const stand = await startStand(answer)
  const asked = await rush(stand)
  for (const { response } of asked) {
    expect(await response.ended(20_000)).toBe('complete')
    expect([response.status, response.text()]).toEqual([200, whole])
  }
  expect(stand.upstream.requestCount).toBe(herd)
}, 30_000)

describe('above the bound', () => {
  const bound = 50
  const bounded = { MAX_CONCURRENT_REQUESTS: String(bound) }

  test('those inside are served, the others refused, and later there is room again', async () => {
    const gate = new Gate()
    const stand = await startStand(gate.script, bounded)
    const asked = await rush(stand)
    const outside = () => asked.filter(({ response }) => response.ending !== null)
    await eventually(() => outside().length === herd - bound, 'the refusals', 5000)
    await stand.upstream.request(bound - 1)
    const refused = outside()
    const inside = asked.filter((each) => !refused.includes(each))
    expect(inside.length).toBe(bound)

    const waits = await Promise.all(refused.map(({ response }) => retryAfterOf(response)))
    expect(new Set(waits).size).toBeGreaterThan(waits.length / 4)
    expect(stand.records.length).toBe(herd - bound)
    expect(stand.records.every(({ endReason }) => endReason === 'rejected')).toBe(true)
    expect(stand.upstream.requestCount).toBe(bound)

    gate.open()
    for (const { response } of inside) {
      expect(await response.ended(20_000)).toBe('complete')
      expect(response.text()).toBe(whole)
    }
    // The connection of a refusal is as good as any, and so is the next request on it.
    const again = refused[0]?.client.request(chat)
    expect(await again?.ended()).toBe('complete')
    expect(again?.text()).toBe(whole)
    expect(stand.upstream.requestCount).toBe(bound + 1)
  }, 30_000)

  test('a refusal waits for nothing, least of all for the body', async () => {
    const gate = new Gate()
    const stand = await startStand(gate.script, { MAX_CONCURRENT_REQUESTS: '1' })
    const held = await stand.ask(chat)
    await stand.upstream.request(0)
    const tookMs: number[] = []
    for (let index = 0; index < 20; index++) {
      const client = await stand.connect()
      const response = client.expect('POST')
      const startedAtMs = performance.now()
      await client.send(
        'POST /v1/chat/completions HTTP/1.1\r\nhost: localhost\r\n' +
          'content-type: application/json\r\ncontent-length: 400000000\r\n\r\n{"model":',
      )
      await retryAfterOf(response)
      tookMs.push(performance.now() - startedAtMs)
      client.close()
    }
    // The machine of a test is busy, so the best of twenty says what the refusal itself takes.
    expect(Math.min(...tookMs)).toBeLessThan(50)
    expect(stand.upstream.requestCount).toBe(1)
    gate.open()
    expect(await held.response.ended()).toBe('complete')
  })

  test('the operator and the list of models: the one answers, the other is refused', async () => {
    const gate = new Gate()
    const stand = await startStand(gate.script, { MAX_CONCURRENT_REQUESTS: '1' })
    await stand.ask(chat)
    await stand.upstream.request(0)
    const status = async (path: string): Promise<number> => {
      const { response } = await stand.ask({ path })
      await response.ended()
      return response.status
    }
    for (const path of ['/healthz', '/readyz', '/buffer-pool-metrics', '/api/breakers', '/docs']) {
      expect(await status(path), path).toBe(200)
    }
    for (const path of ['/v1/models', '/v1beta/models', '/v1/models/demo/stream']) {
      expect(await status(path), path).toBe(503)
    }
    const { response } = await stand.ask({ path: '/api/overload' })
    await response.ended()
    expect(JSON.parse(response.text())).toMatchObject({
      stage: 'normal',
      concurrentRequestsMax: 1,
      shed: { lowPriority: 0, pressure: 0, concurrency: 3 },
    })
    gate.open()
  })

  test.each([
    ['/v1/messages', 529, 'overloaded_error'],
    ['/v1beta/models/gemini-2.5-flash:generateContent', 503, 'UNAVAILABLE'],
  ])('a refusal at %s is one in the dialect of the caller', async (path, status, kind) => {
    const gate = new Gate()
    const stand = await startStand(gate.script, { MAX_CONCURRENT_REQUESTS: '1' })
    await stand.ask(chat)
    await stand.upstream.request(0)
    const { response } = await stand.ask(jsonRequest(path, { ...chatRequest, max_tokens: 5 }))
    await response.ended()
    expect(response.status).toBe(status)
    const { error } = JSON.parse(response.text())
    expect(error.type ?? error.status).toBe(kind)
    expect(Number(response.header('retry-after'))).toBeGreaterThan(0)
    gate.open()
  })
})
