/**
 * What an answer says, twice over and independently: out of hub events, and out of the chunks that
 * the official SDK read. The second knows every provider's names for the same thing, and nothing
 * of the code under test.
 */
import type OpenAI from 'openai'
import { collect } from '../../../src/protocol/hub/collect.ts'
import type { FinishReason, HubEvent } from '../../../src/protocol/hub/events.ts'
import { addWords, type WildDelta, type Words } from './wild-delta.ts'

/** One call of a tool. */
export interface CallAccount {
  readonly id: string
  readonly name: string
  readonly arguments: string
}

/** One answer of a request. */
export interface ChoiceAccount {
  readonly text: string
  readonly reasoning: string
  readonly refusal: string
  readonly calls: readonly CallAccount[]
  readonly finish: string | null
}

/** A whole answer. */
export interface Account {
  readonly model: string
  readonly choices: readonly ChoiceAccount[]
  readonly usage: { readonly input: number | null; readonly output: number | null } | null
  readonly failed: boolean
}

const words: Readonly<Record<FinishReason, string>> = {
  stop: 'stop',
  'stop-sequence': 'stop',
  length: 'length',
  'tool-calls': 'tool_calls',
  'content-filter': 'content_filter',
  pause: 'stop',
}

/** The account of hub events. */
export function accountOfEvents(events: readonly HubEvent[]): Account {
  const answer = collect(events)
  const { usage } = answer
  return {
    model: answer.model,
    choices: answer.choices.map(({ parts, finish }) => {
      const join = (type: string): string =>
        parts.map((part) => (part.type === type && 'text' in part ? part.text : '')).join('')
      return {
        text: join('text'),
        reasoning: join('reasoning'),
        refusal: join('refusal'),
        calls: parts.flatMap((part) =>
          part.type === 'tool-call'
            ? [{ id: part.id, name: part.name, arguments: part.arguments }]
            : [],
        ),
        finish: finish === null ? null : words[finish.reason],
      }
    }),
    usage: usage === null ? null : { input: usage.inputTokens, output: usage.outputTokens },
    failed: answer.error !== null,
  }
}

interface Drafted extends Words {
  finish: string | null
  readonly calls: { index: number; id: string; name: string; arguments: string }[]
}

/** Reads a stream with the official SDK to its end. */
export async function accountOfSdk(client: OpenAI): Promise<Account> {
  const drafts = new Map<number, Drafted>()
  let model = ''
  let usage: WildUsage | null = null
  let failed = false
  try {
    const stream = await client.chat.completions.create({ model: 'm', messages: [], stream: true })
    for await (const chunk of stream) {
      model ||= chunk.model
      const corner = (chunk as { readonly x_groq?: { readonly usage?: WildUsage } }).x_groq
      usage = (chunk.usage as WildUsage | null | undefined) ?? corner?.usage ?? usage
      for (const choice of chunk.choices ?? []) add(drafts, choice)
    }
  } catch {
    failed = true
  }
  const choices = [...drafts].sort(([left], [right]) => left - right).map(([, each]) => done(each))
  return { model, choices, usage: usage === null ? null : countsOf(usage), failed }
}

interface WildUsage {
  readonly prompt_tokens: number
  readonly completion_tokens: number
  readonly total_tokens: number
  readonly completion_tokens_details?: { readonly reasoning_tokens?: number } | null
}

function countsOf(usage: WildUsage): { input: number; output: number } {
  const { prompt_tokens: input, completion_tokens: output, total_tokens: total } = usage
  const reasoning = usage.completion_tokens_details?.reasoning_tokens ?? 0
  // xAI counts reasoning beside the completion; the reference wants it inside.
  const beside = reasoning > 0 && total === input + output + reasoning
  return { input, output: beside ? output + reasoning : output }
}

function add(drafts: Map<number, Drafted>, choice: OpenAI.ChatCompletionChunk.Choice): void {
  const draft = drafts.get(choice.index) ?? {
    ...{ text: '', reasoning: '', refusal: '', finish: null, calls: [] },
  }
  drafts.set(choice.index, draft)
  draft.finish ??= choice.finish_reason ?? null
  const delta = (choice.delta ?? {}) as WildDelta
  addWords(draft, delta)
  for (const call of delta.tool_calls ?? []) {
    let known = draft.calls.find(({ index }) => index === call.index)
    if (known === undefined) {
      known = { index: call.index ?? 0, id: '', name: '', arguments: '' }
      draft.calls.push(known)
    }
    known.id ||= call.id ?? ''
    known.name ||= call.function?.name ?? ''
    known.arguments += call.function?.arguments ?? ''
  }
}

function done({ calls, finish, ...rest }: Drafted): ChoiceAccount {
  const called = calls.map(({ index: _index, ...call }) => ({
    ...call,
    arguments: call.arguments || '{}',
  }))
  return { ...rest, calls: called, finish }
}
