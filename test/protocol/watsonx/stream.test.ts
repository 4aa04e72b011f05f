/** The one recording of watsonx's text stream, and what it does not have. */
import { expect, test } from 'bun:test'
import { collect } from '../../../src/protocol/hub/collect.ts'
import { WatsonxReader } from '../../../src/protocol/watsonx/stream.ts'
import { describeWithFixtures, listFixtures, readFixture } from '../../kit/fixtures.ts'
import {
  accountOf,
  decodeFrames,
  errorOf,
  expectEqualHoweverCut,
  expectWellFormed,
} from '../replay.ts'

const decoding = { framing: 'sse', reader: () => new WatsonxReader() } as const

const result = (stop_reason: string, generated_text = 'x') => ({
  model_id: 'm',
  results: [{ generated_text, generated_token_count: 1, input_token_count: 0, stop_reason }],
})

const read = (...data: (object | string)[]) => {
  const events = decodeFrames(
    new WatsonxReader(),
    data.map((each) => ['message', each] as const),
  )
  expectWellFormed(events)
  return events
}

describeWithFixtures('the recording of watsonx', () => {
  test('reads as its events say, however it was cut', () => {
    const [fixture] = listFixtures({ provider: 'watsonx' })
    if (fixture === undefined) throw new Error('the recording is gone')
    const events = expectEqualHoweverCut(decoding, readFixture(fixture))
    expectWellFormed(events)
    expect(accountOf(events)).toEqual({
      text: 'the sun is the most important star in the sky',
      reasoning: '',
      tools: [],
      finish: 'eos_token',
      inputTokens: 8,
      outputTokens: 11,
    })
    expect(collect(events).model).toBe('google/flan-ul2')
  })
})

test.each([
  ['max_tokens', 'length'],
  ['STOP_SEQUENCE', 'stop-sequence'],
  ['eos_token', 'stop'],
])('%s is %s', (native, reason) => {
  const finish = collect(read(result(native))).choices[0]?.finish
  expect(finish?.reason as string).toBe(reason)
})

test('failures are failures', () => {
  expect(errorOf(read(result('not_finished')))?.code).toBe('upstream_incomplete')
  expect(errorOf(read(result('error')))?.code).toBe('upstream_error')
  const errors = [{ code: 'rate_limit', message: 'slow down' }]
  expect(errorOf(read({ errors, status_code: 429 }))?.message).toBe('slow down')
  expect(errorOf(read('{"results'))?.code).toBe('upstream_incomplete')
})
