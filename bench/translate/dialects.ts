/**
 * The dialects that clients speak, on both of their sides: the same answer as each one's own
 * server streams it, and how a client asks for it.
 */
import type { Protocol } from '../../src/protocol/protocol.ts'
import { protocols } from '../../src/protocol/registry.ts'
import { answerEvents } from '../load/streams.ts'
import { type Content, tool } from './content.ts'

/** What a provider streams. */
export interface Source {
  readonly protocol: Protocol
  /** What it can stream in deltas. */
  readonly contents: readonly Content[]
  /** The events of a stream with these deltas, as they stand on the wire. */
  events(content: Content, pieces: readonly string[]): readonly Uint8Array[]
}

/** One dialect on both of its sides. */
export interface ClientDialect extends Source {
  /** How a client asks for a stream. */
  request(model: string): { readonly path: string; readonly body: object }
}

const said = 'Say something.'
const messages = [{ role: 'user', content: said }]

/** One event of a dialect whose events have names. */
export type Named = { readonly type: string; readonly [key: string]: unknown }

const everything: readonly Content[] = ['text', 'arguments', 'reasoning']
const encoder = new TextEncoder()
/** UTF-8. */
export const encoded = (texts: readonly string[]): Uint8Array[] =>
  texts.map((text) => encoder.encode(text))
/** Server-sent events under their names. */
export const named = (events: readonly Named[]): Uint8Array[] =>
  encoded(events.map((event) => `event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`))

const chatDelta = (content: Content, said: string): object => {
  if (content === 'text') return { content: said }
  if (content === 'reasoning') return { reasoning_content: said }
  return { tool_calls: [{ index: 0, function: { arguments: said } }] }
}

const chat: ClientDialect = {
  protocol: protocols.chat,
  contents: everything,
  events(content, pieces) {
    if (content === 'text')
      return encoded(answerEvents(pieces.length, (turn) => pieces[turn] ?? ''))
    const envelope = {
      id: 'chatcmpl-bench',
      object: 'chat.completion.chunk',
      created: 1_760_000_000,
    }
    const chunk = (delta: object, finish: string | null = null): string => {
      const choices = [{ index: 0, delta, logprobs: null, finish_reason: finish }]
      return `data: ${JSON.stringify({ ...envelope, model: 'bench', choices, usage: null })}\n\n`
    }
    const call = { index: 0, id: tool.id, type: 'function' }
    const begun = { tool_calls: [{ ...call, function: { name: tool.name, arguments: '' } }] }
    return encoded([
      chunk({ role: 'assistant', content: null, ...(content === 'arguments' && begun) }),
      ...pieces.map((piece) => chunk(chatDelta(content, piece))),
      chunk({}, content === 'arguments' ? 'tool_calls' : 'stop'),
      'data: [DONE]\n\n',
    ])
  },
  request: (model) => ({ path: '/v1/chat/completions', body: { model, messages, stream: true } }),
}

const anthropicBlocks = {
  text: { type: 'text', text: '' },
  arguments: { type: 'tool_use', id: 'toolu_bench', name: tool.name, input: {} },
  reasoning: { type: 'thinking', thinking: '', signature: '' },
} as const

const anthropicDelta = (content: Content, said: string): object => {
  if (content === 'text') return { type: 'text_delta', text: said }
  if (content === 'reasoning') return { type: 'thinking_delta', thinking: said }
  return { type: 'input_json_delta', partial_json: said }
}

/** The events of a message, before they are framed; Bedrock has a frame of its own for them. */
export function messageEvents(content: Content, pieces: readonly string[]): readonly Named[] {
  const index = 0
  const delta = (value: object): Named => ({ type: 'content_block_delta', index, delta: value })
  const message = {
    ...{ model: 'claude-bench', id: 'msg_bench0123456789', type: 'message', role: 'assistant' },
    ...{ content: [], stop_reason: null, stop_sequence: null },
    usage: { input_tokens: 7, output_tokens: 1 },
  }
  const reason = content === 'arguments' ? 'tool_use' : 'end_turn'
  return [
    { type: 'message_start', message },
    { type: 'content_block_start', index, content_block: anthropicBlocks[content] },
    ...pieces.map((piece) => delta(anthropicDelta(content, piece))),
    ...(content === 'reasoning' ? [delta({ type: 'signature_delta', signature: 'c2ln' })] : []),
    { type: 'content_block_stop', index },
    {
      type: 'message_delta',
      delta: { stop_reason: reason, stop_sequence: null },
      usage: { input_tokens: 7, output_tokens: pieces.length },
    },
    { type: 'message_stop' },
  ]
}

const anthropic: ClientDialect = {
  protocol: protocols.messages,
  contents: everything,
  events: (content, pieces) => named(messageEvents(content, pieces)),
  request: (model) => ({
    path: '/v1/messages',
    body: { model, max_tokens: 1000, messages, stream: true },
  }),
}

const gemini: ClientDialect = {
  protocol: protocols.gemini,
  // Calls come whole there.
  contents: ['text', 'reasoning'],
  events(content, pieces) {
    const rest = { modelVersion: 'gemini-bench', responseId: 'bench0123456789' }
    const chunk = (text: string, turn: number): string => {
      const part = { text, ...(content === 'reasoning' && { thought: true }) }
      const usage = { promptTokenCount: 7, candidatesTokenCount: turn, totalTokenCount: 7 + turn }
      const isLast = turn === pieces.length - 1
      const finish = isLast && { finishReason: 'STOP' }
      const candidate = { content: { parts: [part], role: 'model' }, ...finish, index: 0 }
      const value = { candidates: [candidate], usageMetadata: usage, ...rest }
      return `data: ${JSON.stringify(value)}\r\n\r\n`
    }
    return encoded(pieces.map(chunk))
  },
  request: (model) => ({
    path: `/v1beta/models/${model}:streamGenerateContent?alt=sse`,
    body: { contents: [{ role: 'user', parts: [{ text: said }] }] },
  }),
}

/** One item of a response: as it begins, as it ends, and the events between the two. */
interface Item {
  readonly opened: object
  readonly closed: object
  readonly events: readonly Named[]
}

/** What begins, goes on and ends in an item; `place` says where. */
function responsesItem(content: Content, pieces: readonly string[]): Item {
  const whole = pieces.join('')
  const place = { item_id: 'item_bench', output_index: 0 }
  const deltas = (type: string, at: object): readonly Named[] =>
    pieces.map((delta) => ({ type, ...at, delta }))
  if (content === 'arguments') {
    const head = { id: place.item_id, type: 'function_call', call_id: tool.id, name: tool.name }
    const done = { type: 'response.function_call_arguments.done', ...place, arguments: whole }
    return {
      opened: { ...head, status: 'in_progress', arguments: '' },
      closed: { ...head, status: 'completed', arguments: whole },
      events: [...deltas('response.function_call_arguments.delta', place), done],
    }
  }
  if (content === 'reasoning') {
    const head = { id: place.item_id, type: 'reasoning' }
    const at = { ...place, summary_index: 0 }
    const part = { type: 'summary_text', text: whole }
    return {
      opened: { ...head, summary: [] },
      closed: { ...head, summary: [part] },
      events: [
        { type: 'response.reasoning_summary_part.added', ...at, part: { ...part, text: '' } },
        ...deltas('response.reasoning_summary_text.delta', at),
        { type: 'response.reasoning_summary_text.done', ...at, text: whole },
        { type: 'response.reasoning_summary_part.done', ...at, part },
      ],
    }
  }
  const head = { id: place.item_id, type: 'message', role: 'assistant' }
  const at = { ...place, content_index: 0 }
  const part = { type: 'output_text', text: whole, annotations: [] }
  return {
    opened: { ...head, status: 'in_progress', content: [] },
    closed: { ...head, status: 'completed', content: [part] },
    events: [
      { type: 'response.content_part.added', ...at, part: { ...part, text: '' } },
      ...deltas('response.output_text.delta', { ...at, logprobs: [] }),
      { type: 'response.output_text.done', ...at, text: whole, logprobs: [] },
      { type: 'response.content_part.done', ...at, part },
    ],
  }
}

const responses: ClientDialect = {
  protocol: protocols.responses,
  contents: everything,
  events(content, pieces) {
    const { opened, closed, events } = responsesItem(content, pieces)
    const response = {
      ...{ id: 'resp_bench', object: 'response', created_at: 1_760_000_000, model: 'gpt-bench' },
      ...{ status: 'in_progress', error: null, incomplete_details: null, output: [], usage: null },
    }
    const count = pieces.length
    const usage = { input_tokens: 7, output_tokens: count, total_tokens: 7 + count }
    const all: readonly Named[] = [
      { type: 'response.created', response },
      { type: 'response.in_progress', response },
      { type: 'response.output_item.added', output_index: 0, item: opened },
      ...events,
      { type: 'response.output_item.done', output_index: 0, item: closed },
      {
        type: 'response.completed',
        response: { ...response, status: 'completed', output: [closed], usage },
      },
    ]
    return named(all.map((event, index) => ({ ...event, sequence_number: index })))
  },
  request: (model) => ({ path: '/v1/responses', body: { model, input: said, stream: true } }),
}

/** The dialects that a client can speak. */
export const clientDialects = { chat, responses, anthropic, gemini } as const
