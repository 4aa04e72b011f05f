/** One small streamed answer, `Hello there`, in each dialect of clients: its events on the wire. */
import { chatEvents, type EventToSend, eventText } from './answers.ts'

/** The dialects that clients speak; providers of the same dialects stream the same events. */
export type DialectName = 'chat' | 'completions' | 'responses' | 'messages' | 'gemini'

/** A whole stream. */
export interface StreamedAnswer {
  /** The bytes of each event, with its blank line; the end marker is the last of them. */
  readonly events: readonly string[]
  /** How many of them make the first content: fewer are none. */
  readonly untilContent: number
  /** How many of them make the finish: more only add what the answer does not need. */
  readonly untilFinish: number
}

const model = 'test-model'
const words = ['Hello', ' there'] as const

const chat: StreamedAnswer = {
  events: [...chatEvents(words, model), '[DONE]'].map(eventText),
  untilContent: 2,
  untilFinish: 4,
}

const completions: StreamedAnswer = {
  events: [...words.map((text) => completion(text, null)), completion('', 'stop'), '[DONE]'].map(
    eventText,
  ),
  untilContent: 1,
  untilFinish: 3,
}

function completion(text: string, finish: string | null): string {
  return JSON.stringify({
    ...{ id: 'cmpl-test', object: 'text_completion', created: 1, model },
    choices: [{ index: 0, text, logprobs: null, finish_reason: finish }],
  })
}

/** An event that names its type in its data. */
interface TypedEvent {
  readonly type: string
  readonly [field: string]: unknown
}

/** An event whose data repeats its name, as OpenAI's responses and Anthropic's messages do. */
const named = (event: TypedEvent): EventToSend => ({
  event: event.type,
  data: JSON.stringify(event),
})

const responses: StreamedAnswer = {
  events: responseEvents().map((event, index) =>
    eventText(named({ ...event, sequence_number: index })),
  ),
  untilContent: 5,
  untilFinish: 10,
}

function responseEvents(): readonly TypedEvent[] {
  const part = (text: string): object => ({ type: 'output_text', text, annotations: [] })
  const item = (status: string, content: readonly object[]): object => {
    return { type: 'message', id: 'msg_test', status, role: 'assistant', content }
  }
  const response = (status: string, output: readonly object[], usage: object | null): object => ({
    ...{ id: 'resp_test', object: 'response', created_at: 1, model, status, output, usage },
    ...{ error: null, incomplete_details: null, instructions: null, metadata: {}, tools: [] },
    ...{ parallel_tool_calls: true, temperature: 1, tool_choice: 'auto', top_p: 1 },
  })
  const at = { item_id: 'msg_test', output_index: 0, content_index: 0 }
  const whole = words.join('')
  const done = item('completed', [part(whole)])
  const usage = {
    ...{ input_tokens: 3, input_tokens_details: { cached_tokens: 0 } },
    ...{ output_tokens: 2, output_tokens_details: { reasoning_tokens: 0 }, total_tokens: 5 },
  }
  return [
    { type: 'response.created', response: response('in_progress', [], null) },
    { type: 'response.in_progress', response: response('in_progress', [], null) },
    { type: 'response.output_item.added', output_index: 0, item: item('in_progress', []) },
    { type: 'response.content_part.added', ...at, part: part('') },
    ...words.map((delta) => ({ type: 'response.output_text.delta', ...at, delta, logprobs: [] })),
    { type: 'response.output_text.done', ...at, text: whole, logprobs: [] },
    { type: 'response.content_part.done', ...at, part: part(whole) },
    { type: 'response.output_item.done', output_index: 0, item: done },
    { type: 'response.completed', response: response('completed', [done], usage) },
  ]
}

const messages: StreamedAnswer = {
  events: [
    {
      type: 'message_start',
      message: {
        ...{ id: 'msg_test', type: 'message', role: 'assistant', model, content: [] },
        ...{ stop_reason: null, stop_sequence: null },
        usage: { input_tokens: 3, output_tokens: 1 },
      },
    },
    { type: 'content_block_start', index: 0, content_block: { type: 'text', text: '' } },
    ...words.map((text) => {
      return { type: 'content_block_delta', index: 0, delta: { type: 'text_delta', text } }
    }),
    { type: 'content_block_stop', index: 0 },
    {
      type: 'message_delta',
      delta: { stop_reason: 'end_turn', stop_sequence: null },
      usage: { output_tokens: 2 },
    },
    { type: 'message_stop' },
  ].map((event) => eventText(named(event))),
  untilContent: 3,
  untilFinish: 6,
}

const gemini: StreamedAnswer = {
  events: words.map((text, index) => {
    const isLast = index === words.length - 1
    const content = { role: 'model', parts: [{ text }] }
    const candidate = { content, ...(isLast && { finishReason: 'STOP' }), index: 0 }
    const usageMetadata = { promptTokenCount: 3, candidatesTokenCount: 2, totalTokenCount: 5 }
    const chunk = { candidates: [candidate], usageMetadata, modelVersion: model }
    return `data: ${JSON.stringify({ ...chunk, responseId: 'test' })}\r\n\r\n`
  }),
  untilContent: 1,
  untilFinish: 2,
}

/** The answer in each dialect. */
export const streamedAnswers: Readonly<Record<DialectName, StreamedAnswer>> = {
  ...{ chat, completions, responses, messages, gemini },
}
