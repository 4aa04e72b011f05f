/** What one event of a chat stream is taken for, and what a stream amounts to. */
import { describe, expect, test } from 'bun:test'
import { GatewayError } from '../../src/core/errors.ts'
import { openaiChat } from '../../src/protocol/openai-chat.ts'
import type { Sighting, StreamWatch } from '../../src/protocol/protocol.ts'

const chunk = (delta: unknown, rest: object = {}): string =>
  JSON.stringify({
    id: 'c',
    object: 'chat.completion.chunk',
    choices: [{ index: 0, delta }],
    ...rest,
  })

const choices = (...list: readonly object[]): string => JSON.stringify({ id: 'c', choices: list })

function watchOf(...events: readonly string[]): StreamWatch {
  const watch = openaiChat.watch()
  for (const event of events) watch.look(event)
  return watch
}

const HELLO = chunk({ content: 'Hello' })
const STOP = choices({ index: 0, delta: {}, finish_reason: 'stop' })

const first: readonly (readonly [string, string, Sighting])[] = [
  ['a role', chunk({ role: 'assistant', content: '', refusal: null }), 'head'],
  ['a role before a tool call', chunk({ role: 'assistant', content: null }), 'head'],
  ['an empty delta', chunk({}), 'head'],
  ['a null delta', chunk(null), 'head'],
  ['no delta', choices({ index: 0, finish_reason: null }), 'head'],
  ['empty reasoning (gpustack)', chunk({ reasoning_content: '' }), 'head'],
  ['null tool calls (Snowflake)', chunk({ content: '', refusal: '', tool_calls: null }), 'head'],
  ['empty lists', chunk({ tool_calls: [], annotations: [], reasoning_details: [] }), 'head'],
  ['prompt filter results (Azure)', '{"choices":[],"id":"","prompt_filter_results":[{}]}', 'head'],
  ['x_groq alone', '{"id":"c","x_groq":{"id":"req"}}', 'head'],
  ['usage alone', '{"choices":[],"usage":{"prompt_tokens":1,"completion_tokens":2}}', 'head'],
  [
    'an accumulated message only (Writer)',
    choices({ index: 0, message: { content: 'x' } }),
    'head',
  ],
  ['an empty object', '{}', 'invalid'],
  ['a ping', '{"type":"ping"}', 'invalid'],
  ['a null error', '{"id":"c","choices":[],"error":null}', 'head'],
  ['text', HELLO, 'content'],
  ['a blank', chunk({ content: ' ' }), 'content'],
  ['a role with text', chunk({ role: 'assistant', content: 'x' }), 'content'],
  ['a refusal', chunk({ refusal: 'No' }), 'content'],
  ['reasoning_content', chunk({ content: null, reasoning_content: 'hm' }), 'content'],
  ['reasoning', chunk({ content: '', reasoning: 'hm' }), 'content'],
  ['reasoning_details', chunk({ content: '', reasoning_details: [{ text: 'hm' }] }), 'content'],
  ['thinking (Mistral)', chunk({ content: [{ type: 'thinking', thinking: [] }] }), 'content'],
  ['a tool call', chunk({ tool_calls: [{ index: 0, id: 'call_1' }] }), 'content'],
  ['a function call', chunk({ function_call: { name: 'f' } }), 'content'],
  ['audio', chunk({ audio: { data: 'AAAA' } }), 'content'],
  ['annotations', chunk({ annotations: [{ type: 'url_citation' }] }), 'content'],
  ['the finish of an empty answer', STOP, 'content'],
  [
    'text of the second choice',
    choices({ index: 0 }, { index: 1, delta: { content: 'x' } }),
    'content',
  ],
  ['another language', '{"value":"Hi"}', 'content'],
  ['an error', '{"error":{"message":"no","type":"server_error"}}', 'error'],
  ['an error as text', '{"error":"no"}', 'error'],
  [
    'an error with choices (OpenRouter)',
    chunk({ content: 'x' }, { error: { code: 502 } }),
    'error',
  ],
  ['an error of older vLLM', '{"object":"error","message":"no","code":400}', 'error'],
  ['the end', '[DONE]', 'end'],
  ['an end with more behind it', '[DONE] bye', 'end'],
  ['no data', '', 'invalid'],
  ['half an object', '{"choices":[{"del', 'invalid'],
  ['text that is not JSON', 'hello', 'invalid'],
  ['two objects', '{}{}', 'invalid'],
  ['null', 'null', 'other'],
  ['a number', '7', 'other'],
  ['a list', '[{"choices":[]}]', 'other'],
  ['choices that are none', '{"id":"c","choices":{"0":1}}', 'head'],
  ['a null choice', '{"id":"c","choices":[null,7,"x"]}', 'head'],
]

describe('the first event of a chat stream', () => {
  test.each(first)('%s', (_name, data, sighting) => {
    expect(openaiChat.watch().look(data)).toBe(sighting)
  })
})

describe('a chat stream', () => {
  test('what opens nothing is `other` once there was content', () => {
    const watch = watchOf(chunk({ role: 'assistant' }), HELLO)
    expect(watch.look(chunk({ content: '' }))).toBe('other')
    expect(watch.look('{"choices":[],"usage":null}')).toBe('other')
  })

  test('finishes with a reason and ends with the marker', () => {
    const watch = watchOf(HELLO)
    expect([watch.finished, watch.ended, watch.finishReason]).toEqual([false, false, null])
    watch.look(STOP)
    expect([watch.finished, watch.ended, watch.finishReason]).toEqual([true, false, 'stop'])
    watch.look('[DONE]')
    expect([watch.finished, watch.ended]).toEqual([true, true])
  })

  test.each(['length', 'model_length', 'eos', 'insufficient_system_resource'])(
    'the finish reason %s counts',
    (reason) => {
      const watch = watchOf(choices({ index: 0, delta: { content: 'x' }, finish_reason: reason }))
      expect([watch.finished, watch.finishReason]).toEqual([true, reason])
    },
  )

  test.each([[''], [null], [7], [true], [{}]])('the finish reason %p does not', (reason) => {
    expect(watchOf(choices({ index: 0, delta: {}, finish_reason: reason })).finished).toBe(false)
  })

  test('is finished when every choice that was seen has finished', () => {
    const watch = watchOf(
      choices({ index: 0, delta: { content: 'a' } }),
      choices({ index: 1, delta: { content: 'b' } }),
      choices({ index: 1, delta: {}, finish_reason: 'stop' }),
    )
    expect(watch.finished).toBe(false)
    watch.look(STOP)
    expect(watch.finished).toBe(true)
  })

  test('a finish said twice, and a choice touched after it, stay finished', () => {
    const watch = watchOf(
      choices({ index: 0, delta: { content: 'a' } }, { index: 1, delta: { content: 'b' } }),
      STOP,
      STOP,
    )
    expect(watch.finished).toBe(false)
    watch.look(choices({ index: 1, delta: {}, finish_reason: 'stop' }))
    watch.look(choices({ index: 1, delta: {}, content_filter_offsets: {} }))
    expect(watch.finished).toBe(true)
  })

  test('indices that nobody offers do not grow the watch', () => {
    const watch = watchOf(STOP)
    for (const index of [-1, 1.5, 1e9, 'x', null, {}]) watch.look(choices({ index, delta: {} }))
    expect(watch.finished).toBe(true)
  })

  test('supplies the marker only where the answer is complete and nothing failed', () => {
    expect(watchOf(HELLO).missingEnd).toBeNull()
    expect(watchOf(HELLO, STOP).missingEnd).toBe('data: [DONE]\n\n')
    expect(watchOf(HELLO, STOP, '[DONE]').missingEnd).toBeNull()
    expect(watchOf(HELLO, STOP, '{"error":{"message":"late"}}').missingEnd).toBeNull()
  })

  test('keeps the first error', () => {
    const watch = watchOf('{"error":{"message":"one","code":429}}', '{"error":{"message":"two"}}')
    expect(watch.error).toBeInstanceOf(GatewayError)
    expect([watch.error?.message, watch.error?.status]).toEqual(['one', 429])
  })

  test('reads the error of Groq, whose status is among its fields', () => {
    const { error } = watchOf(
      '{"error":{"message":"Tool call failed","type":"invalid_request_error",' +
        '"code":"tool_use_failed","failed_generation":"x","status_code":400}}',
    )
    expect([error?.status, error?.message]).toEqual([400, 'Tool call failed'])
    expect(error?.detail.providerCode).toBe('tool_use_failed')
  })

  test('an error without a word is still one', () => {
    const { error } = watchOf('{"error":true}')
    expect([error?.code, error?.status]).toEqual(['upstream_error', 502])
    expect(error?.message).toBe('The provider reported an error.')
  })
})

describe('the usage of a chat stream', () => {
  const usage = (value: object, rest: object = {}): string =>
    JSON.stringify({ id: 'c', choices: [], usage: value, ...rest })

  test('is null until it is reported', () => {
    expect(watchOf(HELLO, usage({}), '{"id":"c","choices":[],"usage":null}').usage).toBeNull()
  })

  test('is the last one, never the sum', () => {
    const watch = watchOf(
      usage({
        prompt_tokens: 5,
        completion_tokens: 1,
        prompt_tokens_details: { cached_tokens: 4 },
      }),
      usage({ prompt_tokens: 5, completion_tokens: 2 }),
      usage({}),
      '{"id":"c","choices":[],"usage":null}',
    )
    expect(watch.usage).toEqual({
      inputTokens: 5,
      outputTokens: 2,
      cachedInputTokens: null,
      reasoningTokens: null,
    })
  })

  test('with all its details', () => {
    const details = {
      prompt_tokens: 10,
      completion_tokens: 20,
      total_tokens: 30,
      prompt_tokens_details: { cached_tokens: 3 },
      completion_tokens_details: { reasoning_tokens: 0 },
    }
    expect(watchOf(usage(details)).usage).toEqual({
      inputTokens: 10,
      outputTokens: 20,
      cachedInputTokens: 3,
      reasoningTokens: 0,
    })
  })

  test.each([
    ['Groq', { x_groq: { usage: { prompt_tokens: 1, completion_tokens: 2 } } }],
    ['Moonshot', { choices: [{ usage: { prompt_tokens: 1, completion_tokens: 2 } }] }],
  ])('where %s puts it', (_name, event) => {
    expect(watchOf(JSON.stringify({ id: 'c', ...event })).usage).toMatchObject({
      inputTokens: 1,
      outputTokens: 2,
    })
  })

  test('with the cache hits of DeepSeek', () => {
    const watch = watchOf(usage({ prompt_tokens: 9, prompt_cache_hit_tokens: 8 }))
    expect(watch.usage).toMatchObject({ cachedInputTokens: 8, outputTokens: null })
  })

  test('with the reasoning that xAI counts beside the completion', () => {
    const beside = {
      prompt_tokens: 291,
      completion_tokens: 26,
      total_tokens: 513,
      completion_tokens_details: { reasoning_tokens: 196 },
    }
    expect(watchOf(usage(beside)).usage).toMatchObject({ outputTokens: 222, reasoningTokens: 196 })
    const inside = { ...beside, completion_tokens: 222 }
    expect(watchOf(usage(inside)).usage).toMatchObject({ outputTokens: 222 })
  })

  test('is not taken from numbers that are none', () => {
    expect(watchOf(usage({ prompt_tokens: '5', completion_tokens: null })).usage).toBeNull()
  })
})

describe('a chat answer that is not streamed', () => {
  test('tells its usage', () => {
    const body = { choices: [{}], usage: { prompt_tokens: 1, completion_tokens: 2 } }
    const { usage, error } = openaiChat.readAnswer(body)
    expect(usage).toMatchObject({ inputTokens: 1, outputTokens: 2 })
    expect(error).toBeNull()
  })

  test.each([
    ['OpenRouter', { error: { message: 'm', code: 429 }, user_id: 'u' }, 429],
    ['older vLLM', { object: 'error', message: 'm', type: 'BadRequestError', code: 400 }, 400],
    ['a string', { error: 'm' }, 502],
    ['a word for the status', { error: { message: 'm', type: 'overloaded_error' } }, 503],
  ])('is an error where a 200 hides one: %s', (_name, body, status) => {
    const { error } = openaiChat.readAnswer(body)
    expect([error?.code, error?.status, error?.message]).toEqual(['upstream_error', status, 'm'])
  })

  test('is an answer where there are choices beside the error', () => {
    expect(openaiChat.readAnswer({ error: { message: 'm' }, choices: [] }).error).toBeNull()
    expect(openaiChat.readAnswer({ error: null, object: 'list', data: [] }).error).toBeNull()
  })
})
