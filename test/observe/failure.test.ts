/** Which attempts count as failed: what a provider is judged by. */
import { expect, test } from 'bun:test'
import type { AttemptKind, AttemptOutcome } from '../../src/observe/attempt-facts.ts'
import { isFailedAttempt } from '../../src/observe/failure.ts'
import type { FinishedAttempt, FinishedRequest } from '../../src/observe/finished.ts'
import { finishedWith } from './records.ts'

type Said = readonly [kind: AttemptKind, outcome: AttemptOutcome | null, status?: number]

const times = { startedMs: 0, headersMs: null, answeredMs: null, endedMs: null }

const attempt = ([kind, outcome, status = 200]: Said): FinishedAttempt => {
  return { target: 'openai/gpt-test', kind, outcome, status, ...times }
}

/** Which attempts of a request failed. */
function failures(said: readonly Said[], fields: Partial<FinishedRequest> = {}): boolean[] {
  const attempts = said.map(attempt)
  const finished = finishedWith({ attempts, ...fields })
  return attempts.map((each) => isFailedAttempt(finished, each))
}

test('an answer that is whole is no failure, however many failed before it', () => {
  expect(failures([['first', 'answered']])).toEqual([false])
  expect(
    failures([
      ['first', 'upstream_reset'],
      ['retry', 'upstream_error', 503],
      ['failover', 'answered'],
    ]),
  ).toEqual([true, true, false])
})

test('the loser of a hedge, and an attempt whose client left, did not fail', () => {
  expect(
    failures([
      ['first', 'outrun'],
      ['hedge', 'answered'],
    ]),
  ).toEqual([false, false])
  const gone = { errorCode: 'client_gone', status: 499 } as const
  expect(failures([['first', 'client_gone']], gone)).toEqual([false])
  expect(failures([['first', null]], gone)).toEqual([false])
  expect(failures([['first', 'answered']], { ...gone, status: 200 })).toEqual([false])
})

test('what the caller did wrong is no failure of the provider; what it takes no more of is', () => {
  expect(failures([['first', 'upstream_error', 400]])).toEqual([false])
  expect(failures([['first', 'upstream_error', 429]])).toEqual([true])
  expect(failures([['first', 'too_many_streams', 429]])).toEqual([false])
})

test('an answer that broke is one, whether another went on with it or not', () => {
  const broken = { errorCode: 'upstream_idle_timeout', status: 200 } as const
  expect(failures([['first', 'answered']], broken)).toEqual([true])
  expect(
    failures([
      ['first', 'answered'],
      ['recovery', 'answered'],
    ]),
  ).toEqual([true, false])
  expect(
    failures(
      [
        ['first', 'answered'],
        ['recovery', 'upstream_reset'],
      ],
      broken,
    ),
  ).toEqual([true, true])
})

test('an end of ours is none of the provider’s', () => {
  for (const errorCode of ['ended_by_operator', 'server_shutdown', 'evicted'] as const) {
    expect(failures([['first', 'answered']], { errorCode, status: 200 })).toEqual([false])
  }
})
