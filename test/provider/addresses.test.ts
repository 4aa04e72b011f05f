/** Where each provider is asked, in full: a slip in an address is a provider that never answers. */
import { expect, test } from 'bun:test'
import { knownProviders } from '../../src/config/known-providers.ts'
import { protocols } from '../../src/protocol/registry.ts'
import type { Provider } from '../../src/provider/provider.ts'
import { type Client, callOf, clients } from '../contract/clients.ts'
import { buildKind } from '../contract/kinds.ts'
import { codeOf } from './stand.ts'

const model = 'a-model'

/** By kind: where a streamed chat goes, and what legacy completions and Responses become. */
const table: readonly (readonly [string, string, string, string])[] = [
  ['openai', 'https://api.openai.com/v1/chat/completions', 'own', 'own'],
  ['mistral', 'https://api.mistral.ai/v1/chat/completions', 'chat', 'chat'],
  ['groq', 'https://api.groq.com/openai/v1/chat/completions', 'chat', 'own'],
  ['deepseek', 'https://api.deepseek.com/v1/chat/completions', 'chat', 'own'],
  ['xai', 'https://api.x.ai/v1/chat/completions', 'chat', 'own'],
  ['openrouter', 'https://openrouter.ai/api/v1/chat/completions', 'own', 'own'],
  ['together', 'https://api.together.xyz/v1/chat/completions', 'own', 'chat'],
  ['fireworks', 'https://api.fireworks.ai/inference/v1/chat/completions', 'own', 'own'],
  ['cerebras', 'https://api.cerebras.ai/v1/chat/completions', 'own', 'chat'],
  ['perplexity', 'https://api.perplexity.ai/chat/completions', 'chat', 'chat'],
  ['huggingface', 'https://router.huggingface.co/v1/chat/completions', 'chat', 'own'],
  [
    'alibaba',
    'https://dashscope-intl.aliyuncs.com/compatible-mode/v1/chat/completions',
    'chat',
    'chat',
  ],
  ['moonshot', 'https://api.moonshot.ai/v1/chat/completions', 'chat', 'chat'],
  ['zai', 'https://api.z.ai/api/paas/v4/chat/completions', 'chat', 'chat'],
  ['writer', 'https://api.writer.com/v1/chat', 'own', 'chat'],
  ['snowflake', 'https://own.example/api/v2/cortex/v1/chat/completions', 'chat', 'chat'],
  ['watsonx', 'https://own.example/ml/v1/text/chat_stream?version=2024-10-08', 'chat', 'chat'],
  ['azure', 'https://own.example/openai/v1/chat/completions', 'own', 'own'],
  ['vllm', 'https://own.example/v1/chat/completions', 'own', 'own'],
  ['lmstudio', 'https://own.example/v1/chat/completions', 'own', 'own'],
  ['llamacpp', 'https://own.example/v1/chat/completions', 'own', 'chat'],
]

function dialled(provider: Provider, client: Client | undefined) {
  if (client === undefined) throw new Error('there is no such client')
  const dial = provider.dial(callOf(client, model), { model, stream: true })
  return { url: provider.url(dial.path, dial.search), isOwn: dial.protocol === client.protocol }
}

test.each(table)('%s is asked at %s', (kind, chatUrl, completions, responses) => {
  const known = knownProviders.find(({ name }) => name === kind)
  const provider = buildKind(kind, { baseUrl: known?.address || 'https://own.example' })
  expect(dialled(provider, clients.chat).url).toBe(chatUrl)
  for (const name of ['messages', 'gemini']) {
    expect(dialled(provider, clients[name])).toEqual({ url: chatUrl, isOwn: false })
  }
  for (const [name, expected] of [
    ['completions', completions],
    ['responses', responses],
  ] as const) {
    const { url, isOwn } = dialled(provider, clients[name])
    expect([name, isOwn ? 'own' : 'chat']).toEqual([name, expected])
    if (isOwn) expect(url).toEndWith(`/${name}`)
    else expect(url).toBe(chatUrl)
  }
})

test.each(['/messages/count_tokens', '/models/m:countTokens', '/models/m:embedContent'])(
  '%s is no question to a chat',
  (path) => {
    const protocol = path.startsWith('/messages') ? protocols.messages : protocols.gemini
    const endpoint = path.startsWith('/messages') ? 'messages' : 'gemini'
    for (const kind of ['openai', 'azure', 'mistral', 'watsonx', 'openai-compatible']) {
      const call = { endpoint, path, search: '', provider: null, protocol } as const
      const code = codeOf(() => buildKind(kind).dial(call, { model, stream: false }))
      expect([kind, code]).toEqual([kind, 'unknown_url'])
    }
  },
)

test('an answer that is not streamed has its own path at watsonx', () => {
  const provider = buildKind('watsonx', { baseUrl: 'https://own.example' })
  const { chat } = clients
  if (chat === undefined) throw new Error('there is no such client')
  const { path, protocol } = provider.dial(callOf(chat, model), { model, stream: false })
  expect(path).toBe('/ml/v1/text/chat')
  // OpenAI's own words would not be understood as they are.
  expect(protocol.name).toBe('openai-chat')
  expect(protocol).not.toBe(protocols.chat)
})
