/** The official SDKs as readers of one stream: what text they make of it, and what they raise. */

import { createOpenAI } from '@ai-sdk/openai'
import Anthropic from '@anthropic-ai/sdk'
import { streamText } from 'ai'
import OpenAI from 'openai'
import type { Spoken } from './choke-streams.ts'

/** What came of reading a stream. */
export interface Outcome {
  readonly text: string
  /** What was raised, in words; null where nothing was. */
  readonly raised: string | null
  /** Whether that is what the SDK raises for an error of the API, and not a crash of its own. */
  readonly isApiError: boolean
}

/** One SDK, and in what dialect the provider behind the program answers it. */
export interface SdkReader {
  readonly name: string
  readonly provider: Spoken
  /** Whether that is another dialect than the SDK's own. */
  readonly isTranslated: boolean
  /** Reads one stream through the program at `url`. */
  read(url: string): Promise<Outcome>
}

/** The models of the providers, by the dialect they speak. */
export const models: Readonly<Record<Spoken, string>> = {
  chat: 'openai/gpt-test',
  messages: 'anthropic/claude-test',
}

const settings = { apiKey: 'any', maxRetries: 0, timeout: 15_000 }
const messages = [{ role: 'user' as const, content: 'Hi' }]

async function outcomeOf(
  isApiError: (thrown: unknown) => boolean,
  read: (say: (text: string) => void) => Promise<void>,
): Promise<Outcome> {
  let text = ''
  try {
    await read((more) => {
      text += more
    })
    return { text, raised: null, isApiError: false }
  } catch (thrown) {
    return { text, raised: String(thrown), isApiError: isApiError(thrown) }
  }
}

const openai: SdkReader = {
  name: 'openai',
  provider: 'chat',
  isTranslated: false,
  read: (url) =>
    outcomeOf(
      (thrown) => thrown instanceof OpenAI.APIError,
      async (say) => {
        const client = new OpenAI({ ...settings, baseURL: `${url}/v1` })
        const asked = { model: models.chat, messages, stream: true } as const
        for await (const chunk of await client.chat.completions.create(asked)) {
          for (const choice of chunk.choices) say(choice.delta.content ?? '')
        }
      },
    ),
}

const anthropicOf = (provider: Spoken): SdkReader => ({
  name: `@anthropic-ai/sdk, ${provider === 'chat' ? 'translated' : 'passed'}`,
  provider,
  isTranslated: provider === 'chat',
  read: (url) =>
    outcomeOf(
      (thrown) => thrown instanceof Anthropic.APIError,
      async (say) => {
        const client = new Anthropic({ ...settings, baseURL: url })
        const stream = client.messages.stream({ model: models[provider], max_tokens: 9, messages })
        stream.on('text', say)
        await stream.finalMessage()
      },
    ),
})

/** Problems of its own that the Vercel SDK makes of an answer, by the ends of their names. */
const vercelCrash = /(TypeValidation|JSONParse|InvalidResponseData|NoOutputGenerated)Error$/

const vercel: SdkReader = {
  name: 'ai',
  provider: 'chat',
  isTranslated: false,
  read: (url) =>
    outcomeOf(
      (thrown) => !(thrown instanceof Error && vercelCrash.test(thrown.name)),
      async (say) => {
        const provider = createOpenAI({ apiKey: 'any', baseURL: `${url}/v1` })
        const model = provider.chat(models.chat)
        const result = streamText({ model, messages, maxRetries: 0, onError: () => {} })
        let raised: unknown = null
        for await (const part of result.fullStream) {
          if (part.type === 'text-delta') say(part.text)
          // It goes on after an error; the first one is the cause of the others.
          if (part.type === 'error') raised ??= part.error
          // An error beside choices is not looked at, but the reason that comes with it is no stop.
          if (part.type === 'finish' && part.finishReason === 'other') raised ??= 'finish: other'
        }
        if (raised !== null) throw raised
      },
    ),
}

/** The SDKs for JavaScript. */
export const scriptReaders: readonly SdkReader[] = [
  openai,
  vercel,
  anthropicOf('chat'),
  anthropicOf('messages'),
]
