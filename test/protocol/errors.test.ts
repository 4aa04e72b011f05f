/** Providers' errors in every shape, what the client sees of them, and what it never sees. */
import { describe, expect, test } from 'bun:test'
import { GatewayError, toGatewayError } from '../../src/core/errors.ts'
import { openaiChat } from '../../src/protocol/openai-chat.ts'
import { protocols } from '../../src/protocol/registry.ts'
import {
  describeWithFixtures,
  listFixtures,
  readFixture,
  readFixtureMeta,
} from '../kit/fixtures.ts'

/** What reaches the client, in order: message, type, code, parameter. */
function wire(error: GatewayError): readonly unknown[] {
  const { body } = openaiChat.writeError(error, 'req_1')
  const object = body.error as Record<string, unknown>
  expect(Object.keys(object).sort()).toEqual(['code', 'message', 'param', 'type'])
  return [object.message, object.type, object.code, object.param]
}

const read = (status: number, body: unknown) => openaiChat.readError(status, body, null)

describe('the status that the client sees', () => {
  const kept = [400, 402, 404, 405, 408, 409, 413, 415, 422, 424, 429, 451, 500, 502, 503, 504]
  test.each(kept)('%d stays', (status) => {
    expect(read(status, { error: { message: 'm' } }).status).toBe(status)
  })

  test.each([
    [499, 502],
    [501, 502],
    [507, 502],
    [599, 502],
    [498, 503],
    [520, 503],
    [522, 503],
    [524, 503],
    [527, 503],
    [529, 503],
    [530, 503],
  ])('%d becomes %d', (status, seen) => {
    const error = read(status, null)
    expect([error.code, error.status]).toEqual(['upstream_error', seen])
  })

  test('an overloaded provider gets a time to wait, its own where it names one', () => {
    expect(read(529, null).detail.retryAfterMs).toBe(2000)
    expect(openaiChat.readError(529, null, 0).detail.retryAfterMs).toBe(0)
    expect(openaiChat.readError(429, null, 7000).detail.retryAfterMs).toBe(7000)
    expect(read(429, null).detail.retryAfterMs).toBeUndefined()
  })

  test.each([401, 403, 407])(
    '%d is our credentials, which the client has nothing to do with',
    (status) => {
      const body = { error: { message: 'Incorrect API key: abc', code: 'invalid_api_key' } }
      const error = read(status, body)
      expect([error.code, error.status]).toEqual(['upstream_auth_failed', 502])
      expect(wire(error)).toEqual([
        "The provider refused the operator's credentials.",
        'upstream_error',
        'upstream_auth_failed',
        null,
      ])
    },
  )

  test('a wrong key that is answered with 400 (xAI, Google) is the same', () => {
    const xai = { code: 'invalid-argument', error: 'Incorrect API key provided. Get one.' }
    const google = [{ error: { code: 400, message: 'API key not valid. Please pass one.' } }]
    for (const body of [xai, google]) expect(read(400, body).code).toBe('upstream_auth_failed')
  })

  test.each([300, 301, 302, 304, 307, 308])('%d is a redirect that is refused', (status) => {
    expect(read(status, null).code).toBe('upstream_redirect_blocked')
  })

  test.each([0, 100, 199, 600, 999, Number.NaN])('%d is no answer', (status) => {
    const { code } = read(status, null)
    expect(['upstream_bad_response', 'upstream_error']).toContain(code)
    expect(read(status, null).status).toBe(502)
  })
})

describe('the words that the client reads', () => {
  const shapes: readonly (readonly [string, number, unknown, readonly unknown[]])[] = [
    [
      'OpenAI',
      400,
      { error: { message: 'm', type: 'invalid_request_error', param: 'p', code: 'c' } },
      ['m', 'invalid_request_error', 'c', 'p'],
    ],
    [
      'a code that is null on purpose',
      400,
      { error: { message: 'm', type: 't', param: null, code: null } },
      ['m', 't', null, null],
    ],
    [
      'Azure',
      404,
      { error: { code: 'DeploymentNotFound', message: 'm' } },
      ['m', 'invalid_request_error', 'DeploymentNotFound', null],
    ],
    [
      'a code that is the status',
      429,
      { error: { code: '429', message: 'm' } },
      ['m', 'rate_limit_error', 'rate_limit_exceeded', null],
    ],
    ['a string', 500, { error: 'm' }, ['m', 'server_error', null, null]],
    [
      'a string with a code (xAI)',
      400,
      { code: 'invalid-argument', error: 'm' },
      ['m', 'invalid_request_error', 'invalid-argument', null],
    ],
    ['detail', 404, { detail: 'm' }, ['m', 'invalid_request_error', null, null]],
    [
      'a list in detail (FastAPI)',
      422,
      { detail: [{ loc: ['body', 'messages', 0], msg: 'm', type: 'missing' }] },
      ['m', 'invalid_request_error', null, 'messages.0'],
    ],
    ['message at the top', 503, { message: 'm' }, ['m', 'server_error', null, null]],
    ['a Java name', 500, { Message: 'm' }, ['m', 'server_error', null, null]],
    [
      'Cohere',
      400,
      { id: 'x', message: 'm', error_type: 'TOO_MANY_TOKENS' },
      ['m', 'invalid_request_error', 'TOO_MANY_TOKENS', null],
    ],
    [
      'Anthropic',
      503,
      { type: 'error', error: { type: 'overloaded_error', message: 'm' } },
      ['m', 'overloaded_error', null, null],
    ],
    [
      'Google',
      404,
      { error: { code: 404, message: 'm', status: 'NOT_FOUND' } },
      ['m', 'invalid_request_error', 'NOT_FOUND', null],
    ],
    ['a list', 400, [{ error: { message: 'm' } }], ['m', 'invalid_request_error', null, null]],
    [
      'a list of errors',
      400,
      { errors: [{ message: 'm', code: 'c' }] },
      ['m', 'invalid_request_error', 'c', null],
    ],
    [
      'older vLLM',
      400,
      { object: 'error', message: 'm', type: 'BadRequestError', param: null, code: 400 },
      ['m', 'BadRequestError', null, null],
    ],
    [
      'a message that is an object',
      422,
      { object: 'error', message: { detail: [{ msg: 'm' }] } },
      ['m', 'invalid_request_error', null, null],
    ],
    [
      'JSON inside the message',
      400,
      { error: { message: '{"error":{"message":"m"}}' } },
      ['m', 'invalid_request_error', null, null],
    ],
    [
      'braces that are no JSON',
      400,
      { error: { message: '{m' } },
      ['{m', 'invalid_request_error', null, null],
    ],
    [
      'a reseller (OpenRouter)',
      429,
      {
        error: {
          message: 'Provider returned error',
          code: 429,
          metadata: { raw: '{"message":"m"}' },
        },
      },
      ['Provider returned error: m', 'rate_limit_error', 'rate_limit_exceeded', null],
    ],
    [
      'a number as the code',
      400,
      { error: { message: 'm', code: 1101 } },
      ['m', 'invalid_request_error', '1101', null],
    ],
    [
      'out of money',
      402,
      { error: { message: 'm' } },
      ['m', 'insufficient_quota', 'insufficient_quota', null],
    ],
    ['a bare string', 500, 'm', ['m', 'server_error', null, null]],
  ]
  test.each(shapes)('%s', (_name, status, body, expected) => {
    const error = read(status, body)
    expect(error.status).toBe(status)
    expect(wire(error)).toEqual(expected)
  })

  const none = [null, undefined, {}, [], '', '  ', 7, { error: {} }, { error: '<html>' }, '<html>']
  test('ours where it has none', () => {
    for (const body of none) {
      expect(wire(read(502, body))).toEqual([
        'The provider answered with status 502 and no message.',
        'upstream_error',
        'upstream_error',
        null,
      ])
    }
  })

  test('are cut where they do not end', () => {
    const [message, type] = wire(
      read(400, { error: { message: 'm'.repeat(1e6), type: 't'.repeat(1e6) } }),
    )
    expect(String(message).length).toBe(4096)
    expect(String(type).length).toBe(100)
  })

  test('an object nested without end is no message', () => {
    let body: unknown = 'm'
    for (let depth = 0; depth < 100_000; depth += 1) body = { error: body }
    expect(read(500, body).message).toBe('The provider answered with status 500 and no message.')
  })
})

describe('an error of our own', () => {
  test('never carries the message of an exception', () => {
    const error = toGatewayError(new TypeError('secret of the house'))
    for (const protocol of Object.values(protocols)) {
      const written = JSON.stringify(protocol.writeError(error, 'req_1'))
      const streamed = protocol.watch().errorEvent(error, 'req_1')
      expect(`${written}${streamed}`).not.toContain('secret of the house')
      expect(written).toContain('Internal server error.')
    }
  })

  test('has its status, code and parameter', () => {
    const error = new GatewayError('invalid_request', { message: 'm', param: 'n' })
    expect(openaiChat.writeError(error, 'req_1')).toEqual({
      status: 400,
      body: {
        error: { message: 'm', type: 'invalid_request_error', param: 'n', code: 'invalid_request' },
      },
    })
  })
})

describe('credentials in a provider’s words', () => {
  const secrets = [
    'sk-proj-Ab12Cd34Ef56Gh78',
    'sk-ant-api03-Zz99Yy88Xx77',
    'sk-or-v1-0123456789abcdef',
    'sk-Ab1*****************Wxyz',
    'gsk_Ab12Cd34Ef56Gh78Ij90',
    'xai-Ab12Cd34Ef56Gh78Ij90',
    'pplx-Ab12Cd34Ef56Gh78Ij90',
    'hf_Ab12Cd34Ef56Gh78Ij90',
    'nvapi-Ab12Cd34Ef56Gh78Ij90',
    'AIzaSyAb12Cd34Ef56Gh78Ij90Kl',
    'AKIAABCDEFGHIJKLMNOP',
    'eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl',
  ]
  const sentences: readonly (readonly [string, string])[] = [
    ...secrets.map((secret) => [secret, `Rejected: "${secret}".`] as const),
    ['Zm9vYmFyYmF6', 'Got header Authorization: Bearer Zm9vYmFyYmF6'],
    ['Zm9vOmJhcg==', 'Got Basic Zm9vOmJhcg== instead'],
    ['0123456789abcdef', 'Incorrect API key provided: 0123456789abcdef. Find yours at https://x.y'],
    ['0123456789abcdef', 'bad request {"api_key": "0123456789abcdef"}'],
    ['0123456789abcdef', 'x-api-key=0123456789abcdef was refused'],
    ['hunter22', 'could not reach https://user:hunter22@proxy.internal:8080/v1'],
    ['0123456789abcdef', 'GET https://x.y/v1/models?key=0123456789abcdef&alt=sse failed'],
  ]
  test.each(sentences)('%s is masked', (secret, sentence) => {
    const bodies: readonly unknown[] = [
      { error: { message: sentence, type: sentence, code: sentence, param: sentence } },
      { error: sentence },
      { detail: [{ msg: sentence, loc: [sentence] }] },
      { error: { message: 'Provider returned error', metadata: { raw: sentence } } },
      { error: { message: JSON.stringify({ error: { message: sentence } }) } },
      sentence,
    ]
    for (const body of bodies) {
      for (const protocol of Object.values(protocols)) {
        const error = protocol.readError(422, body, null)
        expect(error.message).toContain('***')
        const written = JSON.stringify(protocol.writeError(error, 'req_1'))
        const streamed = protocol.watch().errorEvent(error, 'req_1')
        const logged = JSON.stringify(error.detail)
        expect(`${written}${streamed}${logged}${error}`).not.toContain(secret)
      }
      const watch = openaiChat.watch()
      watch.look(JSON.stringify({ error: body }))
      expect(JSON.stringify([watch.error?.message, watch.error?.detail])).not.toContain(secret)
    }
  })

  test('a key at the place where the message is cut', () => {
    for (let padding = 4096 - 24; padding <= 4096; padding += 1) {
      const message = `${'m'.repeat(padding)} sk-proj-Ab12Cd34Ef56Gh78`
      expect(read(400, { error: { message } }).message).not.toContain('sk-p')
    }
  })

  test('refused credentials keep nothing of the answer, in the log neither', () => {
    const secret = '0123456789abcdef0123456789abcdef'
    const { detail, message } = read(401, { error: { message: `Bad key ${secret}` } })
    expect(`${message} ${detail.cause} ${JSON.stringify(detail)}`).not.toContain(secret)
  })

  test.each([
    "Unsupported parameter: 'max_tokens' is not supported with this model.",
    'This task-management model asks for a disk-usage-estimator.',
    'The model `gpt-4.1-nano` does not exist. See https://platform.openai.com/account/api-keys.',
    'Rate limit reached for gpt-4o on tokens per min: Limit 30000, Used 29000. Key facts follow.',
    'Provide an API key: https://console.x.ai',
  ])('plain words stay: %s', (message) => {
    expect(read(400, { error: { message } }).message).toBe(message)
  })

  test('masking takes time in proportion to the text', () => {
    const nasty = ['https://'.repeat(2000), 'api_key'.repeat(2000), `eyJ${'a.'.repeat(8000)}`]
    const before = performance.now()
    for (const message of nasty) read(400, { error: { message } })
    expect(performance.now() - before).toBeLessThan(2000)
  })
})

describeWithFixtures('recorded error bodies', () => {
  for (const fixture of listFixtures({ format: 'json-error' })) {
    test(fixture.file, () => {
      const status = Number(/HTTP (\d{3})/.exec(fixture.exercises)?.[1])
      const meta = readFixtureMeta(fixture) as { response: { status: number } } | null
      expect(meta?.response.status ?? status).toBe(status)
      const body: unknown = JSON.parse(new TextDecoder().decode(readFixture(fixture)))
      const error = read(status, body)
      const [message, type, code] = wire(error)
      const refused = status === 401 || status === 403 || fixture.file.startsWith('xai/')
      expect(error.status).toBe(refused ? 502 : status)
      expect(error.code).toBe(refused ? 'upstream_auth_failed' : 'upstream_error')
      expect(String(message).length).toBeGreaterThan(10)
      expect(message).not.toContain('no message')
      expect(type).toMatch(/^[a-z_]+$/)
      expect(code === null || /^[A-Za-z_]+$/.test(String(code))).toBe(true)
      if (!refused && status === 429)
        expect(code).toMatch(/^(rate_limit_exceeded|RateLimitReached|RESOURCE_EXHAUSTED)$/)
      // The provider's own sentence, unless it was about our key.
      const ending = JSON.stringify(message).slice(-40, -1)
      expect(JSON.stringify(body).includes(ending)).toBe(!refused)
    })
  }
})
