/**
 * Row 29: a 429 that no wait helps against, because the money is spent. The key is left alone, not
 * the provider: another key or another target answers, and its breaker stays closed.
 */
import { afterEach, describe, expect, test } from 'bun:test'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { inTurn, json } from '../kit/answers.ts'
import { runDirectory } from '../kit/run-directory.ts'
import type { UpstreamScript } from '../kit/upstream.ts'
import { endStands } from './client-stand.ts'
import { askPair, pairs } from './dialect-stand.ts'
import { refuses } from './provider-stand.ts'
import { answering, answerText, requestCounts, startTargets } from './targets-stand.ts'

afterEach(endStands)

const spent = refuses(429, 'insufficient_quota')

/** Anthropic has no code for it, but a detail; and it sends no `retry-after` with it. */
const spendLimit = json(429, {
  type: 'error',
  error: {
    type: 'rate_limit_error',
    message: 'Spend limit reached.',
    details: { error_code: 'enforced_spend_limit_reached' },
  },
})

describe('with nobody else to ask it is told, and that a retry is in vain', () => {
  const rows: readonly (readonly [string, UpstreamScript, string])[] = [
    ['from a provider of OpenAI`s dialect', spent, 'chat'],
    ['from Anthropic', spendLimit, 'messages'],
  ]
  test.each(rows)('%s', async (_name, script, provider) => {
    for (const pair of pairs.filter((each) => each.provider === provider)) {
      const { stand, response } = await askPair(pair, script, { environment: { RETRIES_MAX: '2' } })
      const { error } = JSON.parse(response.text())
      expect(response.ending).toBe('complete')
      expect(stand.upstream.requestCount).toBe(1)
      // To Anthropic's clients a 429 would be an invitation; a bill has a status of its own.
      const isBill = pair.client === 'messages' && pair.provider === 'chat'
      if (isBill) expect([response.status, error.type]).toEqual([402, 'billing_error'])
      else expect(response.status).toBe(429)
      if (!isBill) expect(response.header('x-should-retry')).toBe('false')
      expect(response.header('retry-after')).toBeNull()
    }
  })
})

/** A route whose first target has two keys; `states` are the breakers afterwards. */
async function startKeys(script: UpstreamScript) {
  const file = join(runDirectory(), `keys-${crypto.randomUUID()}.json`)
  const keys = { apiKeys: ['env:FIRST_KEY', 'env:SECOND_KEY'] }
  writeFileSync(file, JSON.stringify({ providers: { a: keys } }))
  const stand = await startTargets(
    [script, answering('from b')],
    {},
    { breakerFailures: 1 },
    { CONFIG_FILE: file, FIRST_KEY: 'key-1', SECOND_KEY: 'key-2' },
  )
  const states = async (): Promise<readonly (readonly [string, string, number])[]> => {
    const answer = (await (await fetch(new URL('/api/breakers', stand.app.url))).json()) as {
      breakers: { target: string; state: string; consecutiveFailures: number }[]
    }
    return answer.breakers.map(({ target, state, consecutiveFailures }) => [
      target,
      state,
      consecutiveFailures,
    ])
  }
  const keysSeen = (): readonly (string | null | undefined)[] =>
    stand.upstreams[0]?.requests.map((request) => request.header('authorization')) ?? []
  return { stand, states, keysSeen }
}

/** Refuses all requests with the first key. */
const firstIsSpent: UpstreamScript = (request, connection) =>
  (request.header('authorization') === 'Bearer key-1' ? spent : answering('from a'))(
    request,
    connection,
  )

test('the next key of the same provider is used, and from then on at once', async () => {
  const { stand, states, keysSeen } = await startKeys(firstIsSpent)
  for (let chats = 0; chats < 3; chats += 1) {
    const response = await stand.chat()
    expect([response.status, response.text()]).toEqual([200, answerText('from a')])
  }
  const [first, second] = ['Bearer key-1', 'Bearer key-2']
  expect(keysSeen()).toEqual([first, second, second, second] as string[])
  expect(requestCounts(stand)).toEqual([4, 0])
  const { attemptLog } = await stand.record(0)
  expect(attemptLog.map(({ target, kind }) => [target, kind])).toEqual([
    ['a/m-a', 'first'],
    ['a/m-a#2', 'failover'],
  ])
  // One failure opens a breaker here; this is none.
  expect(await states()).toEqual([
    ['a/m-a', 'closed', 0],
    ['a/m-a#2', 'closed', 0],
  ])
})

test('when all keys are spent the next target answers, and from then on first', async () => {
  const { stand, keysSeen } = await startKeys(spent)
  for (let chats = 0; chats < 3; chats += 1) {
    expect((await stand.chat()).text()).toBe(answerText('from b'))
  }
  expect(keysSeen().length).toBe(2)
  expect(requestCounts(stand)).toEqual([2, 3])
})

test('402 is the same', async () => {
  const stand = await startTargets([refuses(402), answering('from b')])
  await stand.chat()
  expect((await stand.chat()).text()).toBe(answerText('from b'))
  expect(requestCounts(stand)).toEqual([1, 2])
})

test('the last target is asked though its key is left alone, which an answer ends', async () => {
  const stand = await startTargets([inTurn(spent, spent, answering('paid'))])
  expect((await stand.chat()).status).toBe(429)
  expect((await stand.chat()).status).toBe(429)
  expect((await stand.chat()).text()).toBe(answerText('paid'))
  expect(requestCounts(stand)).toEqual([3])
})
