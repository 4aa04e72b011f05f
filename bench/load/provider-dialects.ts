/** The answer of the benches in the dialects that no client speaks. */
import { EventStreamCodec } from '@smithy/eventstream-codec'
import { bedrockConverse } from '../../src/protocol/bedrock-converse.ts'
import { cohereChat } from '../../src/protocol/cohere-chat.ts'
import { ollamaChat } from '../../src/protocol/ollama-chat.ts'
import type { Protocol } from '../../src/protocol/protocol.ts'

/** One such dialect. */
export interface ProviderDialect {
  readonly protocol: Protocol
  /** A stream of that many events in all, each as it stands on the wire. */
  chunks(events: number): readonly Uint8Array[]
}

const encoder = new TextEncoder()
const codec = new EventStreamCodec(
  (bytes) => new TextDecoder().decode(bytes as Uint8Array),
  (text) => encoder.encode(text),
)

const turns = (count: number): string[] =>
  Array.from({ length: count }, (_, turn) => ` word${turn}`)

type Named = readonly [name: string, value: object]

function awsMessage([name, value]: Named): Uint8Array {
  const text = (said: string) => ({ type: 'string' as const, value: said })
  const headers = {
    ':event-type': text(name),
    ':content-type': text('application/json'),
    ':message-type': text('event'),
  }
  return codec.encode({ headers, body: encoder.encode(JSON.stringify(value)) })
}

const converse = (count: number): Uint8Array[] => {
  const contentBlockIndex = 0
  const deltas = turns(count - 4).map(
    (text): Named => ['contentBlockDelta', { contentBlockIndex, delta: { text }, p: 'abcdefgh' }],
  )
  const usage = { inputTokens: 7, outputTokens: count, totalTokens: 7 + count }
  const events: Named[] = [
    ['messageStart', { role: 'assistant' }],
    ...deltas,
    ['contentBlockStop', { contentBlockIndex }],
    ['messageStop', { stopReason: 'end_turn' }],
    ['metadata', { usage, metrics: { latencyMs: 900 } }],
  ]
  return events.map(awsMessage)
}

const cohere = (count: number): Uint8Array[] => {
  const index = 0
  const content = (value: object) => ({ delta: { message: { content: value } } })
  const tokens = { input_tokens: 7, output_tokens: count }
  const message = { role: 'assistant', content: [], tool_plan: '', tool_calls: [], citations: [] }
  const events: Named[] = [
    ['message-start', { id: 'bench-0123456789', delta: { message } }],
    ['content-start', { index, ...content({ type: 'text', text: '' }) }],
    ...turns(count - 4).map((text): Named => ['content-delta', { index, ...content({ text }) }]),
    ['content-end', { index }],
    ['message-end', { delta: { finish_reason: 'COMPLETE', usage: { tokens } } }],
  ]
  return events.map(([type, value]) =>
    encoder.encode(`event: ${type}\ndata: ${JSON.stringify({ type, ...value })}\n\n`),
  )
}

const ollama = (count: number): Uint8Array[] => {
  const line = (content: string, rest: object): Uint8Array => {
    const message = { role: 'assistant', content }
    const created_at = '2026-01-01T00:00:00.000000Z'
    return encoder.encode(`${JSON.stringify({ model: 'bench', created_at, message, ...rest })}\n`)
  }
  const last = { done: true, done_reason: 'stop', prompt_eval_count: 7, eval_count: count }
  return [...turns(count - 1).map((text) => line(text, { done: false })), line('', last)]
}

/** All of them. */
export const providerDialects: readonly ProviderDialect[] = [
  { protocol: bedrockConverse, chunks: converse },
  { protocol: cohereChat, chunks: cohere },
  { protocol: ollamaChat, chunks: ollama },
]
