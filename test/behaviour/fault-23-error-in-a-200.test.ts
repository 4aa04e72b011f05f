/** Row 23: a 200 whose JSON body is an error. Nothing was sent yet, so it is the error it says. */
import { afterEach, describe, expect, test } from 'bun:test'
import { json } from '../kit/answers.ts'
import type { DialectName } from '../kit/dialect-answers.ts'
import { endStands } from './client-stand.ts'
import { askPair, isPassthrough, pairRows } from './dialect-stand.ts'

afterEach(endStands)

const message = 'The model is overloaded.'

/** What a provider of each dialect answers. */
const openai = { error: { message, type: 'server_error', param: null, code: null } }
const bodies: Readonly<Record<DialectName, object>> = {
  chat: openai,
  completions: openai,
  responses: openai,
  messages: { type: 'error', error: { type: 'overloaded_error', message }, request_id: 'req_x' },
  gemini: { error: { code: 503, message, status: 'UNAVAILABLE' } },
}

const asked = [
  ['asked for a stream', true],
  ['asked for JSON', false],
] as const

describe.each(asked)('%s', (_kind, stream) => {
  test.each(pairRows)('%s', async (_name, pair) => {
    const script = json(200, bodies[pair.provider])
    const { stand, response } = await askPair(pair, script, { stream })
    expect(response.status).toBeGreaterThanOrEqual(500)
    expect(response.ending).toBe('complete')
    expect(response.header('content-type')).toStartWith('application/json')
    const body = JSON.parse(response.text())
    expect(body.error.message).toBe(message)
    // In the client's own envelope.
    if (pair.client === 'messages') expect(body.type).toBe('error')
    if (pair.client === 'gemini') expect(body.error.code).toBe(response.status)
    expect((await stand.record(0)).status).toBe(response.status)
    expect(stand.upstream.requestCount).toBe(1)
  })
})

test.each(pairRows)('a code that it gives becomes the status: %s', async (_name, pair) => {
  const limited = { error: { message, type: 'rate_limit_error', code: 'rate_limit_exceeded' } }
  const byDialect: Readonly<Partial<Record<DialectName, object>>> = {
    messages: { type: 'error', error: { type: 'rate_limit_error', message } },
    gemini: { error: { code: 429, message, status: 'RESOURCE_EXHAUSTED' } },
  }
  const { response } = await askPair(pair, json(200, byDialect[pair.provider] ?? limited))
  expect(response.status).toBe(429)
  expect(JSON.parse(response.text()).error.message).toBe(message)
})

test('a 200 that is neither an answer nor an error is a 502', async () => {
  for (const [, pair] of pairRows.filter(([, pair]) => !isPassthrough(pair))) {
    const { response } = await askPair(pair, json(200, ['unexpected']), { stream: false })
    expect(response.status).toBe(502)
  }
})
