/** Whole streams as they look on the wire, for the documentation. */

/** Events as lines, each event closed by an empty one. */
const wire = (...events: readonly string[]): string =>
  events.map((event) => `${event}\n\n`).join('')

const data = (value: object): string => `data: ${JSON.stringify(value)}`

const named = (type: string, rest: object): string => `event: ${type}\n${data({ type, ...rest })}`

const chunk = (delta: object, finishReason: string | null) =>
  data({
    id: 'chatcmpl-demo-1',
    object: 'chat.completion.chunk',
    created: 1_780_000_000,
    model: 'demo/stream',
    choices: [{ index: 0, delta, finish_reason: finishReason }],
  })

const text = (value: string, finishReason: string | null) =>
  data({
    id: 'cmpl-demo-1',
    object: 'text_completion',
    created: 1_780_000_000,
    model: 'demo/stream',
    choices: [{ index: 0, text: value, finish_reason: finishReason }],
  })

const response = (status: string) => ({ id: 'resp_demo_1', object: 'response', status })

/** One stream for each endpoint that can stream. */
export const streamExamples = {
  chat: wire(
    chunk({ role: 'assistant', content: '' }, null),
    chunk({ content: 'Hello' }, null),
    chunk({}, 'stop'),
    'data: [DONE]',
  ),
  completions: wire(text('Hello', null), text('', 'stop'), 'data: [DONE]'),
  responses: wire(
    named('response.created', { response: response('in_progress') }),
    named('response.output_text.delta', { item_id: 'msg_1', delta: 'Hello' }),
    named('response.completed', { response: response('completed') }),
  ),
  messages: wire(
    named('message_start', { message: { id: 'msg_1', role: 'assistant', content: [] } }),
    named('content_block_start', { index: 0, content_block: { type: 'text', text: '' } }),
    named('content_block_delta', { index: 0, delta: { type: 'text_delta', text: 'Hello' } }),
    named('content_block_stop', { index: 0 }),
    named('message_delta', { delta: { stop_reason: 'end_turn' }, usage: { output_tokens: 1 } }),
    named('message_stop', {}),
  ),
  gemini: wire(
    data({ candidates: [{ content: { role: 'model', parts: [{ text: 'Hello' }] } }] }),
    data({ candidates: [{ content: { role: 'model', parts: [] }, finishReason: 'STOP' }] }),
  ),
} as const
