/** What is not understood is passed on; its errors are OpenAI's. */
import { describe, expect, test } from 'bun:test'
import { GatewayError } from '../../src/core/errors.ts'
import { opaque } from '../../src/protocol/opaque.ts'
import { protocols } from '../../src/protocol/registry.ts'

describe('an opaque stream', () => {
  test.each(['', '[DONE]', '{oops', '{"error":{"message":"x"}}', 'hello'])(
    'sees content in %p and learns nothing from it',
    (data) => {
      const watch = opaque.watch()
      expect(watch.look(data)).toBe('content')
      const { finished, ended, usage, error, missingEnd } = watch
      expect([finished, ended, usage, error, missingEnd]).toEqual([false, false, null, null, null])
    },
  )

  test('fails under a name and in a shape that SDKs know', () => {
    const text = opaque.watch().errorEvent(new GatewayError('upstream_reset'), 'req_1')
    expect(text.startsWith('event: error\ndata: {"error":{"message":')).toBe(true)
    expect(text.endsWith('}}\n\n')).toBe(true)
  })
})

describe('an opaque answer', () => {
  test('tells the usage that embeddings and images have', () => {
    expect(opaque.readAnswer({ data: [], usage: { prompt_tokens: 8, total_tokens: 8 } })).toEqual({
      usage: { inputTokens: 8, outputTokens: null, cachedInputTokens: null, reasoningTokens: null },
      error: null,
    })
  })

  test('is an error only where it is nothing else', () => {
    expect(opaque.readAnswer({ error: { message: 'm', code: 500 } }).error?.status).toBe(500)
    const job = { id: 'ftjob-1', object: 'fine_tuning.job', error: { message: 'm' } }
    expect(opaque.readAnswer(job).error).toBeNull()
    expect(opaque.readAnswer({ data: [], error: { message: 'm' } }).error).toBeNull()
    expect(opaque.readAnswer({ text: 'said', error: null }).error).toBeNull()
  })
})

describe('the registry', () => {
  const { chat, completions, responses, gemini, opaque: rest } = protocols

  test('has every dialect under its own name', () => {
    const names = [chat, completions, responses, gemini, rest].map((protocol) => protocol.name)
    expect(names).toEqual([
      'openai-chat',
      'openai-completions',
      'openai-responses',
      'gemini',
      'opaque',
    ])
  })

  test.each([chat, completions, responses, rest])(
    'the heartbeat of $name is a comment of one line',
    (dialect) => {
      expect(dialect.heartbeat).toBe(': ping\n')
    },
  )

  test('only what is understood has an end and drops what is invalid', () => {
    const flags = [chat, completions, responses, gemini, rest].map((protocol) => [
      protocol.hasEndMarker,
      protocol.dropsInvalid,
    ])
    expect(flags).toEqual([
      [true, true],
      [true, true],
      [true, true],
      // The end of the body is Gemini's only end.
      [false, true],
      [false, false],
    ])
  })
})
