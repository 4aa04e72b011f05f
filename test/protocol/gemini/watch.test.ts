/** The watching half: what the relay learns of a stream in passing, and errors both ways. */
import { describe, expect, test } from 'bun:test'
import { GatewayError } from '../../../src/core/errors.ts'
import { isObject } from '../../../src/core/json.ts'
import { gemini } from '../../../src/protocol/gemini.ts'
import { describeWithFixtures, listFixtures, readFixture } from '../../kit/fixtures.ts'

const json = JSON.stringify
const said = (parts: unknown, rest: object = {}): string =>
  json({ candidates: [{ content: { parts }, ...rest }] })

describe('a sighting', () => {
  test.each([
    ['head', said([])],
    ['head', said([{ text: '' }])],
    ['head', json({ candidates: [{ content: {} }], usageMetadata: { promptTokenCount: 1 } })],
    ['head', json({ usageMetadata: { promptTokenCount: 1 } })],
    ['content', said([{ text: 'a' }])],
    ['content', said([{ text: '', thoughtSignature: 'x' }])],
    ['content', said([{ functionCall: { name: 'f' } }])],
    ['content', said([{ inlineData: {} }])],
    ['content', said([], { finishReason: 'STOP' })],
    ['content', json({ promptFeedback: { blockReason: 'SAFETY' } })],
    ['error', json({ error: { code: 503, message: 'Busy.' } })],
    ['error', json([{ error: { code: 503, message: 'Busy.' } }])],
    ['error', `{\n  "error": {\n    "code": 499\n  }\n}`],
    ['invalid', '{"candidates"'],
    ['invalid', ''],
    ['other', '7'],
  ])('is %s for %s', (sighting, data) => {
    expect(gemini.watch().look(data)).toBe(sighting as never)
  })

  test('is `other` for an empty chunk behind content', () => {
    const watch = gemini.watch()
    watch.look(said([{ text: 'a' }]))
    expect(watch.look(said([]))).toBe('other')
  })
})

describe('the end', () => {
  test('is good when every candidate seen has a finish reason', () => {
    const watch = gemini.watch()
    expect(watch.finished).toBe(false)
    watch.look(said([{ text: 'a' }]))
    watch.look(json({ candidates: [{ index: 1, finishReason: 'MAX_TOKENS' }] }))
    expect(watch.finished).toBe(false)
    watch.look(said([], { finishReason: 'STOP' }))
    watch.look(said([{ text: 'late' }]))
    expect([watch.finished, watch.ended, watch.missingEnd]).toEqual([true, false, null])
    expect(watch.finishReason).toBe('STOP')
  })

  test('is good when the prompt was blocked', () => {
    const watch = gemini.watch()
    watch.look(json({ promptFeedback: { blockReason: 'JAILBREAK' } }))
    expect([watch.finished, watch.finishReason]).toEqual([true, 'JAILBREAK'])
  })

  test('is all there is: no marker, and no body ends well without a finish', () => {
    expect([gemini.hasEndMarker, gemini.needsFinish]).toEqual([false, true])
  })
})

test('the last usage counts, with thoughts in the output and tools in the input', () => {
  const watch = gemini.watch()
  watch.look(json({ usageMetadata: { promptTokenCount: 1, totalTokenCount: 1 } }))
  expect(watch.usage).toMatchObject({ inputTokens: 1, outputTokens: null })
  const usageMetadata = {
    promptTokenCount: 10,
    toolUsePromptTokenCount: 3,
    candidatesTokenCount: 5,
    thoughtsTokenCount: 7,
    cachedContentTokenCount: 4,
  }
  watch.look(json({ usageMetadata }))
  watch.look(json({ usageMetadata: { trafficType: 'ON_DEMAND' } }))
  const usage = { inputTokens: 13, outputTokens: 12, cachedInputTokens: 4, reasoningTokens: 7 }
  expect(watch.usage).toEqual(usage)
  expect(gemini.readAnswer({ candidates: [], usageMetadata })).toMatchObject({ usage, error: null })
  expect(gemini.readAnswer({ error: { code: 500 } }).error?.status).toBe(500)
})

describeWithFixtures('recorded errors', () => {
  for (const fixture of listFixtures({ provider: ['gemini', 'vertex'], format: 'json-error' })) {
    test(fixture.file, () => {
      const body: unknown = JSON.parse(new TextDecoder().decode(readFixture(fixture)))
      const [, code] = /HTTP (\d{3})/.exec(fixture.exercises) ?? []
      const status = Number(code)
      const error = gemini.readError(status, body, null)
      const recorded = isObject(body) && isObject(body.error) ? body.error : {}
      expect([error.status, error.message]).toEqual([status, String(recorded.message)])
      const written = gemini.writeError(error, 'req_1').body.error
      expect(written).toMatchObject({ code: status, status: recorded.status })
      if (status === 429) expect(error.detail.retryAfterMs).toBe(48_000)
    })
  }
})

describe('an error that is read', () => {
  const refused = (status: number, error: object): GatewayError =>
    gemini.readError(status, { error: { code: status, message: 'No.', ...error } }, null)

  test('a wrong key is the operator’s, although it is a 400', () => {
    const reason = { details: [{ reason: 'API_KEY_INVALID', domain: 'googleapis.com' }] }
    expect(refused(400, { status: 'INVALID_ARGUMENT', ...reason }).code).toBe(
      'upstream_auth_failed',
    )
    expect(refused(401, { status: 'UNAUTHENTICATED' }).code).toBe('upstream_auth_failed')
  })

  test('a quota of the day is not worth another try, one of the minute is', () => {
    const quota = (quotaId: string) => ({ details: [{ violations: [{ quotaId }] }] })
    expect(refused(429, quota('RequestsPerDayPerProject')).retryable).toBe(false)
    expect(refused(429, quota('TokensPerMinute')).retryable).toBe(true)
    expect(refused(429, { details: [{ violations: [{ quotaValue: '0' }] }] }).retryable).toBe(false)
  })

  test('a word that says more than the status stays', () => {
    const error = refused(400, { status: 'FAILED_PRECONDITION' })
    expect(gemini.writeError(error, 'r').body.error).toMatchObject({
      status: 'FAILED_PRECONDITION',
    })
    expect(refused(404, { status: 'NOT_FOUND' }).detail.providerCode).toBeNull()
  })

  test('is never thrown, whatever came', () => {
    const details = { error: { details: 7 } }
    for (const body of [null, 'x', 7, [], [7], {}, { error: 7 }, { error: [] }, details]) {
      const error = gemini.readError(500, body, 1_000)
      expect([error.status, error.detail.retryAfterMs]).toEqual([500, 1_000])
    }
  })

  test('a redirect and a status out of range are what they are', () => {
    expect(gemini.readError(302, null, null).code).toBe('upstream_redirect_blocked')
    expect(gemini.readError(999, null, null).code).toBe('upstream_bad_response')
  })
})

describe('an error that is written', () => {
  test('is Google’s envelope, with the time to wait', () => {
    const error = new GatewayError('not_ready', { retryAfterMs: 1_200 })
    const { status, body } = gemini.writeError(error, 'req_1')
    expect(status).toBe(503)
    expect(body).toEqual({
      error: {
        code: 503,
        message: 'The server is draining.',
        status: 'UNAVAILABLE',
        details: [
          {
            '@type': 'type.googleapis.com/google.rpc.ErrorInfo',
            reason: 'NOT_READY',
            domain: 'sluice',
          },
          { '@type': 'type.googleapis.com/google.rpc.RequestInfo', requestId: 'req_1' },
          { '@type': 'type.googleapis.com/google.rpc.RetryInfo', retryDelay: '2s' },
        ],
      },
    })
  })

  test.each([
    ['invalid_request', 400, 'INVALID_ARGUMENT'],
    ['invalid_api_key', 401, 'UNAUTHENTICATED'],
    ['model_not_found', 404, 'NOT_FOUND'],
    ['body_too_large', 413, 'INVALID_ARGUMENT'],
    ['client_gone', 499, 'CANCELLED'],
    ['internal_error', 500, 'INTERNAL'],
    ['upstream_reset', 502, 'UNAVAILABLE'],
    ['upstream_idle_timeout', 504, 'DEADLINE_EXCEEDED'],
  ] as const)('%s is %d %s', (code, status, word) => {
    const { body } = gemini.writeError(new GatewayError(code), 'r')
    expect(body.error).toMatchObject({ code: status, status: word })
  })
})
