/**
 * The same answer in every dialect: an opening, pieces of text, a finish with usage, and whatever
 * each dialect's own server puts around them. What the benches of translation send and ask for.
 */
import type { Protocol } from '../../src/protocol/protocol.ts'
import { protocols } from '../../src/protocol/registry.ts'
import { answerEvents } from './streams.ts'

/** Where the program finds a dialect at a provider. */
export interface BenchPlace {
  readonly model: string
  /** What the provider is asked for, with its query. */
  readonly path: string
  environment(upstreamUrl: string): Readonly<Record<string, string>>
}

/** One dialect on both of its sides. */
export interface BenchDialect {
  readonly protocol: Protocol
  /** The events of a stream with `count` pieces of text, as they stand on the wire. */
  events(count: number, textOf: (turn: number) => string): readonly string[]
  /** How a client asks for a stream. */
  request(model: string): { readonly path: string; readonly body: object }
  /** Null where no provider speaks it to clients of other dialects. */
  readonly place: BenchPlace | null
}

const said = 'Say something.'
const messages = [{ role: 'user', content: said }]

type Event = { readonly type: string; readonly [key: string]: unknown }

const named = (events: readonly Event[]): string[] =>
  events.map((event) => `event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`)

const turns = <Item>(count: number, make: (turn: number) => Item): Item[] =>
  Array.from({ length: count }, (_, turn) => make(turn))

const chat: BenchDialect = {
  protocol: protocols.chat,
  events: answerEvents,
  request: (model) => ({ path: '/v1/chat/completions', body: { model, messages, stream: true } }),
  // A provider that has nothing else: of OpenAI a client of Responses is passed through.
  place: {
    model: 'moonshot/kimi-bench',
    path: '/v1/chat/completions',
    environment: (upstreamUrl) => ({
      MOONSHOT_API_KEY: 'sk-bench',
      MOONSHOT_BASE_URL: `${upstreamUrl}/v1`,
    }),
  },
}

const anthropic: BenchDialect = {
  protocol: protocols.messages,
  events: (count, textOf) => {
    const message = {
      ...{ model: 'claude-bench', id: 'msg_bench0123456789', type: 'message', role: 'assistant' },
      ...{ content: [], stop_reason: null, stop_sequence: null },
      usage: { input_tokens: 7, output_tokens: 1 },
    }
    return named([
      { type: 'message_start', message },
      { type: 'content_block_start', index: 0, content_block: { type: 'text', text: '' } },
      ...turns(count, (turn) => ({
        type: 'content_block_delta',
        index: 0,
        delta: { type: 'text_delta', text: textOf(turn) },
      })),
      { type: 'content_block_stop', index: 0 },
      {
        type: 'message_delta',
        delta: { stop_reason: 'end_turn', stop_sequence: null },
        usage: { input_tokens: 7, output_tokens: count },
      },
      { type: 'message_stop' },
    ])
  },
  request: (model) => ({
    path: '/v1/messages',
    body: { model, max_tokens: 1000, messages, stream: true },
  }),
  place: {
    model: 'anthropic/claude-bench',
    path: '/v1/messages',
    environment: (upstreamUrl) => ({
      ANTHROPIC_API_KEY: 'sk-bench',
      ANTHROPIC_BASE_URL: `${upstreamUrl}/v1`,
    }),
  },
}

const gemini: BenchDialect = {
  protocol: protocols.gemini,
  events: (count, textOf) => {
    const rest = { modelVersion: 'gemini-bench', responseId: 'bench0123456789' }
    const chunk = (turn: number, isLast: boolean): string => {
      const content = { parts: [{ text: textOf(turn) }], role: 'model' }
      const usage = { promptTokenCount: 7, candidatesTokenCount: turn, totalTokenCount: 7 + turn }
      const candidate = { content, ...(isLast && { finishReason: 'STOP' }), index: 0 }
      const value = { candidates: [candidate], usageMetadata: usage, ...rest }
      return `data: ${JSON.stringify(value)}\r\n\r\n`
    }
    return turns(count, (turn) => chunk(turn, turn === count - 1))
  },
  request: (model) => ({
    path: `/v1beta/models/${model}:streamGenerateContent?alt=sse`,
    body: { contents: [{ role: 'user', parts: [{ text: said }] }] },
  }),
  place: {
    model: 'gemini/gemini-bench',
    path: '/v1beta/models/gemini-bench:streamGenerateContent?alt=sse',
    environment: (upstreamUrl) => ({
      GEMINI_API_KEY: 'bench',
      GEMINI_BASE_URL: `${upstreamUrl}/v1beta`,
    }),
  },
}

const responses: BenchDialect = {
  protocol: protocols.responses,
  events: (count, textOf) => {
    const text = turns(count, textOf).join('')
    const item = { id: 'msg_bench', type: 'message', role: 'assistant' }
    const at = { item_id: item.id, output_index: 0, content_index: 0 }
    const part = { type: 'output_text', text, annotations: [] }
    const message = { ...item, status: 'completed', content: [part] }
    const response = {
      ...{ id: 'resp_bench', object: 'response', created_at: 1_760_000_000, model: 'gpt-bench' },
      ...{ status: 'in_progress', error: null, incomplete_details: null, output: [], usage: null },
    }
    const usage = { input_tokens: 7, output_tokens: count, total_tokens: 7 + count }
    const whole = { ...response, status: 'completed', output: [message], usage }
    const opened = { ...item, status: 'in_progress', content: [] }
    const events: Event[] = [
      { type: 'response.created', response },
      { type: 'response.in_progress', response },
      { type: 'response.output_item.added', output_index: 0, item: opened },
      { type: 'response.content_part.added', ...at, part: { ...part, text: '' } },
      ...turns(count, (turn) => ({
        ...{ type: 'response.output_text.delta', ...at },
        ...{ delta: textOf(turn), logprobs: [] },
      })),
      { type: 'response.output_text.done', ...at, text, logprobs: [] },
      { type: 'response.content_part.done', ...at, part },
      { type: 'response.output_item.done', output_index: 0, item: message },
      { type: 'response.completed', response: whole },
    ]
    return named(events.map((event, index) => ({ ...event, sequence_number: index })))
  },
  request: (model) => ({ path: '/v1/responses', body: { model, input: said, stream: true } }),
  place: null,
}

/** The dialects that a client can speak. */
export const benchDialects: readonly BenchDialect[] = [chat, responses, anthropic, gemini]

/** The events of a stream that has `events` of them in all. */
export function streamOf(dialect: BenchDialect, events: number): readonly string[] {
  const textOf = (turn: number): string => ` word${turn}`
  const around = dialect.events(1, textOf).length - 1
  return dialect.events(events - around, textOf)
}
