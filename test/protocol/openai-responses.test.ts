/** What one event of a Responses stream is taken for, and what a stream amounts to. */
import { describe, expect, test } from 'bun:test'
import { GatewayError } from '../../src/core/errors.ts'
import { openaiResponses } from '../../src/protocol/openai-responses.ts'
import type { Sighting, StreamWatch } from '../../src/protocol/protocol.ts'

const event = (type: string, rest: object = {}): string => JSON.stringify({ type, ...rest })

function watchOf(...events: readonly string[]): StreamWatch {
  const watch = openaiResponses.watch()
  for (const data of events) watch.look(data)
  return watch
}

const item = (fields: object): string => event('response.output_item.added', { item: fields })
const part = (fields: object): string => event('response.content_part.added', { part: fields })
const DELTA = event('response.output_text.delta', { delta: 'Hi' })

const first: readonly (readonly [string, string, Sighting])[] = [
  ['created', event('response.created', { response: { error: null } }), 'head'],
  ['queued', event('response.queued'), 'head'],
  ['in progress', event('response.in_progress'), 'head'],
  ['a message opens', item({ type: 'message', content: [] }), 'head'],
  ['reasoning opens', item({ type: 'reasoning', summary: [], encrypted_content: 'x' }), 'head'],
  ['a part opens', part({ type: 'output_text', text: '', annotations: [] }), 'head'],
  [
    'a summary opens',
    event('response.reasoning_summary_part.added', { part: { text: '' } }),
    'head',
  ],
  ['keepalive', event('keepalive', { sequence_number: 3 }), 'head'],
  ['a message with text', item({ type: 'message', content: [{ text: 'x' }] }), 'content'],
  ['a part with text', part({ type: 'output_text', text: 'x' }), 'content'],
  ['a part with a refusal', part({ type: 'refusal', refusal: 'x' }), 'content'],
  ['a function call', item({ type: 'function_call', name: 'f', arguments: '' }), 'content'],
  ['a text delta', DELTA, 'content'],
  ['a reasoning delta', event('response.reasoning_text.delta', { delta: 'x' }), 'content'],
  ['arguments', event('response.function_call_arguments.delta', { delta: '{' }), 'content'],
  ['a tool at work', event('response.web_search_call.in_progress'), 'content'],
  [
    'an item is done',
    event('response.output_item.done', { item: { type: 'reasoning' } }),
    'content',
  ],
  ['an event of tomorrow', event('response.hologram.added'), 'content'],
  ['an event of another language', '{"choices":[]}', 'content'],
  ['completed', event('response.completed', { response: { output: [] } }), 'end'],
  ['incomplete', event('response.incomplete', { response: {} }), 'end'],
  ['completed without a response', event('response.completed'), 'end'],
  ['the marker of OpenRouter', '[DONE]', 'end'],
  ['failed', event('response.failed', { response: { error: { code: 'server_error' } } }), 'error'],
  ['failed without a reason', event('response.failed', { response: { error: null } }), 'error'],
  ['a flat error', event('error', { code: 'x', message: 'no', sequence_number: 2 }), 'error'],
  ['a nested error', event('error', { error: { message: 'no' } }), 'error'],
  ['an error of chat', '{"error":{"message":"no"}}', 'error'],
  ['no data', '', 'invalid'],
  ['half an object', '{"type":"resp', 'invalid'],
  ['null', 'null', 'other'],
]

describe('the first event of a response', () => {
  test.each(first)('%s', (_name, data, sighting) => {
    expect(openaiResponses.watch().look(data)).toBe(sighting)
  })
})

describe('a stream of a response', () => {
  test('what opens nothing is `other` once there was content', () => {
    expect(watchOf(DELTA).look(part({ text: '' }))).toBe('other')
  })

  test('ends with `completed`, its usage and nothing to supply', () => {
    const usage = {
      input_tokens: 10,
      output_tokens: 20,
      input_tokens_details: { cached_tokens: 4 },
      output_tokens_details: { reasoning_tokens: 5 },
    }
    const watch = watchOf(DELTA)
    expect([watch.finished, watch.ended, watch.usage]).toEqual([false, false, null])
    watch.look(event('response.completed', { response: { usage } }))
    expect([watch.finished, watch.ended, watch.finishReason]).toEqual([true, true, 'completed'])
    expect(watch.missingEnd).toBeNull()
    expect(watch.usage).toEqual({
      inputTokens: 10,
      outputTokens: 20,
      cachedInputTokens: 4,
      reasoningTokens: 5,
    })
  })

  test('ends with `incomplete` and its reason', () => {
    const watch = watchOf(
      event('response.incomplete', { response: { incomplete_details: { reason: 'max_tokens' } } }),
    )
    expect([watch.finished, watch.ended, watch.finishReason]).toEqual([true, true, 'max_tokens'])
  })

  test('ends with `failed`, unfinished, with its error and the usage so far', () => {
    const response = {
      error: { code: 'rate_limit_exceeded', message: 'slow down' },
      usage: { input_tokens: 3, output_tokens: 0 },
    }
    const watch = watchOf(event('response.failed', { response }))
    expect([watch.finished, watch.ended]).toEqual([false, true])
    expect([watch.error?.status, watch.error?.message]).toEqual([429, 'slow down'])
    expect(watch.error?.detail.providerCode).toBe('rate_limit_exceeded')
    expect(watch.usage).toMatchObject({ inputTokens: 3 })
  })

  test('an error event fails it without ending it, and is not replaced by `failed`', () => {
    const watch = watchOf(event('error', { code: 'server_error', message: 'one', param: 'p' }))
    expect([watch.finished, watch.ended, watch.error?.message]).toEqual([false, false, 'one'])
    expect(watch.error?.detail).toMatchObject({ providerType: 'server_error', param: 'p' })
    watch.look(event('response.failed', { response: { error: { message: 'two' } } }))
    expect([watch.ended, watch.error?.message]).toEqual([true, 'one'])
  })

  test('`failed` that does not say why is an error in our words', () => {
    const { error } = watchOf(event('response.failed', { response: { error: null } }))
    expect([error?.status, error?.message]).toEqual([502, 'The provider reported an error.'])
  })

  test('a bare [DONE] does not make it complete', () => {
    const watch = watchOf(DELTA, '[DONE]')
    expect([watch.finished, watch.ended, watch.missingEnd]).toEqual([false, false, null])
  })
})

describe('an in-band error of a response', () => {
  const error = new GatewayError('upstream_idle_timeout')

  function dataOf(watch: StreamWatch): Record<string, unknown> {
    const text = watch.errorEvent(error, 'req_1')
    const [name = '', data = '', ...rest] = text.split('\n')
    expect([name, rest]).toEqual(['event: error', ['', '']])
    return JSON.parse(data.slice('data: '.length))
  }

  test('has the flat fields, the nested ones, and the next number', () => {
    const watch = watchOf(
      event('response.created', { sequence_number: 0 }),
      event('response.output_text.delta', { sequence_number: 41 }),
    )
    expect(dataOf(watch)).toEqual({
      type: 'error',
      code: 'upstream_idle_timeout',
      message: 'The provider stopped sending.',
      param: null,
      sequence_number: 42,
      error: {
        type: 'timeout_error',
        code: 'upstream_idle_timeout',
        message: 'The provider stopped sending.',
        param: null,
      },
    })
  })

  test.each([
    ['nothing', 0],
    ['{"type":"response.created"}', 0],
    ['{"type":"response.created","sequence_number":"7"}', 0],
    ['{"type":"response.created","sequence_number":1.5}', 0],
    ['{"type":"response.created","sequence_number":7}', 8],
  ])('after %s its number is %d', (data, expected) => {
    expect(dataOf(watchOf(data)).sequence_number).toBe(expected)
  })

  test('numbers never go back', () => {
    const numbered = (sequence_number: number) => event('response.created', { sequence_number })
    expect(dataOf(watchOf(numbered(9), numbered(3))).sequence_number).toBe(10)
  })
})

describe('a response that is not streamed', () => {
  test('tells its usage', () => {
    const body = { object: 'response', output: [], usage: { input_tokens: 1, output_tokens: 2 } }
    expect(openaiResponses.readAnswer(body).usage).toMatchObject({
      inputTokens: 1,
      outputTokens: 2,
    })
  })

  test('that failed is an answer, for whoever polls it', () => {
    const body = { object: 'response', status: 'failed', error: { message: 'm' } }
    expect(openaiResponses.readAnswer(body).error).toBeNull()
  })

  test('is an error where a 200 hides one', () => {
    const { error } = openaiResponses.readAnswer({ error: { message: 'm', code: 'server_error' } })
    expect([error?.status, error?.message]).toEqual([500, 'm'])
  })
})
