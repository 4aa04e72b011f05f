/** What OpenAI's SDK reads of a chat and of a completion, streamed or not. */
import { addWords, type WildCall, type WildDelta } from '../protocol/openai-chat/wild-delta.ts'
import {
  type Account,
  accountOf,
  type Draft,
  draftAt,
  emptyDraft,
  type Finish,
  type UsageAccount,
} from './account.ts'
import type { Clients } from './stand.ts'

const words: Readonly<Record<string, Finish>> = {
  length: 'length',
  model_length: 'length',
  tool_calls: 'tool-calls',
  function_call: 'tool-calls',
  content_filter: 'content-filter',
}

/** Reasons that say that the provider failed. */
const failures = new Set(['error', 'insufficient_system_resource'])

/** Usage with everything that providers of this dialect put into it. */
interface WildUsage {
  readonly prompt_tokens: number
  readonly completion_tokens: number
  readonly total_tokens?: number
  readonly prompt_cache_hit_tokens?: number
  readonly cached_tokens?: number
  readonly prompt_tokens_details?: { readonly cached_tokens?: number } | null
  readonly completion_tokens_details?: { readonly reasoning_tokens?: number } | null
  readonly reasoning_tokens?: number
}

/** A stream of chat completion chunks. */
export async function readChatStream({ openai, model }: Clients): Promise<Account> {
  const drafts = new Map<number, Draft>()
  let usage: WildUsage | null = null
  let failed = false
  try {
    const stream = await openai.chat.completions.create({
      model: model ?? 'm',
      messages: [{ role: 'user', content: 'Hi' }],
      stream: true,
      stream_options: { include_usage: true },
    })
    for await (const chunk of stream) {
      const corner = (chunk as { readonly x_groq?: { readonly usage?: WildUsage } }).x_groq
      usage = (chunk.usage as WildUsage | null | undefined) ?? corner?.usage ?? usage
      for (const choice of chunk.choices ?? []) {
        const draft = draftAt(drafts, choice.index)
        draft.word ??= choice.finish_reason ?? null
        if (failures.has(choice.finish_reason ?? '')) failed = true
        add(draft, (choice.delta ?? {}) as WildDelta)
      }
    }
  } catch {
    failed = true
  }
  return accountOf(drafts, words, countsOf(usage), failed)
}

/** A chat completion. */
export async function readChat({ openai }: Clients): Promise<Account> {
  const { choices, usage } = await openai.chat.completions.create({ model: 'm', messages: [] })
  const drafts = new Map<number, Draft>()
  for (const { index, message, finish_reason } of choices) {
    const draft = draftAt(drafts, index)
    draft.word = finish_reason
    const calls = (message.tool_calls as readonly WildCall[] | undefined) ?? []
    const numbered = calls.map((call, at) => ({ ...call, index: at }))
    add(draft, { ...(message as WildDelta), tool_calls: numbered })
  }
  return accountOf(drafts, words, countsOf(usage ?? null), false)
}

function countsOf(usage: WildUsage | null): UsageAccount | null {
  if (usage === null) return null
  const { prompt_tokens: input, completion_tokens: output, total_tokens: total } = usage
  const reasoning =
    usage.completion_tokens_details?.reasoning_tokens ?? usage.reasoning_tokens ?? null
  // xAI counts reasoning beside the completion; everybody else counts it inside.
  const beside = reasoning !== null && reasoning > 0 && total === input + output + reasoning
  const cached =
    usage.prompt_tokens_details?.cached_tokens ??
    usage.prompt_cache_hit_tokens ??
    usage.cached_tokens ??
    null
  return { input, output: beside ? output + reasoning : output, cached, reasoning }
}

function add(draft: Draft, delta: WildDelta): void {
  addWords(draft, delta)
  for (const call of delta.tool_calls ?? []) {
    const index = call.index ?? 0
    const known = draft.calls.get(index) ?? { id: null, name: '', text: '' }
    draft.calls.set(index, known)
    known.id ||= call.id ?? null
    known.name ||= call.function?.name ?? ''
    known.text += call.function?.arguments ?? ''
  }
}

/** A stream of legacy completions. */
export async function readCompletionStream({ openai }: Clients): Promise<Account> {
  const drafts = new Map<number, Draft>()
  let usage: WildUsage | null = null
  let failed = false
  try {
    const stream = await openai.completions.create({ model: 'm', prompt: 'x', stream: true })
    for await (const chunk of stream) {
      usage = chunk.usage ?? usage
      for (const choice of chunk.choices) {
        const draft = draftAt(drafts, choice.index)
        draft.word ??= choice.finish_reason ?? null
        draft.text += choice.text
      }
    }
  } catch {
    failed = true
  }
  return accountOf(drafts, words, countsOf(usage), failed)
}

/** A legacy completion. */
export async function readCompletion({ openai }: Clients): Promise<Account> {
  const { choices, usage } = await openai.completions.create({ model: 'm', prompt: 'x' })
  const drafts = new Map<number, Draft>()
  for (const { index, text, finish_reason } of choices) {
    drafts.set(index, { ...emptyDraft(), text, word: finish_reason })
  }
  return accountOf(drafts, words, countsOf(usage ?? null), false)
}
