/** What a client is told when the writer of its dialect gives up in the middle. */
import { expect, test } from 'bun:test'
import { GatewayError } from '../../src/core/errors.ts'
import { Exchange } from '../../src/observe/exchange.ts'
import { openaiChat } from '../../src/protocol/openai-chat.ts'
import { openaiResponses } from '../../src/protocol/openai-responses.ts'
import { Translator } from '../../src/relay/translator.ts'
import { hubRequest } from '../protocol/hub-request.ts'

const encoder = new TextEncoder()
const frame = (data: unknown) => encoder.encode(`data: ${JSON.stringify(data)}\n\n`)
const content = (text: string) => frame({ choices: [{ index: 0, delta: { content: text } }] })
const ending = Buffer.concat([
  frame({ choices: [{ index: 0, delta: {}, finish_reason: 'stop' }] }),
  encoder.encode('data: [DONE]\n\n'),
])

const context = {
  ...{ model: 'm', requestId: 'req_1', createdS: 1_700_000_000, includeUsage: true },
  ...({ framing: 'sse', request: hubRequest() } as const),
}

test('an answer too large to be told again at its end is an error event, once', () => {
  const exchange = new Exchange('responses', 'POST')
  const translator = new Translator(openaiChat, openaiResponses, context, exchange, 1 << 25)
  // A little more than the writer holds; the last piece comes with the end of the answer.
  const piece = 'a'.repeat(1 << 24)
  for (let count = 0; count < 4; count += 1) translator.take(content(piece))
  let failure: unknown = null
  try {
    translator.take(Buffer.concat([content('the last'), ending]))
  } catch (thrown) {
    failure = thrown
  }
  if (!(failure instanceof GatewayError)) throw new Error('nothing was thrown')
  expect(failure.code).toBe('upstream_protocol_error')
  expect([translator.ended, translator.finishReason]).toEqual([false, null])

  const text = translator.errorEvent(failure)
  const events = [...text.matchAll(/^event: (.*)$/gm)].map(([, name]) => name)
  expect(events.slice(-2)).toEqual(['error', 'response.failed'])
  expect(events).not.toContain('response.completed')
  // After the error the writer is silent, whatever it is told.
  expect(translator.errorEvent(failure)).toBe('')
}, 30_000)

const usage = frame({ choices: [], usage: { prompt_tokens: 1, completion_tokens: 2 } })
const broken = encoder.encode('data: {"choices":[\n\n')

/** What a client of chats gets of `chunks`, with the error if one is thrown. */
function translated(chunks: readonly Uint8Array[]) {
  const exchange = new Exchange('chat-completions', 'POST')
  const translator = new Translator(openaiChat, openaiChat, context, exchange, 1 << 20)
  const texts: string[] = []
  let failure: string | null = null
  try {
    for (const chunk of chunks) {
      for (const text of translator.take(chunk)) texts.push(Buffer.from(text).toString())
    }
  } catch (thrown) {
    if (!(thrown instanceof GatewayError)) throw thrown
    failure = thrown.code
    texts.push(translator.errorEvent(thrown))
  }
  return { text: texts.join(''), failure }
}

test('a broken event behind an end without a finish is not missed, also in one chunk', () => {
  // Snowflake's streams end with their marker, and never give a reason.
  const end = encoder.encode('data: [DONE]\n\n')
  for (const before of [content('Hi'), usage]) {
    const one = translated([Buffer.concat([before, end, broken])])
    expect(one).toEqual({ text: expect.stringMatching(/data: \[DONE\]\n\n$/), failure: null })
    expect(translated([before, end, broken])).toEqual(one)
  }
})

test('a broken event before the end is an error behind what was said, wherever it was cut', () => {
  const one = translated([Buffer.concat([content('Hi'), broken, ending])])
  expect(one.failure).toBe('upstream_protocol_error')
  expect(one.text).toContain('"Hi"')
  expect(one.text).toContain('upstream_protocol_error')
  expect(one.text).not.toContain('[DONE]')
  expect(translated([content('Hi'), broken, ending])).toEqual(one)
})
