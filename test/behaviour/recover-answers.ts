/** Streamed answers of any text in each dialect, and what a provider reads of a prefill. */
import { type EventToSend, eventText } from '../kit/answers.ts'
import type { DialectName } from '../kit/dialect-answers.ts'

/** An answer to make. */
export interface AnswerToMake {
  readonly dialect: DialectName
  /** Goes into its ids, so that two answers are told apart. */
  readonly id: string
  readonly words: readonly string[]
  /** Events that stand before the text, such as a tool's call. */
  readonly before?: readonly string[]
}

interface Typed {
  readonly type: string
  readonly [field: string]: unknown
}

const named = (event: Typed): EventToSend => ({ event: event.type, data: JSON.stringify(event) })

/** The events of a whole stream, each as its bytes; the text is the words in order. */
export function answerEvents({ dialect, id, words, before = [] }: AnswerToMake): string[] {
  const [head, ...rest] = makers[dialect](id, words)
  return head === undefined ? [] : [head, ...before, ...rest]
}

const makers: Readonly<Record<DialectName, (id: string, words: readonly string[]) => string[]>> = {
  chat: chatAnswer,
  completions: (id, words) => {
    const chunk = (text: string, finish: string | null): string =>
      JSON.stringify({
        ...{ id: `cmpl-${id}`, object: 'text_completion', created: 1, model: `model-${id}` },
        choices: [{ index: 0, text, logprobs: null, finish_reason: finish }],
      })
    return [...words.map((text) => chunk(text, null)), chunk('', 'stop'), '[DONE]'].map(eventText)
  },
  responses: (id, words) =>
    responseAnswer(id, words).map((event, index) =>
      eventText(named({ ...event, sequence_number: index })),
    ),
  messages: (id, words) => messagesAnswer(id, words).map((event) => eventText(named(event))),
  gemini: (id, words) =>
    words.map((text, index) => {
      const isLast = index === words.length - 1
      const candidate = {
        ...{ content: { role: 'model', parts: [{ text }] }, index: 0 },
        ...(isLast && { finishReason: 'STOP' }),
      }
      const usageMetadata = { promptTokenCount: 3, candidatesTokenCount: words.length }
      const chunk = { candidates: [candidate], modelVersion: `model-${id}`, responseId: id }
      return `data: ${JSON.stringify({ ...chunk, usageMetadata })}\r\n\r\n`
    }),
}

function chatAnswer(id: string, words: readonly string[]): string[] {
  const chunk = (delta: object, finish: string | null): string =>
    JSON.stringify({
      ...{ id: `chatcmpl-${id}`, object: 'chat.completion.chunk', created: 1 },
      ...{ model: `model-${id}`, choices: [{ index: 0, delta, finish_reason: finish }] },
    })
  const usage = { prompt_tokens: 3, completion_tokens: words.length, total_tokens: 0 }
  const counts = { id: `chatcmpl-${id}`, object: 'chat.completion.chunk', choices: [], usage }
  return [
    chunk({ role: 'assistant', content: '' }, null),
    ...words.map((content) => chunk({ content }, null)),
    chunk({}, 'stop'),
    JSON.stringify({ ...counts, created: 1, model: `model-${id}` }),
    '[DONE]',
  ].map(eventText)
}

function responseAnswer(id: string, words: readonly string[]): Typed[] {
  const part = (text: string): object => ({ type: 'output_text', text, annotations: [] })
  const item = (status: string, content: readonly object[]): object => {
    return { type: 'message', id: `msg_${id}`, status, role: 'assistant', content }
  }
  const response = (status: string, output: readonly object[], usage: object | null): object => ({
    ...{ id: `resp_${id}`, object: 'response', created_at: 1, model: `model-${id}`, status },
    ...{ output, usage, error: null, incomplete_details: null, metadata: {}, tools: [] },
  })
  const at = { item_id: `msg_${id}`, output_index: 0, content_index: 0 }
  const text = words.join('')
  const done = item('completed', [part(text)])
  const usage = { input_tokens: 3, output_tokens: words.length, total_tokens: 0 }
  return [
    { type: 'response.created', response: response('in_progress', [], null) },
    { type: 'response.in_progress', response: response('in_progress', [], null) },
    { type: 'response.output_item.added', output_index: 0, item: item('in_progress', []) },
    { type: 'response.content_part.added', ...at, part: part('') },
    ...words.map((delta) => ({ type: 'response.output_text.delta', ...at, delta, logprobs: [] })),
    { type: 'response.output_text.done', ...at, text, logprobs: [] },
    { type: 'response.content_part.done', ...at, part: part(text) },
    { type: 'response.output_item.done', output_index: 0, item: done },
    { type: 'response.completed', response: response('completed', [done], usage) },
  ]
}

function messagesAnswer(id: string, words: readonly string[]): Typed[] {
  return [
    {
      type: 'message_start',
      message: {
        ...{ id: `msg_${id}`, type: 'message', role: 'assistant', model: `model-${id}` },
        ...{ content: [], stop_reason: null, stop_sequence: null },
        usage: { input_tokens: 3, output_tokens: 1 },
      },
    },
    { type: 'content_block_start', index: 0, content_block: { type: 'text', text: '' } },
    { type: 'ping' },
    ...words.map((text) => {
      return { type: 'content_block_delta', index: 0, delta: { type: 'text_delta', text } }
    }),
    { type: 'content_block_stop', index: 0 },
    {
      type: 'message_delta',
      delta: { stop_reason: 'end_turn', stop_sequence: null },
      usage: { output_tokens: words.length },
    },
    { type: 'message_stop' },
  ]
}

/** An error event that is not the caller's fault, as each provider sends it. */
export function errorEventOf(dialect: DialectName): string {
  const message = 'The engine stopped.'
  switch (dialect) {
    case 'chat':
    case 'completions':
      return eventText(JSON.stringify({ error: { message, type: 'server_error', code: null } }))
    case 'responses':
      return eventText(named({ type: 'error', code: 'server_error', message, sequence_number: 99 }))
    case 'messages':
      return eventText(named({ type: 'error', error: { type: 'overloaded_error', message } }))
    case 'gemini': {
      const error = { code: 503, message, status: 'UNAVAILABLE' }
      return `data: ${JSON.stringify({ error })}\r\n\r\n`
    }
  }
}

/** The dialect that a provider is asked in, by the path. */
export function dialectOfPath(path: string): DialectName {
  if (path.includes('/chat/completions')) return 'chat'
  if (path.includes('/completions')) return 'completions'
  if (path.includes('/responses')) return 'responses'
  return path.includes('/messages') ? 'messages' : 'gemini'
}

/** The text of the last turn where that is the assistant's, else null. */
export function prefillIn(dialect: DialectName, body: string): string | null {
  const parsed = JSON.parse(body)
  if (dialect === 'completions') return parsed.prompt === 'Hi' ? null : parsed.prompt.slice(2)
  const last = (parsed.messages ?? parsed.contents ?? parsed.input).at(-1)
  if (typeof last !== 'object' || !['assistant', 'model'].includes(last.role)) return null
  const content = last.content ?? last.parts
  if (typeof content === 'string') return content
  return content.map(({ text }: { text: string }) => text).join('')
}
