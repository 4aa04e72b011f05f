/** Cohere and Ollama: where they are, and which of their APIs a client gets. */
import { describe, expect, test } from 'bun:test'
import { ollamaChat } from '../../src/protocol/ollama-chat.ts'
import type { Protocol } from '../../src/protocol/protocol.ts'
import type { Call } from '../../src/provider/call.ts'
import { buildOne, codeOf, protocols } from './stand.ts'

const call = (rest: Partial<Call> = {}): Call => ({
  endpoint: 'chat-completions',
  path: '/chat/completions',
  search: '',
  provider: null,
  protocol: protocols.chat,
  ...rest,
})

const wanted = { model: 'm', stream: true }
const anthropic: Protocol = { ...protocols.chat, name: 'anthropic-messages' }

describe('Cohere', () => {
  const built = (baseUrl: string) => buildOne('cohere', { kind: 'cohere', baseUrl, apiKey: 'key' })

  test.each(['https://api.cohere.com', 'https://api.cohere.com/v2', 'https://api.cohere.com/v1/'])(
    'is at one address, however %s is written',
    (baseUrl) => {
      const provider = built(baseUrl)
      for (const protocol of [protocols.chat, anthropic]) {
        const { path, search, protocol: spoken } = provider.dial(call({ protocol }), wanted)
        expect(spoken.name).toBe('cohere-chat')
        expect(provider.url(path, search)).toBe('https://api.cohere.com/v2/chat')
      }
    },
  )

  test('gets the key as a bearer, and nothing else of the client', async () => {
    const headers = new Headers({ authorization: 'Bearer client' })
    await built('https://api.cohere.com').authorize(headers, {
      ...{ method: 'POST', url: 'https://api.cohere.com/v2/chat', body: null },
    })
    expect(headers.get('authorization')).toBe('Bearer key')
  })

  test('claims its own names only', () => {
    const { claims } = built('https://api.cohere.com')
    const own = ['command-a-03-2025', 'command', 'c4ai-aya-expanse-8b', 'embed-v4.0']
    expect(own.filter((model) => !claims(model))).toEqual([])
    expect(['commander', 'gpt-5', 'embed-x'].filter(claims)).toEqual([])
  })
})

describe('Ollama', () => {
  const provider = buildOne('ollama', { kind: 'ollama', baseUrl: 'http://localhost:11434/v1' })

  test.each([
    ['chat-completions', '/chat/completions', protocols.chat],
    ['completions', '/completions', protocols.completions],
    ['responses', '/responses', protocols.responses],
    ['embeddings', '/embeddings', protocols.opaque],
    ['models', '/models', protocols.opaque],
    ['other', '/files', protocols.opaque],
  ] as const)('%s of OpenAI pass as they are', (endpoint, path, protocol) => {
    const dial = provider.dial(call({ endpoint, path, protocol }), wanted)
    expect(dial.protocol).toBe(protocol)
    expect(provider.url(dial.path, dial.search)).toBe(`http://localhost:11434/v1${path}`)
  })

  test('other clients get its own API', () => {
    const dial = provider.dial(call({ protocol: anthropic, path: '/messages' }), wanted)
    expect(dial.protocol).toBe(ollamaChat)
    expect(provider.url(dial.path, dial.search)).toBe('http://localhost:11434/api/chat')
    const counting = call({ protocol: anthropic, path: '/messages/count_tokens' })
    expect(codeOf(() => provider.dial(counting, wanted))).toBe('unknown_url')
  })

  test('its own API is passed through from its root', () => {
    const dial = provider.dial(call({ endpoint: 'passthrough', path: '/api/tags' }), wanted)
    expect(dial.protocol).toBe(protocols.opaque)
    expect(provider.url(dial.path, dial.search)).toBe('http://localhost:11434/api/tags')
  })
})
