/** What no recording has: exceptions, broken frames, cut streams, and whole answers. */
import { describe, expect, test } from 'bun:test'
import { readResponse } from '../../../src/protocol/bedrock-converse/response.ts'
import { ConverseReader } from '../../../src/protocol/bedrock-converse/stream.ts'
import { bedrockConverse } from '../../../src/protocol/bedrock-converse.ts'
import { collect } from '../../../src/protocol/hub/collect.ts'
import { translationOf } from '../../../src/protocol/translation.ts'
import { createDeframer } from '../../../src/sse/deframe.ts'
import { accountOf, countsOf, decode, errorOf, expectWellFormed } from '../replay.ts'
import { awsBody, awsMessage } from './aws-frames.ts'

const decoding = { framing: 'aws-event-stream', reader: () => new ConverseReader() } as const

const text = (value: string, index = 0) => ({
  contentBlockDelta: { contentBlockIndex: index, delta: { text: value } },
})
const stop = (stopReason: string) => ({ messageStop: { stopReason } })
const start = { messageStart: { role: 'assistant' } }
const metadata = { metadata: { usage: { inputTokens: 3, outputTokens: 5, totalTokens: 8 } } }

const read = (...unions: object[]) => {
  const events = decode(decoding, [awsBody(unions)])
  expectWellFormed(events)
  return events
}

describe('exceptions', () => {
  test.each([
    ['throttlingException', 429, true],
    ['validationException', 400, false],
    ['internalServerException', 500, true],
    ['serviceUnavailableException', 503, true],
    ['modelStreamErrorException', 502, true],
    ['modelTimeoutException', 504, true],
    ['someFutureException', 500, true],
  ] as const)('%s in the middle of a stream', (type, status, retryable) => {
    const body = [awsBody([start, text('Hi')]), awsMessage('exception', type, { message: 'no' })]
    const events = decode(decoding, body)
    expectWellFormed(events)
    const error = errorOf(events)
    expect([error?.code, error?.status, error?.message]).toEqual(['upstream_error', status, 'no'])
    expect(error?.retryable).toBe(retryable)
    expect(accountOf(events).text).toBe('Hi')
  })

  test('the model’s own status counts where the service only passed it on', () => {
    const message = { message: 'm', originalStatusCode: 429, originalMessage: 'slow down' }
    const body = awsMessage('exception', 'modelStreamErrorException', message)
    expect(errorOf(decode(decoding, [body]))?.status).toBe(429)
  })

  test('an unmodelled error has its code and message in the headers', () => {
    const error = errorOf(decode(decoding, [awsMessage('error', 'InternalFailure', 'broken')]))
    expect([error?.status, error?.message]).toEqual([500, 'broken'])
  })

  test('refused credentials are ours, and say nothing', () => {
    const body = awsMessage('exception', 'accessDeniedException', { message: 'key AKIAX is bad' })
    const error = errorOf(decode(decoding, [body]))
    expect(error?.code).toBe('upstream_auth_failed')
    expect(error?.message).not.toContain('AKIAX')
  })

  test('are the first thing that a watch sees, so that another target can be tried', () => {
    const watch = bedrockConverse.watch()
    expect(watch.look('{"role":"assistant"}', 'messageStart')).toBe('head')
    expect(watch.look('{"message":"no"}', 'exception:throttlingException')).toBe('error')
    expect(watch.error?.status).toBe(429)
  })
})

describe('broken bytes', () => {
  const body = awsBody([start, text('Hi'), stop('end_turn'), metadata])

  test('a flipped bit anywhere is found by one of the two checksums, or is a length', () => {
    const codes = new Set<string>()
    for (let at = 0; at < body.length; at += 1) {
      const spoilt = body.slice()
      spoilt[at] = (spoilt[at] ?? 0) ^ 0x10
      try {
        decode(decoding, [spoilt])
        throw new Error(`not found at ${at}`)
      } catch (thrown) {
        codes.add((thrown as { code?: string }).code ?? String(thrown))
      }
    }
    expect([...codes].sort()).toEqual(['upstream_protocol_error', 'upstream_truncated'])
  })

  test('a body cut anywhere before its reason is no finished answer', () => {
    const reason = awsBody([start, text('Hi'), stop('end_turn')]).length
    for (let at = 0; at < reason; at += 1) {
      const deframer = createDeframer('aws-event-stream', 1_000_000)
      const reader = new ConverseReader()
      const events = deframer.push(body.slice(0, at)).flatMap((frame) => reader.read(frame))
      let isCut = false
      try {
        deframer.end()
      } catch (thrown) {
        isCut = (thrown as { code: string }).code === 'upstream_truncated'
      }
      const last = isCut ? null : reader.end().at(-1)
      expect(isCut || (last?.type === 'error' && last.error.code === 'upstream_incomplete')).toBe(
        true,
      )
      expect(events.some(({ type }) => type === 'finish' || type === 'end')).toBe(false)
    }
  })
})

describe('the end', () => {
  test('comes without usage where the body ended after the reason', () => {
    const events = read(start, text('Hi'), stop('end_turn'))
    expect([accountOf(events).finish, countsOf(events)]).toEqual(['end_turn', null])
  })

  test('is sent with the usage, not with the end of the body', () => {
    const events = decode(
      decoding,
      [awsBody([start, text('Hi'), stop('end_turn'), metadata])],
      false,
    )
    expect(events.at(-1)?.type).toBe('end')
  })

  test.each([
    ['end_turn', 'stop'],
    ['tool_use', 'stop'],
    ['max_tokens', 'length'],
    ['stop_sequence', 'stop-sequence'],
    ['guardrail_intervened', 'content-filter'],
    ['content_filtered', 'content-filter'],
    ['model_context_window_exceeded', 'length'],
    ['something_new', 'stop'],
  ] as const)('%s without a call is %s', (native, reason) => {
    const finish = collect(read(start, text('x'), stop(native), metadata)).choices[0]?.finish
    expect([finish?.reason, finish?.native]).toEqual([reason, native])
  })

  test('with a call is a call, whatever is said', () => {
    const toolUse = { toolUseId: 'tooluse_1', name: 'weather' }
    const call = { contentBlockStart: { contentBlockIndex: 0, start: { toolUse } } }
    const { choices } = collect(read(start, call, stop('end_turn'), metadata))
    expect(choices[0]?.finish?.reason).toBe('tool-calls')
    expect(choices[0]?.parts).toMatchObject([{ id: 'tooluse_1', arguments: '{}' }])
  })

  test('an answer that the model spoilt is an error', () => {
    const error = errorOf(read(start, text('x'), stop('malformed_tool_use'), metadata))
    expect([error?.status, error?.detail.providerCode]).toEqual([502, 'malformed_tool_use'])
  })

  test('carries the guardrail’s reasons, which come after it, and the stop sequence', () => {
    const trace = { guardrail: { actionReason: 'blocked' } }
    const additionalModelResponseFields = { delta: { stop_sequence: 'END' } }
    const finish = collect(
      read(
        start,
        { messageStop: { stopReason: 'guardrail_intervened', additionalModelResponseFields } },
        { metadata: { ...metadata.metadata, trace } },
      ),
    ).choices[0]?.finish
    expect(finish?.stopSequence).toBe('END')
    expect(finish?.details?.value).toEqual({ additionalModelResponseFields, trace })
  })
})

describe('content', () => {
  test('what the cache had is part of the input', () => {
    const usage = {
      ...{ inputTokens: 3, outputTokens: 5 },
      ...{ cacheReadInputTokens: 100, cacheWriteInputTokens: 20 },
    }
    expect(countsOf(read(start, stop('end_turn'), { metadata: { usage } }))).toEqual({
      inputTokens: 123,
      outputTokens: 5,
      cachedInputTokens: 100,
      cacheWriteInputTokens: 20,
      reasoningTokens: null,
    })
  })

  test('interleaved blocks stay apart', () => {
    const tool = (index: number, id: string) => ({
      contentBlockStart: {
        contentBlockIndex: index,
        start: { toolUse: { toolUseId: id, name: id } },
      },
    })
    const input = (index: number, fragment: string) => ({
      contentBlockDelta: { contentBlockIndex: index, delta: { toolUse: { input: fragment } } },
    })
    const events = read(
      ...[start, tool(0, 'a'), tool(1, 'b'), input(1, '{"b"'), input(0, '{"a":1'), input(1, ':2}')],
      ...[input(0, '}'), stop('tool_use'), metadata],
    )
    expect(accountOf(events).tools).toEqual([
      { id: 'a', name: 'a', input: { a: 1 } },
      { id: 'b', name: 'b', input: { b: 2 } },
    ])
  })

  test('a citation belongs to its text', () => {
    const citation = {
      title: 'T',
      sourceContent: [{ text: 'said ' }, { text: 'so' }],
      location: { web: { url: 'https://example.com', domain: 'example.com' } },
    }
    const cited = { contentBlockDelta: { contentBlockIndex: 0, delta: { citation } } }
    const { choices } = collect(read(start, text('x'), cited, stop('end_turn'), metadata))
    expect(choices[0]?.parts[0]).toMatchObject({
      text: 'x',
      citations: [{ url: 'https://example.com', title: 'T', citedText: 'said so' }],
    })
  })

  test('a signature in pieces is one signature, at the end of its block', () => {
    const delta = (value: object) => ({
      contentBlockDelta: { contentBlockIndex: 0, delta: { reasoningContent: value } },
    })
    const events = read(
      ...[start, delta({ text: 'Hm' }), delta({ signature: 'ab' }), delta({ signature: 'cd' })],
      ...[{ contentBlockStop: { contentBlockIndex: 0 } }, stop('end_turn'), metadata],
    )
    const types = events.map(({ type }) => type)
    expect(types.slice(1, 4)).toEqual(['reasoning-delta', 'reasoning-signature', 'block-end'])
    expect(collect(events).choices[0]?.parts).toMatchObject([{ text: 'Hm', signature: 'abcd' }])
  })
})

describe('a whole answer', () => {
  const answer = {
    metrics: { latencyMs: 1 },
    output: {
      message: {
        role: 'assistant',
        content: [
          { reasoningContent: { reasoningText: { text: 'Hm.', signature: 'sig' } } },
          { reasoningContent: { redactedContent: 'cmVk' } },
          { text: 'Hello' },
          { citationsContent: { content: [{ text: ' cited' }], citations: [{ title: 'T' }] } },
          { toolUse: { toolUseId: 't1', name: 'weather', input: { city: 'Oslo' } } },
          { toolUse: { toolUseId: 't2', name: 'now', input: {} } },
          { toolUse: { toolUseId: 's1', name: 'search', input: {}, type: 'server_tool_use' } },
        ],
      },
    },
    stopReason: 'tool_use',
    usage: { inputTokens: 10, outputTokens: 20, totalTokens: 30 },
  }

  test('is told as the stream of the same', () => {
    const events = readResponse(answer)
    expectWellFormed(events)
    expect(accountOf(events)).toEqual({
      text: 'Hello cited',
      reasoning: 'Hm.',
      tools: [
        { id: 't1', name: 'weather', input: { city: 'Oslo' } },
        { id: 't2', name: 'now', input: {} },
      ],
      finish: 'tool_use',
      inputTokens: 10,
      outputTokens: 20,
    })
    expect(bedrockConverse.readAnswer(answer)).toEqual({
      usage: { inputTokens: 10, outputTokens: 20, cachedInputTokens: null, reasoningTokens: null },
      error: null,
    })
  })

  test('without a message, or without a reason, is none', () => {
    for (const body of [{}, { output: {} }, { ...answer, stopReason: null }]) {
      const events = readResponse(body)
      expectWellFormed(events)
      expect(errorOf(events)?.code).toBe('upstream_incomplete')
    }
  })

  test('the halves that no client needs do not exist', () => {
    const { readRequest, writer } = translationOf(bedrockConverse)
    const code = (run: () => unknown): unknown => {
      try {
        return run()
      } catch (thrown) {
        return (thrown as { code: string }).code
      }
    }
    expect(code(() => readRequest({}, { model: null, stream: null }))).toBe('internal_error')
    expect(code(() => (writer as () => unknown)())).toBe('internal_error')
  })
})
