/**
 * What a broken provider looks like to a client, before and after the commit point (fault matrix,
 * rows 1, 3 to 6, 11 to 33). Every row ends by checking that nothing is left.
 */
import { afterEach, describe, expect, test } from 'bun:test'
import { chatEvents, eventText, json } from '../kit/answers.ts'
import { closedPort, startBlackHole } from '../kit/dead-ends.ts'
import { startUpstream, type UpstreamScript } from '../kit/upstream.ts'
import { endStands, startStand } from './client-stand.ts'
import { answer, chunked, errorOf, head, raw, sseHead, stream } from './provider-stand.ts'

afterEach(endStands)

const [role = ''] = chatEvents([])

/** A stream's head, and RST. */
const resetsAfterHead: UpstreamScript = async (_request, connection) => {
  await connection.head(200, stream)
  connection.reset()
}

describe('before the first content: a status', () => {
  const rows: readonly (readonly [string, UpstreamScript, number, string])[] = [
    ['closes without a byte', async (_r, c) => c.close(), 502, 'upstream_closed'],
    ['resets without a byte', async (_r, c) => c.reset(), 502, 'upstream_closed'],
    ['resets after its head', resetsAfterHead, 502, 'x'],
    ['sends garbage for a status line', raw('SSH-2.0-OpenSSH\r\n\r\n'), 502, 'x'],
    ['stops in its head', raw('HTTP/1.1 200 OK\r\ncontent-ty'), 502, 'x'],
    ['sends two lengths', raw(`${head('content-length: 3\r\ncontent-length: 5')}abcde`), 502, 'x'],
    ['sends an empty stream', raw(sseHead, '0\r\n\r\n'), 502, 'x'],
    ['ends after the role', raw(sseHead, chunked(eventText(role)), '0\r\n\r\n'), 502, 'x'],
    ['breaks the chunks', raw(sseHead, 'ZZ\r\nabc'), 502, 'x'],
    ['sends HTML with 200', page(200), 502, 'upstream_bad_content_type'],
    ['sends HTML with 502', page(502), 502, 'upstream_error'],
    ['sends HTML with 524', page(524), 503, 'upstream_error'],
  ]
  // A reset right behind a head can be seen before it, and is then no answer at all.
  const codes: Readonly<Record<string, string>> = {
    'resets after its head': 'upstream_reset upstream_closed',

    'sends garbage for a status line': 'upstream_bad_response',
    'stops in its head': 'upstream_closed',
    'sends two lengths': 'upstream_bad_response',
    'sends an empty stream': 'upstream_empty',
    'ends after the role': 'upstream_incomplete',
    'breaks the chunks': 'upstream_bad_response',
  }

  test.each(rows)('a provider that %s', async (name, script, status, code) => {
    const { response } = await answer(script)
    expect(response.status).toBe(status)
    expect(response.ending).toBe('complete')
    expect((codes[name] ?? code).split(' ')).toContain(errorOf(response).code ?? '')
    expect(response.header('x-request-id')).toMatch(/^req_/)
  })

  test('a provider that refuses connections', async () => {
    const url = `http://127.0.0.1:${closedPort()}/v1`
    const { response } = await answer(json(200, {}), { environment: { OPENAI_BASE_URL: url } })
    expect(response.status).toBe(502)
    expect(errorOf(response).code).toBe('upstream_connect_failed')
  })

  test('a provider that takes no connection', async () => {
    const hole = await startBlackHole()
    const environment = { OPENAI_BASE_URL: `http://127.0.0.1:${hole.port}/v1` }
    const startedAtMs = performance.now()
    const { response } = await answer(json(200, {}), { environment })
    expect(response.status).toBe(504)
    expect(errorOf(response).code).toBe('upstream_connect_timeout')
    expect(performance.now() - startedAtMs).toBeLessThan(9000)
    await hole.stop()
  }, 20_000)

  test('a provider whose name does not resolve', async () => {
    const environment = { OPENAI_BASE_URL: 'http://no-such-host.invalid/v1' }
    const { response } = await answer(json(200, {}), { environment })
    expect(response.status).toBe(502)
    expect(errorOf(response).code).toBe('upstream_dns_failed')
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

  test.each([301, 302, 303, 307, 308])('a redirect (%d) is not followed', async (status) => {
    const target = await startStand(json(200, {}))
    const location = `${target.upstream.url}/v1/chat/completions`
    const { response } = await answer(async (_request, connection) => {
      await connection.head(status, { location, 'content-length': '0' })
    })
    expect(response.status).toBe(502)
    expect(errorOf(response).code).toBe('upstream_redirect_blocked')
    expect(response.header('location')).toBeNull()
    expect(target.upstream.requestCount).toBe(0)
  })

  test('a head that is too large', async () => {
    const lines = Array.from({ length: 300 }, (_, index) => `x-filler-${index}: y`).join('\r\n')
    const { response } = await answer(raw(`${head(`${lines}\r\ncontent-length: 2`)}{}`))
    expect(response.status).toBe(502)
    expect(errorOf(response).code).toBe('upstream_bad_response')
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

  test('an error inside a 200 is an error', async () => {
    const script = json(200, { error: { message: 'Overloaded', type: 'server_error', code: null } })
    for (const wantsStream of [true, false]) {
      const { response } = await answer(script, { stream: wantsStream })
      expect(response.status).toBeGreaterThanOrEqual(500)
      expect(errorOf(response).message).toBe('Overloaded')
    }
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
