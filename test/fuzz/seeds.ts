/**
 * What the fuzzer starts from: the streams of our own making in `test/fixtures`, and events at the
 * edges of every dialect, which are written down here.
 */
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { createDeframer } from '../../src/sse/deframe.ts'
import { ownFixture } from '../fixtures/read.ts'

/** One event before it is framed. */
export interface SeedFrame {
  readonly event: string | null
  readonly data: unknown
}

/** A whole stream of a dialect. */
export type SeedStream = readonly SeedFrame[]

const end: SeedFrame = { event: null, data: '[DONE]' }

function fixtures(prefix: string): SeedStream[] {
  const files = readdirSync(join(import.meta.dir, '..', 'fixtures')).sort()
  const own = files.filter((file) => file.startsWith(prefix) && file.endsWith('.sse'))
  return own.map((file) => {
    const deframer = createDeframer('sse', 1 << 20)
    const frames = [...deframer.push(ownFixture(file)), ...deframer.end()]
    return frames.map(({ event, data }) => ({ event, data: parsed(data) }))
  })
}

function parsed(data: string): unknown {
  try {
    return JSON.parse(data)
  } catch {
    return data
  }
}

const plain = (...data: readonly unknown[]): SeedStream =>
  data.map((each) => ({ event: null, data: each }))

const typed = (...data: readonly { readonly type: string; readonly [key: string]: unknown }[]) =>
  data.map((each) => ({ event: each.type, data: each }))

const delta = (value: object, rest: object = {}): object => ({
  ...{ id: 'c-1', object: 'chat.completion.chunk', created: 1_700_000_000, model: 'm' },
  choices: [{ index: 0, delta: value, finish_reason: null, ...rest }],
})

const chatEdges: SeedStream = [
  ...plain(
    delta({ role: 'assistant', reasoning_content: 'Let me ', content: null }),
    delta({ reasoning: 'see', reasoning_details: [{ type: 'reasoning.text', text: 'see' }] }),
    delta({
      reasoning_details: [{ type: 'reasoning.encrypted', data: 'AAAA', id: 'r', index: 0 }],
    }),
    delta({ reasoning_details: [{ type: 'reasoning.text', signature: 'c2ln', index: 1 }] }),
    delta({ content: [{ type: 'thinking', thinking: [{ type: 'text', text: 'x' }] }] }),
    delta({ content: 'Hi', annotations: [{ type: 'url_citation', url_citation: { url: 'u' } }] }),
    delta({ content: 'p' }, { logprobs: { content: [{ token: 'p', logprob: -0.1 }] } }),
    delta({ refusal: 'No.' }),
    delta({ tool_calls: [{ index: 0, id: '', function: { name: 'f', arguments: '' } }] }),
    delta({ tool_calls: [{ index: 1, id: 'b', function: { name: 'g', arguments: '{"a"' } }] }),
    delta({ tool_calls: [{ index: 0, function: { arguments: '{"x":1}' } }] }),
    delta({ tool_calls: [{ index: 1, function: { arguments: ':[]}' } }] }),
    delta({ tool_calls: [{ id: 'c', type: 'custom', custom: { name: 'h', input: 'z' } }] }),
    delta({ function_call: { name: 'old', arguments: '{}' } }),
    delta({ audio: { id: 'a', data: 'UklGRg==' }, images: [{ image_url: { url: 'data:,' } }] }),
    delta({}, { finish_reason: 'tool_calls', stop_reason: 7, usage: { prompt_tokens: 1 } }),
    { choices: [], usage: { prompt_tokens: 1, completion_tokens: 2, total_tokens: 3 } },
    { x_groq: { usage: { prompt_tokens: 1 }, error: 'late' } },
  ),
  end,
]

/** The arguments of functions that stand in for tools of free text, in pieces. */
const freeText = ['{"inp', 'ut": "a\\u00', 'e9\\n😀\\ud83d', '\\ude00 \\"b', '"', '}'] as const

const callOf = (call: object, index = 0): object => delta({ tool_calls: [{ index, ...call }] })

const chatFreeText: SeedStream = [
  ...plain(
    callOf({ id: 'k', type: 'function', function: { name: 'f', arguments: '' } }),
    callOf({ id: 'q', type: 'function', function: { name: 'g', arguments: '{}' } }, 1),
    ...freeText.map((piece) => callOf({ function: { arguments: piece } })),
    delta({}, { finish_reason: 'tool_calls' }),
  ),
  end,
]

const anthropicFreeText: SeedStream = typed(
  {
    type: 'message_start',
    message: { id: 'msg_2', type: 'message', role: 'assistant', model: 'm', content: [] },
  },
  {
    type: 'content_block_start',
    index: 0,
    content_block: { type: 'tool_use', id: 'toolu_2', name: 'f', input: {} },
  },
  ...freeText.map((piece) => ({
    type: 'content_block_delta',
    index: 0,
    delta: { type: 'input_json_delta', partial_json: piece },
  })),
  { type: 'content_block_stop', index: 0 },
  { type: 'message_delta', delta: { stop_reason: 'tool_use' }, usage: { output_tokens: 5 } },
  { type: 'message_stop' },
)

const anthropic: readonly SeedStream[] = [
  anthropicFreeText,
  typed(
    {
      type: 'message_start',
      message: {
        ...{ id: 'msg_1', type: 'message', role: 'assistant', model: 'm', content: [] },
        ...{ stop_reason: null, usage: { input_tokens: 3, cache_read_input_tokens: 1 } },
      },
    },
    { type: 'ping' },
    {
      type: 'content_block_start',
      index: 0,
      content_block: { type: 'thinking', thinking: '', signature: '' },
    },
    {
      type: 'content_block_delta',
      index: 0,
      delta: { type: 'thinking_delta', thinking: 'Hm' },
    },
    {
      type: 'content_block_delta',
      index: 0,
      delta: { type: 'signature_delta', signature: 'c2ln' },
    },
    { type: 'content_block_stop', index: 0 },
    {
      type: 'content_block_start',
      index: 1,
      content_block: { type: 'redacted_thinking', data: 'AA' },
    },
    { type: 'content_block_stop', index: 1 },
    { type: 'content_block_start', index: 2, content_block: { type: 'text', text: '' } },
    { type: 'content_block_delta', index: 2, delta: { type: 'text_delta', text: 'Hi 😀' } },
    {
      type: 'content_block_delta',
      index: 2,
      delta: {
        type: 'citations_delta',
        citation: { type: 'web_search_result_location', url: 'u', title: 't', cited_text: 'c' },
      },
    },
    { type: 'content_block_stop', index: 2 },
    {
      type: 'content_block_start',
      index: 3,
      content_block: { type: 'tool_use', id: 'toolu_1', name: 'f', input: {} },
    },
    {
      type: 'content_block_delta',
      index: 3,
      delta: { type: 'input_json_delta', partial_json: '{"a":' },
    },
    {
      type: 'content_block_delta',
      index: 3,
      delta: { type: 'input_json_delta', partial_json: '1}' },
    },
    { type: 'content_block_stop', index: 3 },
    {
      type: 'content_block_start',
      index: 4,
      content_block: { type: 'server_tool_use', id: 's', name: 'web_search', input: {} },
    },
    { type: 'content_block_stop', index: 4 },
    {
      type: 'message_delta',
      delta: { stop_reason: 'tool_use', stop_sequence: null },
      usage: { output_tokens: 5 },
    },
    { type: 'message_stop' },
  ),
  typed({ type: 'error', error: { type: 'overloaded_error', message: 'Overloaded' } }),
]

const candidate = (parts: readonly object[], rest: object = {}): object => ({
  candidates: [{ content: { parts, role: 'model' }, index: 0, ...rest }],
  ...{ modelVersion: 'gemini', responseId: 'r-1' },
})

const gemini: readonly SeedStream[] = [
  plain(
    candidate([{ text: 'Think', thought: true }]),
    candidate([{ text: '', thoughtSignature: 'c2ln' }]),
    candidate([{ text: 'Hi ' }, { text: 'you' }]),
    candidate([{ functionCall: { name: 'f', args: { a: 1 }, id: 'k' }, thoughtSignature: 's' }]),
    candidate([{ functionCall: { name: 'g', willContinue: true } }]),
    candidate([
      {
        functionCall: {
          partialArgs: [{ jsonPath: '$.a[0].b', stringValue: 'x', willContinue: true }],
          willContinue: true,
        },
      },
    ]),
    candidate([{ functionCall: { partialArgs: [{ jsonPath: '$.a[0].b', stringValue: 'y' }] } }]),
    candidate([{ executable_code: { language: 'PYTHON', code: '1' } }]),
    candidate([{ inlineData: { mimeType: 'image/png', data: 'AA==' } }], {
      groundingMetadata: {
        groundingChunks: [{ web: { uri: 'u', title: 't' } }],
        groundingSupports: [{ segment: { endIndex: 2, text: 'Hi' }, groundingChunkIndices: [0] }],
      },
    }),
    {
      ...candidate([{ text: '' }], { finishReason: 'STOP', avgLogprobs: -0.1 }),
      usageMetadata: { promptTokenCount: 1, candidatesTokenCount: 2, thoughtsTokenCount: 3 },
    },
  ),
  plain({ promptFeedback: { blockReason: 'SAFETY' }, usageMetadata: { promptTokenCount: 1 } }),
  plain(candidate([], { finishReason: 'MALFORMED_FUNCTION_CALL', finishMessage: 'Bad call' })),
  plain([{ error: { code: 429, message: 'Quota', status: 'RESOURCE_EXHAUSTED' } }]),
]

const responsesEdges: SeedStream = typed(
  { type: 'response.created', response: { id: 'resp', model: 'm', status: 'in_progress' } },
  {
    type: 'response.output_item.added',
    output_index: 0,
    item: { id: 'rs', type: 'reasoning', summary: [], encrypted_content: 'AA' },
  },
  {
    ...{ type: 'response.reasoning_summary_text.delta', item_id: 'rs', output_index: 0 },
    ...{ summary_index: 0, delta: 'Hm' },
  },
  {
    type: 'response.output_item.done',
    output_index: 0,
    item: { id: 'rs', type: 'reasoning', summary: [{ type: 'summary_text', text: 'Hm' }] },
  },
  {
    type: 'response.output_item.added',
    output_index: 1,
    item: { id: 'fc', type: 'function_call', call_id: 'k', name: 'f', arguments: '' },
  },
  { type: 'response.function_call_arguments.delta', output_index: 1, item_id: 'fc', delta: '{' },
  { type: 'response.function_call_arguments.done', output_index: 1, arguments: '{}' },
  {
    type: 'response.output_item.added',
    output_index: 2,
    item: { id: 'cc', type: 'custom_tool_call', call_id: 'q', name: 'g', input: '' },
  },
  { type: 'response.custom_tool_call_input.delta', output_index: 2, item_id: 'cc', delta: 'z' },
  {
    type: 'response.output_item.added',
    output_index: 3,
    item: { id: 'ws', type: 'web_search_call', status: 'in_progress' },
  },
  {
    ...{ type: 'response.output_text.annotation.added', output_index: 4, content_index: 0 },
    annotation: { type: 'url_citation', url: 'u', title: 't', start_index: 0, end_index: 1 },
  },
  { type: 'response.refusal.delta', output_index: 4, content_index: 0, delta: 'No' },
  {
    type: 'response.incomplete',
    response: { incomplete_details: { reason: 'max_output_tokens' }, usage: { input_tokens: 1 } },
  },
)

const converse: readonly SeedStream[] = [
  [
    { event: 'messageStart', data: { role: 'assistant' } },
    ...[
      { delta: { reasoningContent: { text: 'Hm' } }, contentBlockIndex: 0 },
      { delta: { reasoningContent: { signature: 'c2ln' } }, contentBlockIndex: 0 },
      { delta: { reasoningContent: { redactedContent: 'AA==' } }, contentBlockIndex: 1 },
      { delta: { text: 'Hi' }, contentBlockIndex: 2 },
      { delta: { citation: { title: 't', location: {} } }, contentBlockIndex: 2 },
    ].map((data) => ({ event: 'contentBlockDelta', data })),
    { event: 'contentBlockStop', data: { contentBlockIndex: 2 } },
    {
      event: 'contentBlockStart',
      data: { start: { toolUse: { toolUseId: 'k', name: 'f' } }, contentBlockIndex: 3 },
    },
    {
      event: 'contentBlockDelta',
      data: { delta: { toolUse: { input: '{"a":1}' } }, contentBlockIndex: 3 },
    },
    { event: 'contentBlockStop', data: { contentBlockIndex: 3 } },
    { event: 'messageStop', data: { stopReason: 'tool_use', additionalModelResponseFields: {} } },
    { event: 'metadata', data: { usage: { inputTokens: 1, outputTokens: 2, totalTokens: 3 } } },
  ],
  [{ event: 'exception:throttlingException', data: { message: 'Slow down' } }],
]

const inMessage = (message: object, rest: object = {}): object => ({ delta: { message }, ...rest })

const cohere: readonly SeedStream[] = [
  typed(
    { type: 'message-start', id: 'co', ...inMessage({ role: 'assistant', content: [] }) },
    { type: 'tool-plan-delta', ...inMessage({ tool_plan: 'I will' }) },
    {
      type: 'tool-call-start',
      index: 0,
      ...inMessage({ tool_calls: { id: 'k', type: 'function', function: { name: 'f' } } }),
    },
    {
      type: 'tool-call-delta',
      index: 0,
      ...inMessage({ tool_calls: { function: { arguments: '{"a":1}' } } }),
    },
    { type: 'tool-call-end', index: 0 },
    {
      type: 'content-start',
      index: 0,
      ...inMessage({ content: { type: 'thinking', thinking: '' } }),
    },
    { type: 'content-delta', index: 0, ...inMessage({ content: { thinking: 'Hm' } }) },
    { type: 'content-start', index: 1, ...inMessage({ content: { type: 'text', text: '' } }) },
    { type: 'content-delta', index: 1, ...inMessage({ content: { text: 'Hi' } }) },
    {
      type: 'citation-start',
      index: 0,
      ...inMessage({ citations: { start: 0, end: 2, text: 'Hi', sources: [{ id: 'd' }] } }),
    },
    { type: 'content-end', index: 1 },
    {
      type: 'message-end',
      delta: {
        finish_reason: 'TOOL_CALL',
        usage: { tokens: { input_tokens: 1, output_tokens: 2 }, billed_units: {} },
      },
    },
  ),
]

const ollama: readonly SeedStream[] = [
  plain(
    { model: 'm', created_at: '2026-01-01T00:00:00Z', message: { thinking: 'Hm' }, done: false },
    { model: 'm', message: { role: 'assistant', content: 'Hi' }, done: false },
    { message: { tool_calls: [{ function: { name: 'f', arguments: { a: 1 } } }] } },
    {
      ...{ model: 'm', message: { content: '' }, done: true, done_reason: 'stop' },
      ...{ prompt_eval_count: 1, eval_count: 2, total_duration: 9 },
    },
  ),
  plain({ error: 'model not found' }),
]

/** Streams by the name of their dialect. */
export const seedStreams: ReadonlyMap<string, readonly SeedStream[]> = new Map([
  ['openai-chat', [...fixtures('chat-'), chatEdges, chatFreeText]],
  ['openai-completions', fixtures('completions-')],
  ['openai-responses', [...fixtures('responses-'), responsesEdges]],
  ['anthropic-messages', anthropic],
  ['gemini', gemini],
  ['bedrock-converse', converse],
  // The messages of Anthropic; they are wrapped where they are framed.
  ['bedrock-invoke', [...anthropic, ...converse.slice(1)]],
  ['cohere-chat', cohere],
  ['ollama-chat', ollama],
])
