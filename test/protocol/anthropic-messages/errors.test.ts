/** Errors, in and out, and what the watch makes of a stream. */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import Anthropic from '@anthropic-ai/sdk'
import { type ErrorCode, type ErrorDetail, GatewayError } from '../../../src/core/errors.ts'
import { anthropicMessages as protocol } from '../../../src/protocol/anthropic-messages.ts'
import {
  describeWithFixtures,
  listFixtures,
  readFixture,
  readFixtureMeta,
} from '../../kit/fixtures.ts'
import { sse } from '../answer-server.ts'
import { params, Stand } from './stand.ts'

let stand: Stand
beforeAll(() => {
  stand = new Stand()
})
afterAll(() => stand.close())

const written = (code: ErrorCode, detail: ErrorDetail = {}) => {
  const { status, body } = protocol.writeError(new GatewayError(code, detail), 'req_1')
  expect(Object.keys(body)).toEqual(['type', 'error', 'request_id'])
  return [status, (body.error as { type: string }).type] as const
}

describe('our errors', () => {
  const cases: readonly (readonly [ErrorCode, ErrorDetail, number, string])[] = [
    ['invalid_request', {}, 400, 'invalid_request_error'],
    ['invalid_api_key', {}, 401, 'authentication_error'],
    ['forbidden', {}, 403, 'permission_error'],
    ['model_not_found', {}, 404, 'not_found_error'],
    ['method_not_allowed', {}, 405, 'invalid_request_error'],
    ['request_timeout', {}, 408, 'timeout_error'],
    ['body_too_large', {}, 413, 'request_too_large'],
    ['unsupported_media_type', {}, 415, 'invalid_request_error'],
    ['internal_error', {}, 500, 'api_error'],
    ['not_ready', {}, 529, 'overloaded_error'],
    ['upstream_reset', {}, 502, 'api_error'],
    ['upstream_auth_failed', {}, 502, 'api_error'],
    ['upstream_idle_timeout', {}, 504, 'timeout_error'],
    ['upstream_error', { status: 402 }, 402, 'billing_error'],
    ['upstream_error', { status: 409 }, 409, 'invalid_request_error'],
    ['upstream_error', { status: 422 }, 422, 'invalid_request_error'],
    ['upstream_error', { status: 424 }, 424, 'api_error'],
    ['upstream_error', { status: 429 }, 429, 'rate_limit_error'],
    ['upstream_error', { status: 429, providerCode: 'insufficient_quota' }, 402, 'billing_error'],
    ['upstream_error', { status: 503 }, 529, 'overloaded_error'],
  ]
  test.each(cases)('%s %j is %d %s', (code, detail, status, type) => {
    expect(written(code, detail)).toEqual([status, type])
  })

  test('raise the right class in the SDK', async () => {
    const raisedBy = async (code: ErrorCode, detail: ErrorDetail = {}) => {
      const { status, body } = protocol.writeError(new GatewayError(code, detail), 'req_1')
      stand.answers(body, status)
      return stand.client.messages.create(params).catch((thrown: unknown) => thrown)
    }
    expect(await raisedBy('upstream_error', { status: 429 })).toBeInstanceOf(
      Anthropic.RateLimitError,
    )
    expect(await raisedBy('invalid_api_key')).toBeInstanceOf(Anthropic.AuthenticationError)
    const overloaded = await raisedBy('upstream_error', { status: 503, message: 'Busy' })
    expect(overloaded).toMatchObject({ status: 529, type: 'overloaded_error' })
    expect(overloaded).toMatchObject({ error: { error: { message: 'Busy' }, request_id: 'req_1' } })
  })

  test('tell clients that shorten their prompts that it is too long', () => {
    const detail = { status: 400, providerCode: 'context_length_exceeded', message: 'Too many.' }
    const { body } = protocol.writeError(new GatewayError('upstream_error', detail), 'req_1')
    expect(body.error).toMatchObject({ message: 'prompt is too long: Too many.' })
  })
})

describe("Anthropic's errors", () => {
  const body = (type: string, message = 'm', details: object | null = null) => ({
    type: 'error',
    error: { type, message, details },
    request_id: 'req_9',
  })

  test.each([
    [400, 'invalid_request_error', 400],
    [402, 'billing_error', 402],
    [404, 'not_found_error', 404],
    [413, 'request_too_large', 413],
    [429, 'rate_limit_error', 429],
    [500, 'api_error', 500],
    [504, 'timeout_error', 504],
    [529, 'overloaded_error', 503],
  ])('%d %s, with a status and in a stream', (status, type, seen) => {
    const error = protocol.readError(status, body(type), null)
    expect([error.code, error.status, error.message]).toEqual(['upstream_error', seen, 'm'])
    expect(error.detail.providerType).toBe(type)
    const watch = protocol.watch()
    expect(watch.look(JSON.stringify(body(type)), 'error')).toBe('error')
    expect(watch.error?.status).toBe(type === 'invalid_request_error' ? 400 : seen)
    expect([watch.finished, watch.missingEnd]).toEqual([false, null])
  })

  test('come to a client of the same dialect as they were', () => {
    for (const [status, type] of [
      [400, 'invalid_request_error'],
      [404, 'not_found_error'],
      [429, 'rate_limit_error'],
      [529, 'overloaded_error'],
    ] as const) {
      const error = protocol.readError(status, body(type, 'said'), null)
      expect(protocol.writeError(error, 'req_1')).toEqual({
        status,
        body: { type: 'error', error: { type, message: 'said' }, request_id: 'req_1' },
      })
    }
  })

  test('about our key are ours', () => {
    const error = protocol.readError(401, body('authentication_error', 'invalid x-api-key'), null)
    expect([error.code, error.status]).toEqual(['upstream_auth_failed', 502])
    expect(error.message).not.toContain('x-api-key')
  })

  test('say what to do where Anthropic has no code for it', () => {
    const long = protocol.readError(400, body('x', 'prompt is too long: 9 tokens > 8'), null)
    expect(long.detail.providerCode).toBe('context_length_exceeded')
    const details = { error_code: 'enforced_spend_limit_reached' }
    const spent = protocol.readError(429, body('rate_limit_error', 'm', details), null)
    expect([spent.detail.providerCode, spent.retryable]).toEqual(['insufficient_quota', false])
    // A client of this dialect still reads what it was.
    expect(protocol.writeError(spent, 'r')).toMatchObject({ status: 429 })
    expect(protocol.readError(429, body('rate_limit_error'), 1_500)).toMatchObject({
      retryable: true,
      detail: { retryAfterMs: 1_500 },
    })
  })

  test('hide in answers with status 200', () => {
    expect(protocol.readAnswer(body('api_error')).error?.status).toBe(500)
    expect(protocol.readAnswer({ type: 'message', content: [] }).error).toBeNull()
  })
})

describeWithFixtures('recorded errors', () => {
  const fixtures = listFixtures({ provider: 'anthropic', format: 'json-error' })
  test.each(fixtures.map((fixture) => [fixture.file, fixture] as const))('%s', (_file, fixture) => {
    const body = JSON.parse(new TextDecoder().decode(readFixture(fixture)))
    const meta = readFixtureMeta(fixture) as { response: { status: number } }
    const { status } = meta.response
    const error = protocol.readError(status, body, null)
    expect(error.status).toBe(status === 401 ? 502 : status)
    expect(error.message === body.error.message).toBe(status !== 401)
  })

  test('are three', () => {
    expect(fixtures.length).toBeGreaterThanOrEqual(3)
  })
})

describe('the watch', () => {
  const start = { type: 'message_start', message: { usage: { input_tokens: 3, output_tokens: 1 } } }
  const look = (...events: readonly object[]) => {
    const watch = protocol.watch()
    const sightings = events.map((event) => watch.look(JSON.stringify(event)))
    return { watch, sightings }
  }
  const block = (content_block: object) => ({
    type: 'content_block_start',
    index: 0,
    content_block,
  })
  const delta = (value: object) => ({ type: 'content_block_delta', index: 0, delta: value })

  test.each<[string, object]>([
    ['the start', start],
    ['a ping', { type: 'ping' }],
    ['text that begins', block({ type: 'text', text: '' })],
    ['thinking that begins', block({ type: 'thinking', thinking: '', signature: '' })],
    ['the end of a block', { type: 'content_block_stop', index: 0 }],
    ['an empty fragment', delta({ type: 'input_json_delta', partial_json: '' })],
    ['usage alone', { type: 'message_delta', delta: { stop_reason: null }, usage: {} }],
    ['an unknown event', { type: 'something_new' }],
  ])('does not commit to %s, before or after content', (_name, event) => {
    const text = delta({ type: 'text_delta', text: 'A' })
    expect(look(event, text, event).sightings).toEqual(['head', 'content', 'other'])
  })

  test.each<[string, object]>([
    ['text', delta({ type: 'text_delta', text: 'A' })],
    ['thinking', delta({ type: 'thinking_delta', thinking: 'A' })],
    ['a signature', delta({ type: 'signature_delta', signature: 'A' })],
    ['arguments', delta({ type: 'input_json_delta', partial_json: '{' })],
    ['a citation', delta({ type: 'citations_delta', citation: {} })],
    ['a call', block({ type: 'tool_use', id: 'a', name: 'f', input: {} })],
    ['hidden thinking', block({ type: 'redacted_thinking', data: 'x' })],
    ['a server tool', block({ type: 'web_search_tool_result', content: [] })],
    ['a turn that came whole', { type: 'message_start', message: { content: [{}] } }],
  ])('commits to %s', (_name, event) => {
    expect(look(event).sightings).toEqual(['content'])
  })

  test('supplies the end after a finish, and only then', async () => {
    const finish = {
      type: 'message_delta',
      delta: { stop_reason: 'refusal' },
      usage: { output_tokens: 5 },
    }
    const { watch, sightings } = look(start, finish)
    expect(sightings).toEqual(['head', 'content'])
    expect([watch.finished, watch.finishReason, watch.usage]).toEqual([
      true,
      'refusal',
      { inputTokens: 3, outputTokens: 5, cachedInputTokens: null, reasoningTokens: null },
    ])
    expect(look(start).watch.missingEnd).toBeNull()
    expect(look(start, finish, { type: 'error', error: {} }).watch.missingEnd).toBeNull()
    expect(look(start, finish, { type: 'message_stop' }).watch.missingEnd).toBeNull()
    const message = { id: 'msg_1', type: 'message', role: 'assistant', model: 'm', content: [] }
    const opening = sse({ ...start, message: { ...message, usage: start.message.usage } } as never)
    const stream = `${protocol.heartbeat}${opening}${protocol.heartbeat}${sse(finish as never)}`
    expect(await stand.message(`${stream}${watch.missingEnd}`)).toMatchObject({
      stop_reason: 'refusal',
    })
  })

  test('writes errors that the SDK raises on, wherever they come', async () => {
    const error = new GatewayError('upstream_reset')
    const event = protocol.watch().errorEvent(error, 'req_1')
    const raised = await stand.message(`${protocol.heartbeat}${event}`).catch((thrown) => thrown)
    expect(raised).toBeInstanceOf(Anthropic.APIError)
    expect(raised).toMatchObject({ error: { error: { type: 'api_error' }, request_id: 'req_1' } })
  })

  test('knows an event by its name where the data has none', () => {
    const watch = protocol.watch()
    expect(watch.look('{"delta":{"type":"text_delta","text":"A"}}', 'content_block_delta')).toBe(
      'content',
    )
    expect(watch.look('{}', 'message_stop')).toBe('end')
    expect(watch.look('{"type":', 'ping')).toBe('invalid')
    expect(watch.look('[]', 'ping')).toBe('other')
  })
})
