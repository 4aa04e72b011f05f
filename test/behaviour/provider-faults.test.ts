/**
 * What a broken provider looks like to a client (fault matrix, rows 1 to 6, 24 to 32 and 50). Every
 * row ends by checking that nothing is left. The other rows have files of their own.
 */
import { afterEach, describe, expect, test } from 'bun:test'
import { chatEvents, eventText, json } from '../kit/answers.ts'
import { jsonRequest } from '../kit/client.ts'
import { startUpstream, type UpstreamScript } from '../kit/upstream.ts'
import { chatRequest, endStands, startStand } from './client-stand.ts'
import { answer, begun, chunked, errorOf, raw, sseHead } from './provider-stand.ts'

afterEach(endStands)

const [role = ''] = chatEvents([])

describe('before the first content: a status', () => {
  const rows: readonly (readonly [string, UpstreamScript, number, string])[] = [
    ['sends HTML with 200', page(200), 502, 'upstream_bad_content_type'],
    ['sends HTML with 502', page(502), 502, 'upstream_error'],
    ['sends HTML with 524', page(524), 503, 'upstream_error'],
  ]

  test.each(rows)('a provider that %s', async (_name, script, status, code) => {
    const { response } = await answer(script)
    expect(response.status).toBe(status)
    expect(response.ending).toBe('complete')
    expect(errorOf(response).code).toBe(code)
    expect(response.header('x-request-id')).toMatch(/^req_/)
  })

  test('a provider that speaks plain HTTP where TLS is expected', async () => {
    const plain = startUpstream(json(200, {}), {
      onConnection: (connection) => void connection.raw('HTTP/1.1 400 Bad Request\r\n\r\n'),
    })
    const secure = `${plain.url.replace('http:', 'https:')}/v1`
    const { response } = await answer(json(200, {}), { environment: { OPENAI_BASE_URL: secure } })
    expect(response.status).toBe(502)
    expect(errorOf(response).code).toBe('upstream_tls_failed')
    plain.stop()
  })
})

describe("the provider's own errors", () => {
  const body = (message: string, code: string | null) => ({
    error: { message, type: 'invalid_request_error', param: 'messages', code },
  })

  test.each([400, 404, 409, 413, 422])('%d passes with its message', async (status) => {
    const { response } = await answer(json(status, body('Not like this.', 'odd')))
    expect(response.status).toBe(status)
    expect(errorOf(response)).toMatchObject({ message: 'Not like this.', code: 'odd' })
  })

  test.each([401, 403])('%d is about our key, and is never shown as one', async (status) => {
    const { response } = await answer(json(status, body('Incorrect API key: sk-test', 'bad_key')))
    expect(response.status).toBe(502)
    expect(errorOf(response).code).toBe('upstream_auth_failed')
    expect(response.text()).not.toContain('sk-test')
    expect(response.header('x-should-retry')).toBe('false')
  })

  test('429 keeps its retry-after', async () => {
    const script = json(429, body('Slow down.', 'rate_limit_exceeded'), { 'retry-after': '7' })
    const { response } = await answer(script)
    expect(response.status).toBe(429)
    expect(response.header('retry-after')).toBe('7')
    expect(response.header('x-should-retry')).toBeNull()
  })

  test.each([
    ['banana', null],
    ['-1', null],
    ['1e9', null],
    ['99999999', '60'],
    ['Wed, 21 Oct 2015 07:28:00 GMT', '0'],
  ])('a retry-after of %s', async (value, expected) => {
    const { response } = await answer(json(429, body('Slow down.', null), { 'retry-after': value }))
    expect(response.header('retry-after')).toBe(expected)
  })

  test('a quota that is spent is not worth a retry', async () => {
    const { response } = await answer(
      json(429, body('You are out of money.', 'insufficient_quota')),
    )
    expect(response.status).toBe(429)
    expect(response.header('x-should-retry')).toBe('false')
  })

  test('an error as the first event is an error', async () => {
    const { response } = await answer(
      raw(
        sseHead,
        chunked(eventText(role)),
        chunked(eventText(JSON.stringify({ error: { message: 'Busy', type: 'server_error' } }))),
        '0\r\n\r\n',
      ),
    )
    expect(response.status).toBeGreaterThanOrEqual(500)
    expect(errorOf(response).message).toBe('Busy')
  })

  test('an error of the provider is its own event, unchanged, and nothing after it', async () => {
    const error = eventText('{"error":{"message":"Overloaded","type":"server_error"}}')
    const { response, stand } = await answer(raw(sseHead, chunked(begun + error), '0\r\n\r\n'))
    expect(response.text()).toBe(begun + error)
    expect((await stand.record(0)).endReason).toBe('upstream_error')
  })
})

describe('connections', () => {
  test('what a provider says of its servers and cookies stays with us', async () => {
    const { response } = await answer(
      json(
        200,
        { id: 'x', choices: [] },
        {
          'set-cookie': 'session=1',
          server: 'secret/1.0',
          'openai-organization': 'org-1',
          'x-ratelimit-remaining-requests': '9',
        },
      ),
      { stream: false },
    )
    expect(response.header('set-cookie')).toBeNull()
    expect(response.header('server')).toBeNull()
    expect(response.header('openai-organization')).toBeNull()
    expect(response.header('x-ratelimit-remaining-requests')).toBe('9')
  })

  test('what a client says of itself stays with us', async () => {
    const stand = await startStand(json(200, { id: 'x', choices: [] }))
    const { response } = await stand.ask(
      jsonRequest(
        '/v1/chat/completions',
        { ...chatRequest, stream: false },
        {
          authorization: 'Bearer of-the-client',
          cookie: 'session=1',
          'x-forwarded-for': '10.0.0.1',
          te: 'trailers',
          'accept-encoding': 'gzip',
        },
      ),
    )
    await response.ended()
    const seen = await stand.upstream.request(0)
    expect(seen.header('authorization')).toBe('Bearer sk-test')
    for (const name of ['cookie', 'x-forwarded-for', 'te', 'proxy-authorization']) {
      expect(seen.header(name)).toBeNull()
    }
    expect(seen.header('accept-encoding')).toBe('identity')
    expect(seen.header('host')).toBe(new URL(stand.upstream.url).host)
  })
})

function page(status: number): UpstreamScript {
  const html = '<html><body>Bad gateway at edge-7.internal</body></html>'
  return async (_request, connection) => {
    await connection.head(status, {
      'content-type': 'text/html; charset=utf-8',
      'content-length': String(html.length),
    })
    await connection.raw(html)
  }
}
