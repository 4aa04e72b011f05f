/** Anthropic as a place: where calls go, with which credentials, and which models are its own. */
import { describe, expect, test } from 'bun:test'
import type { EndpointName, ProviderSettings } from '../../src/config/config.ts'
import { anthropicMessages as messages } from '../../src/protocol/anthropic-messages.ts'
import { opaque } from '../../src/protocol/opaque.ts'
import { openaiChat } from '../../src/protocol/openai-chat.ts'
import type { Protocol } from '../../src/protocol/protocol.ts'
import { anthropic } from '../../src/provider/anthropic.ts'

const settings: ProviderSettings = {
  name: 'anthropic',
  kind: 'anthropic',
  baseUrl: 'https://api.anthropic.com/v1',
  apiKey: 'sk-ant-1',
  models: ['my-*'],
}
const provider = anthropic(settings, { messages, opaque })
const wanted = { model: 'claude-x', stream: true }
const dial = (endpoint: EndpointName, path: string, protocol: Protocol) => {
  const call = { endpoint, path, search: '?beta=true', provider: null, protocol }
  const dialled = provider.dial(call, wanted)
  return [dialled.protocol.name, `${dialled.path}${dialled.search}`]
}

describe('a call', () => {
  test('of its own dialect passes as it is', () => {
    expect(dial('messages', '/messages', messages)).toEqual([
      'anthropic-messages',
      '/messages?beta=true',
    ])
    const count = '/messages/count_tokens'
    expect(dial('messages', count, messages)).toEqual(['opaque', `${count}?beta=true`])
  })

  test('of another dialect is translated', () => {
    const path = '/chat/completions'
    expect(dial('chat-completions', path, openaiChat)).toEqual(['anthropic-messages', '/messages'])
  })

  test('of its own API passes through', () => {
    expect(dial('passthrough', '/messages', opaque)[0]).toBe('anthropic-messages')
    expect(dial('passthrough', '/files', opaque)).toEqual(['opaque', '/files?beta=true'])
    expect(dial('models', '/models', opaque)).toEqual(['opaque', '/models?beta=true'])
  })

  test('that it has nothing for is refused', () => {
    expect(() => dial('embeddings', '/embeddings', opaque)).toThrow('Unknown request URL.')
  })

  test('goes below the base URL', () => {
    expect(provider.url('/messages', '')).toBe('https://api.anthropic.com/v1/messages')
  })
})

describe('credentials', () => {
  const authorized = (headers: Record<string, string>, apiKey: string | null = 'sk-ant-1') => {
    const made = new Headers(headers)
    const { authorize } = anthropic({ ...settings, apiKey }, { messages, opaque })
    authorize(made, { method: 'POST', url: 'https://api.anthropic.com/v1/messages', body: null })
    return Object.fromEntries(made)
  }

  test("are the operator's, and the version is there", () => {
    expect(authorized({ authorization: 'Bearer client', 'x-api-key': 'client' })).toEqual({
      'x-api-key': 'sk-ant-1',
      'anthropic-version': '2023-06-01',
    })
    expect(authorized({ 'x-api-key': 'client' }, null)).toEqual({
      'anthropic-version': '2023-06-01',
    })
  })

  test('leave the version and the betas that the client named', () => {
    const named = { 'anthropic-version': '2024-01-01', 'anthropic-beta': 'a,b' }
    expect(authorized(named)).toEqual({ ...named, 'x-api-key': 'sk-ant-1' })
  })

  test('that cannot be a header are refused without being told', () => {
    const make = () => anthropic({ ...settings, apiKey: 'sk-ant\n1' }, { messages, opaque })
    expect(make).toThrow('visible ASCII')
    expect(make).not.toThrow('sk-ant')
  })
})

test("models are its own by their name, or by the operator's word", () => {
  const names = ['claude-opus-5', 'my-model', 'gpt-5', 'anthropic/claude-x']
  expect(names.map((name) => provider.claims(name))).toEqual([true, true, false, false])
})
