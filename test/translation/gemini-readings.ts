/** What Google's SDK reads of generated content, streamed or not. */
import type { FunctionCall, GenerateContentResponse } from '@google/genai'
import {
  type Account,
  accountOf,
  type Draft,
  draftAt,
  type Finish,
  sum,
  type UsageAccount,
} from './account.ts'
import type { Clients } from './stand.ts'

const filters = [
  ...['SAFETY', 'RECITATION', 'LANGUAGE', 'BLOCKLIST', 'PROHIBITED_CONTENT', 'SPII'],
  ...['IMAGE_SAFETY', 'IMAGE_PROHIBITED_CONTENT', 'IMAGE_RECITATION', 'MODEL_ARMOR'],
]

const words: Readonly<Record<string, Finish>> = {
  MAX_TOKENS: 'length',
  ...Object.fromEntries(filters.map((word) => [word, 'content-filter'] as const)),
}

const request = { model: 'gemini-3-flash', contents: 'hi' }

/** A stream, chunk by chunk as the SDK hands it over. */
export async function readContentStream({ google, model }: Clients): Promise<Account> {
  const reading = new Reading()
  try {
    const stream = await google.models.generateContentStream({
      ...request,
      model: model ?? request.model,
    })
    for await (const chunk of stream) reading.add(chunk)
  } catch {
    return reading.account(true)
  }
  return reading.account(false)
}

/** A whole answer. */
export async function readContent({ google }: Clients): Promise<Account> {
  const reading = new Reading()
  reading.add(await google.models.generateContent(request))
  return reading.account(false)
}

class Reading {
  readonly #drafts = new Map<number, Draft>()
  #usage: UsageAccount | null = null

  add(chunk: GenerateContentResponse): void {
    if (chunk.promptFeedback?.blockReason !== undefined) draftAt(this.#drafts, 0).word = 'SAFETY'
    for (const candidate of chunk.candidates ?? []) {
      const draft = draftAt(this.#drafts, candidate.index ?? 0)
      draft.word = candidate.finishReason ?? draft.word
      for (const { text = '', thought, functionCall } of candidate.content?.parts ?? []) {
        if (thought === true) draft.reasoning += text
        else draft.text += text
        if (functionCall !== undefined) addCall(draft, functionCall)
      }
    }
    const counts = chunk.usageMetadata
    const input = sum(counts?.promptTokenCount, counts?.toolUsePromptTokenCount)
    const output = sum(counts?.candidatesTokenCount, counts?.thoughtsTokenCount)
    if (input === null && output === null) return
    const cached = counts?.cachedContentTokenCount ?? null
    this.#usage = { input, output, cached, reasoning: counts?.thoughtsTokenCount ?? null }
  }

  account(failed: boolean): Account {
    return accountOf(this.#drafts, words, this.#usage, failed)
  }
}

/**
 * A call, or more of the arguments of the last one: the SDK hands over `partialArgs` as they came,
 * each at the path of a field, whose texts are joined.
 */
function addCall(draft: Draft, { id = '', name, args, partialArgs }: FunctionCall): void {
  if (name) draft.calls.set(draft.calls.size, { id, name, text: JSON.stringify(args ?? {}) })
  const last = [...draft.calls.values()].at(-1)
  if (last === undefined) return
  const known: Record<string, unknown> = JSON.parse(last.text)
  for (const { jsonPath = '', stringValue, numberValue, boolValue } of partialArgs ?? []) {
    const key = jsonPath.replace(/^\$\./, '')
    const before = known[key]
    known[key] =
      typeof before === 'string'
        ? before + (stringValue ?? '')
        : (stringValue ?? numberValue ?? boolValue ?? null)
  }
  last.text = JSON.stringify(known)
}
