/** What the SDKs of AWS and Cohere read, whose dialects no client speaks. */
import {
  ConverseStreamCommand,
  InvokeModelWithResponseStreamCommand,
} from '@aws-sdk/client-bedrock-runtime'
import { CohereClientV2 } from 'cohere-ai'
import { sdkClient } from '../protocol/bedrock-converse/sdk-client.ts'
import { type Account, accountOf, emptyDraft, type Finish, sum } from './account.ts'
import type { Clients } from './stand.ts'

const words: Readonly<Record<string, Finish>> = {
  stop_sequence: 'stop-sequence',
  STOP_SEQUENCE: 'stop-sequence',
  max_tokens: 'length',
  MAX_TOKENS: 'length',
  tool_use: 'tool-calls',
  TOOL_CALL: 'tool-calls',
  content_filtered: 'content-filter',
  guardrail_intervened: 'content-filter',
}

/** AWS's SDK on `ConverseStream`. */
export async function readConverse({ origin }: Clients): Promise<Account> {
  const client = sdkClient(origin)
  const draft = emptyDraft()
  let usage: Account['usage'] = null
  try {
    const input = { modelId: 'some.model-v1:0', messages: [] }
    const { stream } = await client.send(new ConverseStreamCommand(input))
    for await (const { contentBlockStart, contentBlockDelta, ...event } of stream ?? []) {
      const call = contentBlockStart?.start?.toolUse
      if (call && (call.type ?? 'tool_use') === 'tool_use') {
        const { toolUseId: id = '', name = '' } = call
        draft.calls.set(contentBlockStart?.contentBlockIndex ?? 0, { id, name, text: '' })
      }
      const delta = contentBlockDelta?.delta
      draft.text += delta?.text ?? ''
      draft.reasoning += delta?.reasoningContent?.text ?? ''
      const known = draft.calls.get(contentBlockDelta?.contentBlockIndex ?? 0)
      if (known) known.text += delta?.toolUse?.input ?? ''
      draft.word = event.messageStop?.stopReason ?? draft.word
      const counts = event.metadata?.usage
      if (counts === undefined) continue
      usage = {
        input: sum(counts.inputTokens, counts.cacheReadInputTokens, counts.cacheWriteInputTokens),
        output: counts.outputTokens ?? null,
        cached: counts.cacheReadInputTokens ?? null,
        reasoning: null,
      }
    }
  } finally {
    client.destroy()
  }
  return accountOf(new Map([[0, draft]]), words, usage, false)
}

/** What is read here of a model's own chunk: Claude's language, and Nova's. */
interface Chunk {
  readonly index?: number
  readonly delta?: { text?: string; partial_json?: string; stop_reason?: string }
  readonly content_block?: { type: string; id?: string; name?: string }
  readonly message?: { usage: { input_tokens: number } }
  readonly usage?: { output_tokens: number }
  readonly contentBlockStart?: {
    contentBlockIndex: number
    start: { toolUse: { toolUseId: string; name: string } }
  }
  readonly contentBlockDelta?: {
    contentBlockIndex: number
    delta: { text?: string; toolUse?: { input: string } }
  }
  readonly messageStop?: { stopReason: string }
  readonly metadata?: {
    usage: { inputTokens: number; outputTokens: number; cacheReadInputTokenCount?: number }
  }
}

interface Counts {
  input: number | null
  output: number | null
  cached: number | null
}

/** AWS's SDK on `InvokeModelWithResponseStream`, and the test on what it unpacks. */
export async function readInvoke({ origin }: Clients): Promise<Account> {
  const client = sdkClient(origin)
  const draft = emptyDraft()
  const usage: Counts = { input: null, output: null, cached: null }
  try {
    const command = new InvokeModelWithResponseStreamCommand({ modelId: 'm', body: '{}' })
    const { body } = await client.send(command)
    for await (const event of body ?? []) {
      const chunk: Chunk = JSON.parse(new TextDecoder().decode(event.chunk?.bytes))
      const { contentBlockStart: begin, contentBlockDelta: piece, content_block: block } = chunk
      if (begin) {
        const { toolUseId: id, name } = begin.start.toolUse
        draft.calls.set(begin.contentBlockIndex, { id, name, text: '' })
      }
      if (block?.type === 'tool_use') {
        const { id = '', name = '' } = block
        draft.calls.set(chunk.index ?? 0, { id, name, text: '' })
      }
      draft.text += chunk.delta?.text ?? piece?.delta.text ?? ''
      const call = draft.calls.get(chunk.index ?? piece?.contentBlockIndex ?? -1)
      if (call) call.text += chunk.delta?.partial_json ?? piece?.delta.toolUse?.input ?? ''
      draft.word = chunk.delta?.stop_reason ?? chunk.messageStop?.stopReason ?? draft.word
      const counts = chunk.metadata?.usage
      usage.input = chunk.message?.usage.input_tokens ?? counts?.inputTokens ?? usage.input
      usage.cached = counts?.cacheReadInputTokenCount ?? usage.cached
      usage.output = chunk.usage?.output_tokens ?? counts?.outputTokens ?? usage.output
    }
  } finally {
    client.destroy()
  }
  const counts = { ...usage, reasoning: null }
  return accountOf(new Map([[0, draft]]), words, counts, false)
}

/** Cohere's SDK on a chat. */
export async function readCohere({ origin }: Clients): Promise<Account> {
  const client = new CohereClientV2({ token: 'any', environment: origin })
  const draft = emptyDraft()
  let usage: Account['usage'] = null
  for await (const event of await client.chatStream({ model: 'm', messages: [] })) {
    switch (event.type) {
      case 'content-start':
      case 'content-delta':
        draft.text += event.delta?.message?.content?.text ?? ''
        draft.reasoning += event.delta?.message?.content?.thinking ?? ''
        break
      case 'tool-plan-delta':
        draft.reasoning += event.delta?.message?.toolPlan ?? ''
        break
      case 'tool-call-start': {
        const call = event.delta?.message?.toolCalls
        const name = call?.function?.name ?? ''
        const text = call?.function?.arguments ?? ''
        draft.calls.set(event.index ?? 0, { id: call?.id ?? '', name, text })
        break
      }
      case 'tool-call-delta': {
        const call = draft.calls.get(event.index ?? 0)
        if (call) call.text += event.delta?.message?.toolCalls?.function?.arguments ?? ''
        break
      }
      case 'message-end': {
        draft.word = event.delta?.finishReason ?? null
        const { tokens, cachedTokens } = event.delta?.usage ?? {}
        usage = {
          input: tokens?.inputTokens ?? null,
          output: tokens?.outputTokens ?? null,
          cached: cachedTokens ?? null,
          reasoning:
            (tokens as { reasoning_tokens?: number } | undefined)?.reasoning_tokens ?? null,
        }
      }
    }
  }
  return accountOf(new Map([[0, draft]]), words, usage, false)
}
