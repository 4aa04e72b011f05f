import { describe, expect, test } from 'bun:test'
import { protocols } from '../../src/protocol/registry.ts'
import { callOf, clients } from '../contract/clients.ts'
import { buildKind } from '../contract/kinds.ts'
import { codeOf } from './stand.ts'

const endpoint = 'https://res.openai.azure.com'
const version = '2024-10-21'
const versionless = buildKind('azure', { baseUrl: endpoint })
const dated = buildKind('azure', { baseUrl: endpoint, options: { apiVersion: version } })

/** The address of a call without its query, and the query. */
function addressOf(provider: typeof dated, path: string, model: string | null, search = '') {
  const client = Object.values(clients).find((each) => each.path('m') === path)
  const call =
    client === undefined
      ? { endpoint: 'other', path, search, provider: null, protocol: protocols.opaque }
      : { ...callOf(client, 'm'), search }
  const endpointName = path === '/embeddings' ? 'embeddings' : call.endpoint
  const dial = provider.dial(
    { ...call, endpoint: endpointName as 'other' },
    { model, stream: false },
  )
  return provider.url(dial.path, dial.search).replace(endpoint, '')
}

describe('with an API version', () => {
  test('the deployment stands in the path where Azure keeps it there', () => {
    for (const path of ['/chat/completions', '/completions', '/embeddings', '/audio/speech']) {
      expect(addressOf(dated, path, 'my-gpt')).toBe(
        `/openai/deployments/my-gpt${path}?api-version=${version}`,
      )
    }
    for (const path of ['/responses', '/files', '/models']) {
      expect(addressOf(dated, path, 'my-gpt')).toBe(`/openai${path}?api-version=${version}`)
    }
    expect(addressOf(dated, '/images/edits', null)).toBe(
      `/openai/images/edits?api-version=${version}`,
    )
  })

  test('a query stays, and a version of the client`s own', () => {
    expect(addressOf(dated, '/files', null, '?purpose=batch')).toBe(
      `/openai/files?purpose=batch&api-version=${version}`,
    )
    expect(addressOf(dated, '/files', null, '?api-version=x')).toBe('/openai/files?api-version=x')
  })

  test('the name of a deployment cannot leave its place', () => {
    for (const model of ['../admin', '..', 'a/../../b', '%2e%2e/x']) {
      const code = codeOf(() => addressOf(dated, '/chat/completions', model))
      expect([model, code]).toEqual([model, 'invalid_url'])
    }
    expect(addressOf(dated, '/chat/completions', 'a?b#c')).toContain('/deployments/a%3Fb%23c/')
  })

  test('Gemini`s clients get their embeddings there too', () => {
    expect(dated.url(dated.embeddings?.path('ada') ?? '', '')).toBe(
      `${endpoint}/openai/deployments/ada/embeddings?api-version=${version}`,
    )
  })

  test('a version that is none is refused', () => {
    const settings = { baseUrl: endpoint, options: { apiVersion: '2024&x=y' } }
    expect(() => buildKind('azure', settings)).toThrow('API version')
  })
})

describe('without one', () => {
  test('everything is OpenAI`s own below /openai/v1', () => {
    for (const path of ['/chat/completions', '/responses', '/embeddings', '/completions']) {
      expect(addressOf(versionless, path, 'my-gpt')).toBe(`/openai/v1${path}`)
    }
  })

  test('an address that already says so is not said twice', () => {
    for (const tail of ['/openai', '/openai/', '/openai/v1', '/openai/v1/']) {
      const provider = buildKind('azure', { baseUrl: `${endpoint}${tail}` })
      expect(addressOf(provider, '/responses', 'x')).toBe('/openai/v1/responses')
    }
  })
})

test('Messages and Gemini become a chat of the same deployment', () => {
  for (const name of ['messages', 'gemini'] as const) {
    const client = clients[name]
    if (client === undefined) throw new Error('there is no such client')
    const dial = dated.dial(callOf(client, 'my-gpt'), { model: 'my-gpt', stream: true })
    expect([dial.protocol, dial.path]).toEqual([
      protocols.chat,
      '/openai/deployments/my-gpt/chat/completions',
    ])
  }
})

test('a token of Entra ID is a bearer, a key is not', async () => {
  const call = { method: 'POST', url: endpoint, body: null }
  const token = 'eyJhbGciOiJub25lIn0.e30.c2ln'
  for (const [apiKey, expected] of [
    [token, { authorization: `Bearer ${token}` }],
    ['0123456789abcdef', { 'api-key': '0123456789abcdef' }],
  ] as const) {
    const headers = new Headers({ authorization: 'Bearer client', 'api-key': 'client' })
    await buildKind('azure', { apiKey }).authorize(headers, call)
    expect(headers.toJSON()).toEqual(expected)
  }
})
