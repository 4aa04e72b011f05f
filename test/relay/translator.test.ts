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
