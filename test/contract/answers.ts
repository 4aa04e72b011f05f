/** The same short answer as the server of each dialect streams it. */
import { EventStreamCodec } from '@smithy/eventstream-codec'
import type { ProtocolName } from '../../src/protocol/names.ts'
import { chat, completion, done, response } from './openai-answers.ts'
import {
  encode,
  events,
  type Named,
  named,
  type StreamAnswer,
  said,
  tokens,
} from './stream-answer.ts'

const messageEvents: readonly Named[] = [
  {
    type: 'message_start',
    message: {
      ...{ id: 'msg_1', type: 'message', role: 'assistant', model: 'answering-model' },
      ...{ content: [], stop_reason: null, stop_sequence: null },
      usage: { input_tokens: tokens.input, output_tokens: 1 },
    },
  },
  { type: 'content_block_start', index: 0, content_block: { type: 'text', text: '' } },
  ...said.map((text) => ({
    type: 'content_block_delta',
    index: 0,
    delta: { type: 'text_delta', text },
  })),
  { type: 'content_block_stop', index: 0 },
  {
    type: 'message_delta',
    delta: { stop_reason: 'end_turn', stop_sequence: null },
    usage: { output_tokens: tokens.output },
  },
  { type: 'message_stop' },
]

const messages = (): StreamAnswer => named(messageEvents)

const gemini = (): StreamAnswer => {
  const [first, last] = said
  const usageMetadata = {
    promptTokenCount: tokens.input,
    candidatesTokenCount: tokens.output,
    totalTokenCount: 8,
  }
  const chunk = (text: string, rest: object = {}): object => ({
    candidates: [{ content: { role: 'model', parts: [{ text }] }, index: 0, ...rest }],
    usageMetadata,
    modelVersion: 'answering-model',
    responseId: 'answer-1',
  })
  return events([chunk(first), chunk(last, { finishReason: 'STOP' })])
}

const codec = new EventStreamCodec((bytes) => new TextDecoder().decode(bytes as Uint8Array), encode)

const awsMessage = (type: string, body: object): Uint8Array =>
  codec.encode({
    headers: {
      ':message-type': { type: 'string', value: 'event' },
      ':event-type': { type: 'string', value: type },
      ':content-type': { type: 'string', value: 'application/json' },
    },
    body: encode(JSON.stringify(body)),
  })

const awsAnswer = (messages: readonly Uint8Array[]): StreamAnswer => ({
  contentType: 'application/vnd.amazon.eventstream',
  bytes: Buffer.concat(messages),
})

const invoke = (): StreamAnswer =>
  awsAnswer(
    messageEvents.map((event) => {
      const bytes = Buffer.from(JSON.stringify(event)).toString('base64')
      return awsMessage('chunk', { bytes, p: 'abc' })
    }),
  )

const converse = (): StreamAnswer => {
  const usage = { inputTokens: tokens.input, outputTokens: tokens.output, totalTokens: 8 }
  const contentBlockIndex = 0
  return awsAnswer([
    awsMessage('messageStart', { role: 'assistant' }),
    ...said.map((text) => awsMessage('contentBlockDelta', { contentBlockIndex, delta: { text } })),
    awsMessage('contentBlockStop', { contentBlockIndex }),
    awsMessage('messageStop', { stopReason: 'end_turn' }),
    awsMessage('metadata', { usage, metrics: { latencyMs: 1 } }),
  ])
}

const cohere = (): StreamAnswer =>
  named(
    [
      { type: 'message-start', id: 'answer-1', delta: { message: { role: 'assistant' } } },
      {
        type: 'content-start',
        index: 0,
        delta: { message: { content: { type: 'text', text: '' } } },
      },
      ...said.map((text) => ({
        type: 'content-delta',
        index: 0,
        delta: { message: { content: { text } } },
      })),
      { type: 'content-end', index: 0 },
      {
        type: 'message-end',
        delta: {
          finish_reason: 'COMPLETE',
          usage: { tokens: { input_tokens: tokens.input, output_tokens: tokens.output } },
        },
      },
    ],
    done,
  )

const ollama = (): StreamAnswer => {
  const head = { model: 'answering-model', created_at: '2026-01-01T00:00:00Z' }
  const lines: object[] = said.map((content) => ({
    ...head,
    message: { role: 'assistant', content },
    done: false,
  }))
  lines.push({
    ...head,
    ...{ message: { role: 'assistant', content: '' }, done: true, done_reason: 'stop' },
    ...{ prompt_eval_count: tokens.input, eval_count: tokens.output },
  })
  const text = lines.map((line) => `${JSON.stringify(line)}\n`).join('')
  return { contentType: 'application/x-ndjson', bytes: encode(text) }
}

const answers: Partial<Record<ProtocolName, () => StreamAnswer>> = {
  'openai-chat': chat,
  'openai-completions': completion,
  'openai-responses': response,
  'anthropic-messages': messages,
  gemini,
  'bedrock-converse': converse,
  'bedrock-invoke': invoke,
  'cohere-chat': cohere,
  'ollama-chat': ollama,
}

/** The answer in a dialect. @throws where none was written. */
export function answerIn(dialect: ProtocolName): StreamAnswer {
  const answer = answers[dialect]
  if (answer === undefined) throw new Error(`There is no answer in ${dialect}.`)
  return answer()
}
