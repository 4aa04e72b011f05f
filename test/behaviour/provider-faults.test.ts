/**
 * What a broken provider looks like to a client, before and after the commit point (fault matrix,
 * rows 1, 3 to 6, 11 to 33). Every row ends by checking that nothing is left.
 */
import { afterEach, describe, expect, test } from 'bun:test'
import { chatEvents, eventsText, eventText, json } from '../kit/answers.ts'
import { jsonRequest } from '../kit/client.ts'
import { closedPort } from '../kit/dead-ends.ts'
import type { RawResponse } from '../kit/response.ts'
import { startUpstream, type UpstreamScript } from '../kit/upstream.ts'
import { chatRequest, endStands, type Stand, startStand } from './client-stand.ts'

afterEach(endStands)

const stream = { 'content-type': 'text/event-stream' }
const events = chatEvents(['Hello', ' there'])
const [role = '', first = '', second = '', finish = ''] = events
const begun = eventsText([role, first])

async function chat(stand: Stand, wantsStream = true): Promise<RawResponse> {
  const request = jsonRequest('/v1/chat/completions', { ...chatRequest, stream: wantsStream })
  const { response } = await stand.ask(request)
  await response.ended()
  return response
}

async function answer(
  script: UpstreamScript,
  options: { readonly stream?: boolean; readonly environment?: Record<string, string> } = {},
): Promise<{ response: RawResponse; stand: Stand }> {
  const stand = await startStand(script, options.environment)
  return { response: await chat(stand, options.stream ?? true), stand }
}

interface ErrorBody {
  readonly error: { readonly message: string; readonly type: string; readonly code: string | null }
}

const errorOf = (response: RawResponse): ErrorBody['error'] =>
  (JSON.parse(response.text()) as ErrorBody).error

/** The error of the last event of a stream. */
function lastError(text: string): ErrorBody['error'] {
  const last = text.trimEnd().split('\n\n').at(-1) ?? ''
  expect(last).toStartWith('data: ')
  return (JSON.parse(last.slice('data: '.length)) as ErrorBody).error
}

/** A stream's head, and RST. */
const resetsAfterHead: UpstreamScript = async (_request, connection) => {
  await connection.head(200, stream)
  connection.reset()
}

/** Raw bytes as the whole answer, then FIN. */
const raw =
  (...pieces: string[]): UpstreamScript =>
  async (_request, connection) => {
    for (const piece of pieces) await connection.raw(piece)
    connection.close()
  }

const head = (lines: string): string => `HTTP/1.1 200 OK\r\n${lines}\r\n\r\n`
const chunked = (text: string): string => `${Buffer.byteLength(text).toString(16)}\r\n${text}\r\n`
const sseHead = head('content-type: text/event-stream\r\ntransfer-encoding: chunked')

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

describe('after the first content: an event, and no end that was not there', () => {
  type Rest = UpstreamScript
  const bytes = (text: string): Rest => {
    return async (_request, connection) => {
      await connection.raw(text)
      connection.close()
    }
  }
  const broken: readonly (readonly [string, string, Rest, string])[] = [
    ['resets', sseHead, async (_request, connection) => connection.reset(), 'upstream_reset'],
    ['closes without the last chunk', sseHead, bytes(''), 'upstream_reset'],
    ['breaks the chunks', sseHead, bytes('ZZ\r\n'), 'upstream_protocol_error'],
    ['ends without a finish', sseHead, bytes('0\r\n\r\n'), 'upstream_incomplete'],
    ['sends less than its length', head(length(begun.length + 9)), bytes(''), 'upstream_reset'],
    ['ends without framing', head(unframed), bytes(''), 'upstream_incomplete'],
  ]

  test.each(broken)('a provider that %s', async (_name, start, rest, code) => {
    const seen = Promise.withResolvers<void>()
    const stand = await startStand(async (request, connection) => {
      await connection.raw(start)
      await connection.raw(start === sseHead ? chunked(begun) : begun)
      // A reset overtakes what was sent before it, so it waits until that has been seen.
      await seen.promise
      await rest(request, connection)
    })
    const { response } = await stand.ask(jsonRequest('/v1/chat/completions', chatRequest))
    await response.until((r) => r.text() === begun, 'the first content')
    seen.resolve()
    await response.ended()
    expect(response.status).toBe(200)
    expect(response.ending).toBe('complete')
    expect(response.text()).toStartWith(begun)
    expect(response.text()).not.toContain('[DONE]')
    expect(response.text()).not.toContain('finish_reason":"stop')
    expect(lastError(response.text()).code).toBe(code)
    expect((await stand.record(0)).errorCode as string).toBe(code)
  })

  test('an error of the provider is its own event, unchanged, and nothing after it', async () => {
    const error = eventText('{"error":{"message":"Overloaded","type":"server_error"}}')
    const { response, stand } = await answer(raw(sseHead, chunked(begun + error), '0\r\n\r\n'))
    expect(response.text()).toBe(begun + error)
    expect((await stand.record(0)).endReason).toBe('upstream_error')
  })

  test.each([
    ['a clean end', sseHead, '0\r\n\r\n'],
    ['a cut connection', sseHead, ''],
    ['the end of an unframed body', head(unframed), ''],
  ])('a missing end marker is supplied after a finish reason and %s', async (_n, start, rest) => {
    const finished = eventsText(events)
    const seen = Promise.withResolvers<void>()
    const stand = await startStand(async (_request, connection) => {
      await connection.raw(start)
      await connection.raw(start === sseHead ? chunked(finished) : finished)
      await seen.promise
      if (rest !== '') await connection.raw(rest)
      connection.close()
    })
    const { response } = await stand.ask(jsonRequest('/v1/chat/completions', chatRequest))
    await response.until((r) => r.text() === finished, 'the finish')
    seen.resolve()
    await response.ended()
    expect(response.text()).toBe(`${finished}data: [DONE]\n\n`)
    expect((await stand.record(0)).endReason).toBe('completed')
  })

  test('an event that is not JSON is dropped and counted', async () => {
    const text = eventsText([role, first, '{oops', second, finish], true)
    const { response, stand } = await answer(raw(sseHead, chunked(text), '0\r\n\r\n'))
    expect(response.text()).toBe(eventsText([role, first, second, finish], true))
    expect((await stand.record(0)).droppedEvents).toBe(1)
  })

  test('a provider that keeps its connection open after the end is let go', async () => {
    const text = eventsText(events, true)
    const { response, stand } = await answer(async (_request, connection) => {
      await connection.head(200, stream)
      await connection.chunk(text)
      await connection.closed
    })
    expect(response.text()).toBe(text)
    expect(response.ending).toBe('complete')
    expect((await stand.record(0)).endReason).toBe('completed')
  })
})

describe('connections', () => {
  test('a connection that the provider had given up on is replaced without a word', async () => {
    const stand = await startStand(async (request, connection) => {
      if (connection.requestCount > 1) connection.reset()
      else await json(200, { id: 'x', choices: [] })(request, connection)
    })
    expect((await chat(stand, false)).status).toBe(200)
    const again = await chat(stand, false)
    expect(again.status).toBe(200)
    expect(again.header('x-sluice-attempts')).toBe('2')
    expect(stand.upstream.connectionCount).toBe(2)
  })

  test('informational answers before the real one are ignored', async () => {
    const early = 'HTTP/1.1 103 Early Hints\r\nlink: </x>\r\n\r\nHTTP/1.1 100 Continue\r\n\r\n'
    const text = eventsText(events, true)
    const { response } = await answer(raw(early, sseHead, chunked(text), '0\r\n\r\n'))
    expect(response.status).toBe(200)
    expect(response.text()).toBe(text)
    expect(response.header('link')).toBeNull()
  })

  test('a JSON answer that is cut off is a 502, not half an answer', async () => {
    const script = raw(head('content-type: application/json\r\ncontent-length: 100'), '{"id":')
    const { response } = await answer(script, { stream: false })
    expect(response.status).toBe(502)
    expect(errorOf(response).code).toBe('upstream_reset')
  })

  test('bytes behind the declared length never reach anybody', async () => {
    const good = '{"id":"x","choices":[]}'
    const lines = `content-type: application/json\r\ncontent-length: ${good.length}`
    const stand = await startStand(async (_request, connection) => {
      await connection.raw(`${head(lines)}${good}HTTP/1.1 200 OK\r\n\r\npoison`)
      connection.close()
    })
    for (let round = 0; round < 3; round += 1) expect((await chat(stand, false)).text()).toBe(good)
  })

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

const unframed = 'content-type: text/event-stream'

const length = (bytes: number): string =>
  `content-type: text/event-stream\r\ncontent-length: ${bytes}`
