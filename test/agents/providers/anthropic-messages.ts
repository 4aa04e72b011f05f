/** Anthropic. */
import { expect } from 'bun:test'
import type { z } from 'zod'
import { emptyAssistant, expectOrder, type Seen, type SeenTurn } from '../conversation.ts'
import { ANSWER, CALLS, LAST_ANSWER, PREAMBLE, THINKING } from '../scenario.ts'
import { anthropicMessagesRequest } from '../schemas/anthropic-messages.ts'
import {
  expectThinkingFirst,
  joinedText,
  type ScriptedProvider,
  type Step,
  sseBytes,
} from './provider.ts'

const callIds = ['toolu_01Aa-_', 'toolu_01Bb'] as const
const signature = 'EqQBCgIYAhIM+anthropic/signature=='

type Event = Readonly<Record<string, unknown>> & { readonly type: string }

const block = (index: number, start: object, deltas: readonly object[]): readonly Event[] => [
  { type: 'content_block_start', index, content_block: start },
  ...(index === 0 ? [{ type: 'ping' }] : []),
  ...deltas.map((delta) => ({ type: 'content_block_delta', index, delta })),
  { type: 'content_block_stop', index },
]

const textBlock = (index: number, texts: readonly string[]): readonly Event[] =>
  block(
    index,
    { type: 'text', text: '' },
    texts.map((text) => ({ type: 'text_delta', text })),
  )

function blocksOf(step: Step): readonly Event[] {
  if (step === 'answer') return textBlock(0, ANSWER)
  if (step === 'last') return textBlock(0, LAST_ANSWER)
  const thinking = [
    ...THINKING.map((text) => ({ type: 'thinking_delta', thinking: text })),
    { type: 'signature_delta', signature },
  ]
  return [
    ...block(0, { type: 'thinking', thinking: '', signature: '' }, thinking),
    ...textBlock(1, PREAMBLE),
    ...CALLS.flatMap(({ name, fragments }, index) =>
      block(
        index + 2,
        { type: 'tool_use', id: callIds[index], name, input: {} },
        ['', ...fragments].map((text) => ({ type: 'input_json_delta', partial_json: text })),
      ),
    ),
  ]
}

/** The events of an answer. */
export function eventsOf(step: Step): readonly Event[] {
  const usage = { input_tokens: 90, cache_creation_input_tokens: 0, cache_read_input_tokens: 0 }
  const message = {
    ...{ id: `msg_01${step}`, type: 'message', role: 'assistant', model: 'claude-sonnet-4-5' },
    ...{ content: [], stop_reason: null, stop_sequence: null },
    usage: { ...usage, output_tokens: 1 },
  }
  const reason = step === 'calls' ? 'tool_use' : 'end_turn'
  return [
    { type: 'message_start', message },
    ...blocksOf(step),
    {
      type: 'message_delta',
      delta: { stop_reason: reason, stop_sequence: null },
      usage: { ...usage, output_tokens: 30 },
    },
    { type: 'message_stop' },
  ]
}

type Body = z.infer<typeof anthropicMessagesRequest>
type Message = Body['messages'][number]

function readUser({ content }: Extract<Message, { role: 'user' }>): readonly SeenTurn[] {
  const blocks = typeof content === 'string' ? [] : content
  const results = blocks
    .filter((each) => each.type === 'tool_result')
    .map((each) => ({
      id: each.tool_use_id,
      name: null,
      text: joinedText(each.content),
      isError: each.is_error ?? false,
    }))
  const others = blocks.filter((each) => each.type !== 'tool_result')
  expect(blocks.slice(0, results.length).every(({ type }) => type === 'tool_result')).toBe(true)
  const images = others.flatMap((each) =>
    each.type === 'image' && each.source.type === 'base64'
      ? [{ mediaType: each.source.media_type, base64: each.source.data }]
      : [],
  )
  const text = typeof content === 'string' ? content : joinedText(others)
  const answers: SeenTurn[] = results.length === 0 ? [] : [{ role: 'tool', results }]
  return text === '' && images.length === 0 ? answers : [...answers, { role: 'user', text, images }]
}

function readAssistant({ content }: Extract<Message, { role: 'assistant' }>): SeenTurn {
  const turn = emptyAssistant()
  for (const [index, each] of content.entries()) {
    if (each.type === 'thinking') {
      // A turn that thought begins with it, or the request is refused.
      expect(index).toBe(0)
      turn.thinking = { text: each.thinking, signature: each.signature }
    } else if (each.type === 'tool_use') {
      turn.calls.push({ id: each.id, name: each.name, arguments: each.input })
    } else if (each.type === 'text') turn.text += each.text
  }
  return turn
}

/**
 * The conversation in a body, wherever Claude runs. Turns must take turns here; neighbours would
 * be merged, and we do not rely on that.
 */
export function readMessages(body: Omit<Body, 'model' | 'stream'>): Seen {
  const seen = seenIn(body)
  expectOrder(seen)
  expectThinkingFirst(seen)
  return seen
}

function seenIn({
  system,
  messages,
  tools,
  thinking,
  output_config: output,
}: Omit<Body, 'model' | 'stream'>): Seen {
  for (const [index, { role }] of messages.entries()) {
    expect(role).toBe(index % 2 === 0 ? 'user' : 'assistant')
  }
  return {
    system: joinedText(system),
    tools: tools.map(({ name, description = '', input_schema: parameters }) => {
      return { name, description, parameters }
    }),
    thinks: thinking?.type === 'enabled' || output?.effort !== undefined,
    turns: messages.flatMap((message) =>
      message.role === 'user' ? readUser(message) : [readAssistant(message)],
    ),
  }
}

/** Anthropic's Messages. */
export const anthropicMessages: ScriptedProvider = {
  name: 'anthropic',
  kind: 'anthropic',
  dialect: 'anthropic-messages',
  model: 'claude-sonnet-4-5',
  environment: (url) => ({ ANTHROPIC_API_KEY: 'sk-ant', ANTHROPIC_BASE_URL: `${url}/v1` }),
  expectHead(request) {
    expect(request.path).toBe('/v1/messages')
    expect(request.header('x-api-key')).toBe('sk-ant')
    // The second is what the official client of today names.
    expect(['2023-06-01', '2026-10-21']).toContain(`${request.header('anthropic-version')}`)
  },
  schema: anthropicMessagesRequest,
  read: (body) => readMessages(body as Body),
  contentType: 'text/event-stream; charset=utf-8',
  answer: (step) => sseBytes(eventsOf(step).map((event) => [event.type, event])),
  callIds,
  signature,
  takesThinking: 'signed',
  thinksFromTheStart: true,
  hasPreamble: true,
  hearsFailure: true,
}
