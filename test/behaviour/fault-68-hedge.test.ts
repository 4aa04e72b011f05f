/**
 * Row 68: two targets answer one request, because the first was late. One answer reaches the
 * client, whoever fails or leaves; the other is let go at once, and both are on record.
 */
import { afterEach, describe, expect, test } from 'bun:test'
import { chatEvents, eventText, json, silence } from '../kit/answers.ts'
import { eventually } from '../kit/signal.ts'
import type { UpstreamScript } from '../kit/upstream.ts'
import { endStands } from './client-stand.ts'
import { page, refuses, stream } from './provider-stand.ts'
import {
  answering,
  answerText,
  requestCounts,
  startTargets,
  type TargetsStand,
} from './targets-stand.ts'

afterEach(endStands)

const route = { hedge: true } as const
/** Two tenths of a second for a machine that is shared; the rule is a tenth. */
const letGoMsMax = 100 + 200

/** Does `script` when `ms` have passed. */
const later =
  (ms: number, script: UpstreamScript): UpstreamScript =>
  async (request, connection) => {
    await Bun.sleep(ms)
    if (!connection.isClosed) await script(request, connection)
  }

/** What became of the attempts, as they are on record. */
async function attemptsOf(stand: TargetsStand): Promise<readonly (readonly unknown[])[]> {
  const { attemptLog } = await stand.record(0)
  return attemptLog.map(({ target, kind, outcome }) => [target, kind, outcome])
}

describe('both succeed', () => {
  test('the hedge is first: the other is let go at once, and both are on record', async () => {
    const stand = await startTargets([silence, answering('from b')], route)
    const { response } = await stand.begin()
    const first = await stand.upstreams[0]?.connection(0)
    await response.until((r) => r.text().includes('from b'), 'the content')
    const contentAtMs = performance.now()
    expect(((await first?.closed) ?? 0) - contentAtMs).toBeLessThan(letGoMsMax)
    await response.ended()
    expect([response.status, response.text()]).toEqual([200, answerText('from b')])
    expect(response.header('x-sluice-provider')).toBe('b')
    expect(await attemptsOf(stand)).toEqual([
      ['a/m-a', 'first', 'outrun'],
      ['b/m-b', 'hedge', 'answered'],
    ])
    const { provider, upstreamModel, inputTokens, errorCode, ...record } = await stand.record(0)
    expect([provider, upstreamModel, inputTokens, errorCode]).toEqual(['b', 'm-b', 3, null])
    const [loser, winner] = record.attemptLog
    // The stand's hedges start after 50 ms.
    expect((winner?.startedAtMs ?? 0) - (loser?.startedAtMs ?? 0)).toBeGreaterThan(45)
    // The times of the request are those of the winner.
    expect(record.headersAtMs).toBe(winner?.headersAtMs ?? Number.NaN)
    expect(record.upstreamSentAtMs).toBe(winner?.sentAtMs ?? Number.NaN)
  })

  test('the first is first after all', async () => {
    const stand = await startTargets([later(150, answering('from a')), silence], route)
    const response = await stand.chat()
    expect([response.status, response.text()]).toEqual([200, answerText('from a')])
    expect(response.header('x-sluice-provider')).toBe('a')
    expect(await attemptsOf(stand)).toEqual([
      ['a/m-a', 'first', 'answered'],
      ['b/m-b', 'hedge', 'outrun'],
    ])
  })

  test('at the same moment: one of the two, whole, and never a mixture', async () => {
    for (let round = 0; round < 8; round += 1) {
      const both = Promise.withResolvers<void>()
      const together =
        (text: string): UpstreamScript =>
        async (request, connection) => {
          await both.promise
          await answering(text)(request, connection)
        }
      const stand = await startTargets([together('from a'), together('from b')], route)
      const { response } = await stand.begin()
      await stand.upstreams[1]?.request(0)
      both.resolve()
      await response.ended()
      expect(response.status).toBe(200)
      expect([answerText('from a'), answerText('from b')]).toContain(response.text())
      const outcomes = (await stand.record(0)).attemptLog.map(({ outcome }) => outcome)
      expect(outcomes.length).toBe(2)
      expect(outcomes).toContain('answered')
    }
  })

  test('events before the content do not win', async () => {
    const [role = '', ...rest] = chatEvents(['from a'], 'model-of-provider')
    const beginning: UpstreamScript = async (_request, connection) => {
      await connection.head(200, stream)
      await connection.chunk(eventText(role))
      // It goes on when it is too late to win; should it have won already, that is seen then.
      await Promise.race([connection.closed, Bun.sleep(3000)])
      if (connection.isClosed) return
      for (const event of rest) await connection.chunk(eventText(event))
    }
    const stand = await startTargets([beginning, later(50, answering('from b'))], route)
    // Neither the role of the first nor anything else of it.
    expect((await stand.chat()).text()).toBe(answerText('from b'))
  })

  test('a loser says nothing against its target, and its time is nobody`s latency', async () => {
    const stand = await startTargets([silence, answering('from b')], route, {
      hedgeBudgetPercent: 100,
      breakerFailures: 2,
    })
    for (let chats = 0; chats < 4; chats += 1) await stand.chat()
    expect(requestCounts(stand)).toEqual([4, 4])
  })
})

describe('one fails', () => {
  const failures: readonly (readonly [string, UpstreamScript])[] = [
    ['a 500', refuses(500)],
    ['a page', page(200)],
    ['a reset', (_request, connection) => connection.reset()],
    ['a refused key', refuses(401)],
    ['a spent quota', refuses(429, 'insufficient_quota')],
  ]

  test.each(failures)('the hedge, by %s: the first is left alone', async (_name, script) => {
    const stand = await startTargets([later(250, answering('from a')), script], route)
    const response = await stand.chat()
    expect([response.status, response.text()]).toEqual([200, answerText('from a')])
    expect(response.header('x-sluice-provider')).toBe('a')
    // A hedge is one attempt; only a connection that was dead is tried once more.
    expect(requestCounts(stand)[0]).toBe(1)
    expect(requestCounts(stand)[1]).toBeLessThanOrEqual(2)
    expect((await stand.record(0)).errorCode).toBeNull()
  })

  test.each(failures)('the first, by %s: the hedge answers', async (_name, script) => {
    const scripts = [later(100, script), later(250, answering('from b'))]
    const stand = await startTargets(scripts, route, { retriesMax: 0 })
    const response = await stand.chat()
    expect([response.status, response.text()]).toEqual([200, answerText('from b')])
    expect(response.header('x-sluice-provider')).toBe('b')
    expect(requestCounts(stand)[1]).toBe(1)
  })

  test('both: the client is told of the one that failed last', async () => {
    const scripts = [later(100, refuses(500, 'one')), later(150, refuses(502, 'two'))]
    const stand = await startTargets(scripts, route, { retriesMax: 0 })
    const response = await stand.chat()
    expect([response.status, JSON.parse(response.text()).error.code]).toEqual([502, 'two'])
    expect(requestCounts(stand)).toEqual([1, 1])
  })

  test('by the caller`s own error, it is over: the other would say the same', async () => {
    const scripts = [later(100, json(400, { error: { message: 'No.', code: 'bad' } })), silence]
    const stand = await startTargets(scripts, route)
    const startedAtMs = performance.now()
    expect((await stand.chat()).status).toBe(400)
    expect(performance.now() - startedAtMs).toBeLessThan(100 + 500)
    await stand.upstreams[1]?.until(({ openConnections }) => openConnections === 0, 'the close')
  })

  test('in the middle of its answer: that is the end, the loser is not asked again', async () => {
    const [role = '', first = ''] = chatEvents(['from b'])
    const breaking: UpstreamScript = async (_request, connection) => {
      await connection.head(200, stream)
      await connection.chunk(eventText(role) + eventText(first))
      await connection.end()
    }
    const stand = await startTargets([silence, breaking], route)
    const response = await stand.chat()
    expect(response.text()).toContain('"code":"upstream_incomplete"')
    expect(response.text()).not.toContain('[DONE]')
    expect(requestCounts(stand)).toEqual([1, 1])
  })
})

describe('the client leaves', () => {
  /** Leaves, and expects that every provider is let go in time. */
  async function leaves(stand: TargetsStand, client: { close(): void }): Promise<void> {
    client.close()
    const leftAtMs = performance.now()
    await eventually(
      () => stand.upstreams.every(({ openConnections }) => openConnections === 0),
      'the providers are let go',
      2000,
    )
    expect(performance.now() - leftAtMs).toBeLessThan(letGoMsMax)
    expect((await stand.record(0)).endReason).toBe('client_gone')
  }

  test('before the hedge has started: it never does', async () => {
    const stand = await startTargets([silence, silence], route, { hedgeDelayUnknownMs: 300 })
    const { client } = await stand.begin()
    await stand.upstreams[0]?.request(0)
    expect(stand.app.leftovers().pauses).toBe(1)
    await leaves(stand, client)
    // The delay was the only thing that could still start it.
    expect(stand.app.leftovers().pauses).toBe(0)
    expect(requestCounts(stand)).toEqual([1, 0])
  })

  test('while both run: both are let go', async () => {
    const stand = await startTargets([silence, silence], route)
    const { client } = await stand.begin()
    await stand.upstreams[1]?.request(0)
    await leaves(stand, client)
    expect((await attemptsOf(stand)).map(([, kind, outcome]) => [kind, outcome])).toEqual([
      ['first', 'client_gone'],
      ['hedge', 'client_gone'],
    ])
  })

  test('in the middle of the winner`s answer', async () => {
    const [role = '', first = ''] = chatEvents(['from b'])
    const begins: UpstreamScript = async (_request, connection) => {
      await connection.head(200, stream)
      await connection.chunk(eventText(role) + eventText(first))
      await connection.closed
    }
    const stand = await startTargets([silence, begins], route)
    const { client, response } = await stand.begin()
    await response.until((r) => r.text().includes('from b'), 'the content')
    await leaves(stand, client)
    expect((await attemptsOf(stand)).map(([, , outcome]) => outcome)).toEqual([
      'outrun',
      'answered',
    ])
  })
})

test('what the loser had counted is on record, and is not the answer`s', async () => {
  const counts = { prompt_tokens: 7, completion_tokens: 1, total_tokens: 8 }
  const counting: UpstreamScript = async (_request, connection) => {
    const [role = ''] = chatEvents([])
    await connection.head(200, stream)
    await connection.chunk(eventText(JSON.stringify({ ...JSON.parse(role), usage: counts })))
    await connection.closed
  }
  const stand = await startTargets([counting, answering('from b')], route)
  await stand.chat()
  const { attemptLog, inputTokens } = await stand.record(0)
  expect(attemptLog.map((facts) => facts.inputTokens)).toEqual([7, null])
  expect(inputTokens).toBe(3)
})
