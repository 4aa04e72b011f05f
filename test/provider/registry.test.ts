import { describe, expect, test } from 'bun:test'
import type { EndpointName } from '../../src/config/config.ts'
import { GatewayError } from '../../src/core/errors.ts'
import { randomNumbers } from '../../src/provider/demo/text.ts'
import type { Provider } from '../../src/provider/provider.ts'
import { build, buildOne, codeOf, protocols, settingsOf } from './stand.ts'

describe('the registry', () => {
  test('makes every kind, under its own name, in order', () => {
    const providers = build(settingsOf('demo'), settingsOf('vllm'), settingsOf('openai'))
    expect([...providers.keys()]).toEqual(['demo', 'vllm', 'openai'])
    for (const [name, provider] of providers) expect(provider.name).toBe(name)
    expect(providers.get('demo')?.answer).toBeFunction()
    expect(providers.get('openai')?.answer).toBeUndefined()
  })

  test('refuses a name that occurs twice', () => {
    expect(() => build(settingsOf('vllm'), settingsOf('vllm'))).toThrow('`vllm` cannot be used')
  })

  test.each(['ftp://host/v1', 'not a url', '', 'https://host/v1?version=1'])(
    'refuses the base URL %p',
    (baseUrl) => {
      expect(() => buildOne('vllm', { baseUrl })).toThrow(GatewayError)
    },
  )

  test('several keys are as many providers of one name, in order, each with its own key', () => {
    const headersOf = (provider: Provider | undefined): string | null => {
      const headers = new Headers()
      void provider?.authorize(headers, unsigned)
      return headers.get('authorization')
    }
    const provider = buildOne('openai', { apiKey: 'sk-1', furtherApiKeys: ['sk-2', 'sk-3'] })
    const all = [provider, ...(provider.others ?? [])]
    expect(all.map(headersOf)).toEqual(['Bearer sk-1', 'Bearer sk-2', 'Bearer sk-3'])
    expect(all.map(({ credential }) => credential)).toEqual([undefined, '2', '3'])
    expect(all.map(({ name }) => name)).toEqual(['openai', 'openai', 'openai'])
    for (const { settings } of all) expect(settings.furtherApiKeys).toBeUndefined()
    for (const other of provider.others ?? []) expect(other.others).toBeUndefined()
    expect(buildOne('openai', { apiKey: 'sk-1' }).others).toBeUndefined()
    expect(() => buildOne('openai', { furtherApiKeys: ['no\nkey'] })).toThrow(GatewayError)
  })

  test('an instance under another name claims nothing but what is listed for it', () => {
    const own = buildOne('mirror', { kind: 'anthropic', models: ['llama-*'] })
    expect(own.claims('claude-sonnet-4-5')).toBe(false)
    expect(own.claims('llama-3')).toBe(true)
    expect(buildOne('anthropic', { kind: 'anthropic' }).claims('claude-sonnet-4-5')).toBe(true)
  })

  test('refuses a key that is no header value, without repeating it', () => {
    for (const apiKey of ['sk-secret\r\nx: y', 'sk-secrét', '']) {
      const thrown = catchError(() => buildOne('openai', { apiKey }))
      expect(thrown).toBeInstanceOf(GatewayError)
      expect(Bun.inspect(thrown)).not.toContain('sk-secr')
    }
  })
})

/** OpenAI's way of signing looks at nothing of the call. */
const unsigned = { method: 'GET', url: 'http://localhost', body: null }

describe('protocol', () => {
  const table: readonly [EndpointName, string, string][] = [
    ['chat-completions', '/chat/completions', 'openai-chat'],
    ['completions', '/completions', 'openai-completions'],
    ['responses', '/responses', 'openai-responses'],
    ['embeddings', '/embeddings', 'opaque'],
    ['models', '/models', 'opaque'],
    ['other', '/audio/speech', 'opaque'],
    ['other', '/responses', 'openai-responses'],
    ['other', '/responses/resp_1', 'openai-responses'],
    ['passthrough', '/beta/chat/completions', 'openai-chat'],
    ['passthrough', '/beta/completions', 'openai-completions'],
    ['passthrough', '/v1/responses', 'openai-responses'],
    ['passthrough', '/myresponses', 'opaque'],
    ['passthrough', '/files', 'opaque'],
  ]
  test.each(table)('%s at %s is %s', (endpoint, path, name) => {
    for (const provider of ['openai', 'vllm', 'demo']) {
      const call = { endpoint, path, search: '', provider: null, protocol: protocols.opaque }
      const dial = buildOne(provider).dial(call, { model: null, stream: false })
      expect(dial.protocol.name as string).toBe(name)
      expect(dial.path).toBe(path)
    }
  })
})

describe('authorize', () => {
  test('puts the operator`s key in place of whatever is there', () => {
    const headers = new Headers({ authorization: 'Bearer of-the-client' })
    buildOne('openai', { apiKey: 'sk-operator' }).authorize(headers, unsigned)
    expect(headers.get('authorization')).toBe('Bearer sk-operator')
  })

  test('without a key sends none, and not the client`s either', () => {
    for (const name of ['openai', 'vllm', 'demo']) {
      const headers = new Headers({ authorization: 'Bearer of-the-client' })
      buildOne(name).authorize(headers, unsigned)
      expect([...headers]).toEqual([])
    }
  })
})

describe('claims', () => {
  test('openai knows the names of its models', () => {
    const provider = buildOne('openai', { models: ['house-model', 'team-*'] })
    for (const model of [
      ...['gpt-5', 'gpt-4o-mini', 'chatgpt-4o-latest', 'o1', 'o1-mini', 'o3', 'o4-mini'],
      ...['text-embedding-3-small', 'omni-moderation-latest', 'text-moderation-stable'],
      ...['dall-e-3', 'gpt-image-1', 'tts-1-hd', 'whisper-1', 'davinci-002', 'babbage-002'],
      ...['sora-2', 'codex-mini-latest', 'computer-use-preview'],
      ...['ft:gpt-4o-mini-2024-07-18:acme::abc', 'ft:davinci-002:acme', 'house-model', 'team-1'],
    ]) {
      expect([model, provider.claims(model)]).toEqual([model, true])
    }
    for (const model of ['claude-4', 'o12', 'o2', 'ogpt-4', 'house-model-2', 'ft:llama', '']) {
      expect([model, provider.claims(model)]).toEqual([model, false])
    }
  })

  test('a compatible endpoint claims only what the operator listed', () => {
    const provider = buildOne('vllm', { models: ['qwen-*', 'meta-llama/Llama-4'] })
    expect(['qwen-3', 'meta-llama/Llama-4'].every(provider.claims)).toBe(true)
    expect(['gpt-5', 'qwen', 'meta-llama/Llama-4-Scout'].some(provider.claims)).toBe(false)
  })

  test('demo claims its own name, with or without options', () => {
    const provider = buildOne('demo')
    expect(['demo', 'demo?tokens=5'].every(provider.claims)).toBe(true)
    expect(['demonstration', 'stream', ''].some(provider.claims)).toBe(false)
  })
})

describe('url', () => {
  const provider = buildOne('vllm', { baseUrl: 'https://API.example:8443/base/v1' })

  test('appends path and query below the base', () => {
    const table: readonly [string, string, string][] = [
      ['/chat/completions', '', '/chat/completions'],
      ['/files', '?limit=2&after=a%2Fb', '/files?limit=2&after=a%2Fb'],
      ['/models/meta-llama%2FLlama-4', '', '/models/meta-llama%2FLlama-4'],
      ['/models/a..b', '', '/models/a..b'],
      ['/files/100%25', '', '/files/100%25'],
      ['/x:y;z=1', '?q=a@b//..', '/x:y;z=1?q=a@b//..'],
    ]
    for (const [path, search, rest] of table) {
      expect(provider.url(path, search)).toBe(`https://api.example:8443/base/v1${rest}`)
    }
  })

  test('works without a base path', () => {
    const bare = buildOne('vllm', { baseUrl: 'http://10.0.0.7:8000' })
    expect(bare.url('/models', '')).toBe('http://10.0.0.7:8000/models')
  })

  test('never leaves the origin or the base path', () => {
    const paths = [
      ...['', 'models', '@evil.example/', ':1234/', '.evil.example/', '//evil.example/x'],
      ...['/..', '/../admin', '/a/../../admin', '/./a', '/.', '/a/..', '/%2e%2e/admin'],
      ...['/%2E%2E/admin', '/.%2e/admin', '/%2e/a', '/a%2f..%2f..%2fadmin', '/%252e%252e/a'],
      ...['/%25252e%25252e/a', '/..%5cadmin', '/a\\..\\b', '/\\evil.example', '/a//b'],
      ...['/user@evil.example', '/a?b', '/a#b', '/a b', '/a\r\nx', '/a\tb', '/a\0', '/é', '/%zz'],
      ...['/%ff', '/..;/a', '/a/..;x=1/b', '/%2e%2e%3b/a', '/a\u2025/..'],
    ]
    for (const path of paths) {
      const code = codeOf(() => provider.url(path, ''))
      expect([path, code]).toEqual([path, 'invalid_url'])
    }
    for (const search of ['a=b', '?a#b', '?a\r\nb', '?a b', '?é', '/x']) {
      const code = codeOf(() => provider.url('/models', search))
      expect([search, code]).toEqual([search, 'invalid_url'])
    }
  })

  test('whatever random bytes a path has, the origin and the base stay', () => {
    const alphabet = ['.', '.', '/', '\\', '%2e', '%2f', '%5c', '%25', '@', ':', 'a', '?', '#', '%']
    const random = randomNumbers(7)
    let accepted = 0
    for (let round = 0; round < 20_000; round++) {
      let path = '/'
      for (let left = 1 + (round % 9); left > 0; left--) {
        path += alphabet[Math.floor(random() * alphabet.length)]
      }
      if (codeOf(() => provider.url(path, '')) !== null) continue
      accepted++
      const url = new URL(provider.url(path, ''))
      expect(url.origin).toBe('https://api.example:8443')
      expect(url.href.startsWith('https://api.example:8443/base/v1/')).toBe(true)
    }
    expect(accepted).toBeGreaterThan(50)
  })
})

function catchError(run: () => unknown): unknown {
  try {
    return run()
  } catch (thrown) {
    return thrown
  }
}
