/**
 * The first provider breaks behind every event of its answer. On a route that recovers the client
 * then has the whole text, exactly once, or its official SDK raises; never a clean end with less,
 * with more, or with anything twice.
 */
import { afterEach, describe, expect, test } from 'bun:test'
import { endStands } from './client-stand.ts'
import { type Pair, pairRows } from './dialect-stand.ts'
import { answerEvents } from './recover-answers.ts'
import {
  answers,
  type Behaviour,
  type Failure,
  fail,
  readBySdk,
  send,
  startRecover,
  wholeText,
  words,
} from './recover-stand.ts'

afterEach(endStands)

const ways = ['prefill', 'restart'] as const
const breaksBy: readonly Failure[] = ['fin', 'end', 'error']

const breaksBehind =
  (count: number, failure: Failure): Behaviour =>
  async (asked) => {
    const events = answerEvents({ dialect: asked.dialect, id: 'one', words })
    await send(asked.connection, events.slice(0, count))
    await fail(asked, failure)
  }

async function breakEverywhere(pair: Pair, way: (typeof ways)[number]): Promise<void> {
  const events = answerEvents({ dialect: pair.provider, id: 'one', words })
  const tries = breaksBy.flatMap((failure) =>
    events.map((_event, count) => [count, failure] as const),
  )
  const [provider] = pair.model.split('/')
  const { stand } = await startRecover(
    [
      {
        target: `${provider}/model-a`,
        does: tries.map(([count, failure]) => breaksBehind(count, failure)),
      },
      {
        target: { model: `${provider}/model-b`, prefill: way === 'prefill' },
        does: tries.map(() => answers()),
      },
    ],
    // Each try is a failure of the first target, and it is to be tried all the same.
    { BREAKER: 'off' },
  )
  let recovered = 0
  for (const [index, [count, failure]] of tries.entries()) {
    const reading = await readBySdk(pair.client, stand.url, () => {})
    const place = `${failure} behind ${count} of ${events.length} events`
    const { recovery } = await stand.record(index)
    if (recovery === way) recovered += 1
    if (reading.raised !== null) {
      // Only an error event behind the finish is told: nothing is missing that could be recovered.
      expect([place, failure, wholeText.startsWith(reading.text)]).toEqual([place, 'error', true])
      expect([place, reading.text]).toEqual([place, wholeText])
      continue
    }
    expect([place, reading.text]).toEqual([place, wholeText])
    expect([place, reading.starts, reading.finishes]).toEqual([place, 1, 1])
  }
  expect(recovered).toBeGreaterThan(words.length)
}

describe.each(ways)('%s', (way) => {
  test.each(pairRows)('%s', (_name, pair) => breakEverywhere(pair, way), 30_000)
})
