/** What the `ai` package reads, with its providers for OpenAI, Anthropic and Google. */
import { createAnthropic } from '@ai-sdk/anthropic'
import { createGoogleGenerativeAI } from '@ai-sdk/google'
import { createOpenAI } from '@ai-sdk/openai'
import { type LanguageModel, streamText } from 'ai'
import type { Account, CallAccount, Finish } from './account.ts'
import type { Clients } from './stand.ts'

/** Which of its providers reads. */
export type VercelProvider = 'chat' | 'responses' | 'messages' | 'gemini'

const words: Readonly<Record<string, Finish>> = {
  stop: 'stop',
  other: 'stop',
  length: 'length',
  'tool-calls': 'tool-calls',
  'content-filter': 'content-filter',
}

/** The one answer that this package knows; a refusal is text to it. */
export async function readVercel(origin: Clients['origin'], provider: VercelProvider) {
  let failed = false
  const result = streamText({
    model: modelOf(origin, provider),
    prompt: 'Hi',
    maxRetries: 0,
    providerOptions: { openai: { store: false } },
    onError: () => {
      failed = true
    },
  })
  let [text, reasoning] = ['', '']
  const calls: CallAccount[] = []
  let finish: Finish | null = null
  let usage: Account['usage'] = null
  for await (const part of result.fullStream) {
    if (part.type === 'text-delta') text += part.text
    else if (part.type === 'reasoning-delta') reasoning += part.text
    else if (part.type === 'tool-call' && part.providerExecuted !== true) {
      calls.push({ id: part.toolCallId, name: part.toolName, input: part.input })
    } else if (part.type === 'finish') {
      finish = words[part.finishReason] ?? null
      const { inputTokens, outputTokens } = part.totalUsage
      usage = {
        input: inputTokens ?? null,
        output: outputTokens ?? null,
        ...{ cached: null, reasoning: null },
      }
    } else if (part.type === 'error') failed = true
  }
  return { text, reasoning, calls, finish, usage, failed }
}

function modelOf(origin: string, provider: VercelProvider): LanguageModel {
  const settings = { baseURL: `${origin}/v1`, apiKey: 'any' }
  switch (provider) {
    case 'chat':
      return createOpenAI(settings).chat('m')
    case 'responses':
      return createOpenAI(settings).responses('gpt-5')
    case 'messages':
      return createAnthropic(settings)('claude-sonnet-4-5')
    case 'gemini':
      return createGoogleGenerativeAI({ ...settings, baseURL: `${origin}/v1beta` })('gemini-3')
  }
}
