/** The answer of the benches in the dialects that no client speaks. */
import { EventStreamCodec } from '@smithy/eventstream-codec'
import { protocols } from '../../src/protocol/registry.ts'
import { type Content, tool } from './content.ts'
import { encoded, messageEvents, type Named, named, type Source } from './dialects.ts'

const encoder = new TextEncoder()
const codec = new EventStreamCodec(
  (bytes) => new TextDecoder().decode(bytes as Uint8Array),
  (text) => encoder.encode(text),
)

function awsMessage(name: string, value: object): Uint8Array {
  const text = (said: string) => ({ type: 'string' as const, value: said })
  const headers = {
    ':event-type': text(name),
    ':content-type': text('application/json'),
    ':message-type': text('event'),
  }
  return codec.encode({ headers, body: encoder.encode(JSON.stringify(value)) })
}

const converseDelta = (content: Content, said: string): object => {
  if (content === 'text') return { text: said }
  if (content === 'reasoning') return { reasoningContent: { text: said } }
  return { toolUse: { input: said } }
}

const converse: Source = {
  protocol: protocols.converse,
  contents: ['text', 'arguments', 'reasoning'],
  events(content, pieces) {
    const contentBlockIndex = 0
    const isCall = content === 'arguments'
    const start = { toolUse: { toolUseId: 'tooluse_bench', name: tool.name } }
    const count = pieces.length
    const usage = { inputTokens: 7, outputTokens: count, totalTokens: 7 + count }
    return [
      awsMessage('messageStart', { role: 'assistant' }),
      ...(isCall ? [awsMessage('contentBlockStart', { contentBlockIndex, start })] : []),
      ...pieces.map((piece) => {
        const delta = converseDelta(content, piece)
        return awsMessage('contentBlockDelta', { contentBlockIndex, delta, p: 'abcdefgh' })
      }),
      awsMessage('contentBlockStop', { contentBlockIndex }),
      awsMessage('messageStop', { stopReason: isCall ? 'tool_use' : 'end_turn' }),
      awsMessage('metadata', { usage, metrics: { latencyMs: 900 } }),
    ]
  },
}

const invoke: Source = {
  protocol: protocols.invoke,
  contents: ['text', 'arguments', 'reasoning'],
  events: (content, pieces) =>
    messageEvents(content, pieces).map((event) => {
      const bytes = Buffer.from(JSON.stringify(event)).toString('base64')
      return awsMessage('chunk', { bytes, p: 'abcdefgh' })
    }),
}

/** A tool's call has events of its own; text and thinking are both content. */
function cohereBlock(content: Content, pieces: readonly string[]): readonly Named[] {
  const index = 0
  const inMessage = (type: string, message: object): Named => ({ type, index, delta: { message } })
  if (content === 'arguments') {
    const call = { id: tool.id, type: 'function', function: { name: tool.name, arguments: '' } }
    return [
      inMessage('tool-call-start', { tool_calls: call }),
      ...pieces.map((piece) =>
        inMessage('tool-call-delta', { tool_calls: { function: { arguments: piece } } }),
      ),
      { type: 'tool-call-end', index },
    ]
  }
  const key = content === 'text' ? 'text' : 'thinking'
  return [
    inMessage('content-start', { content: { type: key, [key]: '' } }),
    ...pieces.map((piece) => inMessage('content-delta', { content: { [key]: piece } })),
    { type: 'content-end', index },
  ]
}

const cohere: Source = {
  protocol: protocols.cohere,
  contents: ['text', 'arguments', 'reasoning'],
  events(content, pieces) {
    const tokens = { input_tokens: 7, output_tokens: pieces.length }
    const message = { role: 'assistant', content: [], tool_plan: '', tool_calls: [], citations: [] }
    const reason = content === 'arguments' ? 'TOOL_CALL' : 'COMPLETE'
    return named([
      { type: 'message-start', id: 'bench-0123456789', delta: { message } },
      ...cohereBlock(content, pieces),
      { type: 'message-end', delta: { finish_reason: reason, usage: { tokens } } },
    ])
  },
}

const ollama: Source = {
  protocol: protocols.ollama,
  // Calls come whole there.
  contents: ['text', 'reasoning'],
  events(content, pieces) {
    const line = (said: object, rest: object): string => {
      const message = { role: 'assistant', content: '', ...said }
      const created_at = '2026-01-01T00:00:00.000000Z'
      return `${JSON.stringify({ model: 'bench', created_at, message, ...rest })}\n`
    }
    const key = content === 'text' ? 'content' : 'thinking'
    const count = { prompt_eval_count: 7, eval_count: pieces.length }
    return encoded([
      ...pieces.map((piece) => line({ [key]: piece }, { done: false })),
      line({}, { done: true, done_reason: 'stop', ...count }),
    ])
  },
}

/** All of them. */
export const providerDialects = { converse, invoke, cohere, ollama } as const
