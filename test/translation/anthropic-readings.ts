/** What Anthropic's SDK reads of a message, streamed or not. */
import type Anthropic from '@anthropic-ai/sdk'
import { type Account, accountOf, emptyDraft, type Finish, sum } from './account.ts'
import type { Clients } from './stand.ts'

const words: Readonly<Record<string, Finish>> = {
  stop_sequence: 'stop-sequence',
  max_tokens: 'length',
  model_context_window_exceeded: 'length',
  tool_use: 'tool-calls',
  pause_turn: 'pause',
  compaction: 'pause',
  refusal: 'content-filter',
}

const params: Anthropic.MessageCreateParamsNonStreaming = {
  model: 'claude',
  max_tokens: 10,
  messages: [{ role: 'user', content: 'Hi' }],
}

/** A stream, put together by the SDK. */
export async function readMessageStream({ anthropic, model }: Clients): Promise<Account> {
  const stream = anthropic.messages.stream({ ...params, model: model ?? params.model })
  try {
    return accountOfMessage(await stream.finalMessage(), false)
  } catch {
    const soFar = stream.currentMessage
    if (soFar === undefined) return { choices: [], usage: null, failed: true }
    return accountOfMessage(soFar, true)
  }
}

/** A message. */
export async function readMessage({ anthropic }: Clients): Promise<Account> {
  return accountOfMessage(await anthropic.messages.create(params), false)
}

function accountOfMessage(message: Anthropic.Message, failed: boolean): Account {
  const draft = emptyDraft()
  for (const [index, block] of message.content.entries()) {
    if (block.type === 'text') draft.text += block.text
    else if (block.type === 'thinking') draft.reasoning += block.thinking
    else if (block.type === 'tool_use') {
      const text = typeof block.input === 'string' ? block.input : JSON.stringify(block.input)
      draft.calls.set(index, { id: block.id, name: block.name, text })
    }
  }
  draft.word = message.stop_reason
  const { usage } = message
  const details = usage as { output_tokens_details?: { thinking_tokens?: number } | null }
  const counts = {
    input: sum(
      usage.input_tokens,
      usage.cache_creation_input_tokens,
      usage.cache_read_input_tokens,
    ),
    output: usage.output_tokens,
    cached: usage.cache_read_input_tokens ?? null,
    reasoning: details.output_tokens_details?.thinking_tokens ?? null,
  }
  return accountOf(new Map([[0, draft]]), words, counts, failed)
}
