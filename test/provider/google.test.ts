/** Gemini and Vertex as places: where a call goes, and the credentials that it carries. */
import { afterEach, describe, expect, test } from 'bun:test'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { exportPKCS8, generateKeyPair, jwtVerify } from 'jose'
import type { EndpointName, ProviderSettings } from '../../src/config/config.ts'
import { gemini as geminiProtocol } from '../../src/protocol/gemini.ts'
import { opaque } from '../../src/protocol/opaque.ts'
import { openaiChat } from '../../src/protocol/openai-chat.ts'
import type { Protocol } from '../../src/protocol/protocol.ts'
import type { Call } from '../../src/provider/call.ts'
import { gemini } from '../../src/provider/gemini.ts'
import { AccessToken, parseServiceAccount } from '../../src/provider/google-token.ts'
import type { Provider } from '../../src/provider/provider.ts'
import { vertex } from '../../src/provider/vertex.ts'
import { codeOf } from './stand.ts'

const protocols = { gemini: geminiProtocol, opaque }
const settings = (rest: Partial<ProviderSettings> = {}): ProviderSettings => ({
  name: 'google',
  kind: 'gemini',
  baseUrl: 'https://generativelanguage.googleapis.com/v1beta',
  apiKey: 'key-1',
  models: [],
  ...rest,
})

const call = (protocol: Protocol, path: string, rest: Partial<Call> = {}): Call => ({
  endpoint: 'chat-completions',
  path,
  search: '',
  provider: null,
  protocol,
  ...rest,
})

/** The address that a call ends up at. */
function addressOf(provider: Provider, wanted: Call, model: string | null, stream: boolean) {
  const dial = provider.dial(wanted, { model, stream })
  return [dial.protocol.name, provider.url(dial.path, dial.search)]
}

async function headersOf(provider: Provider): Promise<Record<string, string>> {
  const headers = new Headers({ authorization: 'Bearer client', 'x-goog-api-key': 'client' })
  await provider.authorize(headers, { method: 'POST', url: '', body: null })
  return headers.toJSON()
}

describe('the Gemini API', () => {
  const provider = gemini(settings(), protocols)
  const root = 'https://generativelanguage.googleapis.com/v1beta/models'

  test('generates for every dialect, with a stream of events where one is wanted', () => {
    const chat = call(openaiChat, '/chat/completions', { search: '?x=1' })
    expect(addressOf(provider, chat, 'gemini-3-flash', false)).toEqual([
      'gemini',
      `${root}/gemini-3-flash:generateContent`,
    ])
    expect(addressOf(provider, chat, 'gemini-3-flash', true)).toEqual([
      'gemini',
      `${root}/gemini-3-flash:streamGenerateContent?alt=sse`,
    ])
    expect(addressOf(provider, chat, 'tunedModels/a b', true)[1]).toEndWith(
      '/v1beta/tunedModels/a%20b:streamGenerateContent?alt=sse',
    )
  })

  test('passes its own dialect along, and writes an array anew', () => {
    const endpoint: EndpointName = 'gemini'
    const own = call(geminiProtocol, '/models/alias:streamGenerateContent', { endpoint })
    const wanted = { model: 'gemini-3-flash', stream: true }
    expect(provider.dial(own, wanted).protocol).toBe(geminiProtocol)
    const array = provider.dial({ ...own, framing: 'json-array' }, wanted)
    expect([array.protocol === geminiProtocol, array.protocol.name]).toEqual([false, 'gemini'])
    expect(array.search).toBe('?alt=sse')
    const count = call(geminiProtocol, '/models/alias:countTokens', { endpoint })
    expect(addressOf(provider, count, 'gemini-3-flash', false)).toEqual([
      'opaque',
      `${root}/gemini-3-flash:countTokens`,
    ])
  })

  test('changes nothing of its own API', () => {
    const endpoint: EndpointName = 'passthrough'
    const path = '/models/m:streamGenerateContent'
    const passed = call(opaque, path, { endpoint, search: '?alt=sse' })
    expect(addressOf(provider, passed, null, false)).toEqual([
      'gemini',
      `${root}/m:streamGenerateContent?alt=sse`,
    ])
    expect(provider.dial({ ...passed, search: '' }, { model: null, stream: false }).protocol).toBe(
      opaque,
    )
    expect(addressOf(provider, { ...passed, path: '/files' }, null, false)[0]).toBe('opaque')
  })

  test('does not have the rest of OpenAI, nor a place above its own', () => {
    const wanted = { model: 'gemini-3', stream: false }
    expect(codeOf(() => provider.dial(call(opaque, '/audio/speech'), wanted))).toBe('unknown_url')
    const chat = call(openaiChat, '/chat/completions')
    expect(codeOf(() => addressOf(provider, chat, null, false))).toBe('missing_model')
    expect(codeOf(() => addressOf(provider, chat, '../../x', false))).toBe('invalid_url')
    expect(addressOf(provider, chat, 'x?key=1#@evil', false)[1]).toBe(
      `${root}/x%3Fkey%3D1%23%40evil:generateContent`,
    )
  })

  test('carries the operator’s key, and nothing of the client', async () => {
    expect(await headersOf(provider)).toEqual({ 'x-goog-api-key': 'key-1' })
    expect(codeOf(() => gemini(settings({ apiKey: 'a\nb' }), protocols))).toBe('internal_error')
  })

  test('claims its own models', () => {
    for (const model of ['gemini-3-flash', 'gemma-3-27b-it', 'models/gemini-3']) {
      expect([model, provider.claims(model)]).toEqual([model, true])
    }
    expect(provider.claims('gpt-5')).toBe(false)
  })
})

describe('Vertex AI', () => {
  const at = (options: Record<string, string>, rest: Partial<ProviderSettings> = {}): Provider =>
    vertex(settings({ kind: 'vertex', baseUrl: '', apiKey: null, options, ...rest }), protocols)
  const chat = call(openaiChat, '/chat/completions')

  test('is a project in a region, or in all of them', async () => {
    const provider = at({ project: 'p-1', location: 'us-central1', accessToken: 'ya29.t' })
    expect(addressOf(provider, chat, 'gemini-3-flash', true)[1]).toBe(
      'https://us-central1-aiplatform.googleapis.com/v1/projects/p-1/locations/us-central1' +
        '/publishers/google/models/gemini-3-flash:streamGenerateContent?alt=sse',
    )
    expect(addressOf(at({ project: 'p-1', accessToken: 't' }), chat, 'm', false)[1]).toStartWith(
      'https://aiplatform.googleapis.com/v1/projects/p-1/locations/global/publishers/',
    )
    expect(await headersOf(provider)).toMatchObject({ authorization: 'Bearer ya29.t' })
  })

  test('needs no project in express mode', async () => {
    const provider = at({}, { apiKey: 'key-2' })
    expect(addressOf(provider, chat, 'gemini-3', false)[1]).toBe(
      'https://aiplatform.googleapis.com/v1/publishers/google/models/gemini-3:generateContent',
    )
    expect(await headersOf(provider)).toEqual({ 'x-goog-api-key': 'key-2' })
  })

  test('refuses settings that do not make a whole, without quoting them', () => {
    const wrong: Record<string, string>[] = [
      {},
      { project: 'p' },
      { project: 'a/../b', accessToken: 't' },
      { project: 'p', location: 'evil.example/', accessToken: 't' },
      { project: 'p', credentialsFile: '/does/not/exist' },
    ]
    for (const options of wrong) expect(codeOf(() => at(options))).toBe('internal_error')
    expect(codeOf(() => parseServiceAccount('{'))).toBe('internal_error')
    expect(codeOf(() => parseServiceAccount('{"client_email":"a"}'))).toBe('internal_error')
  })
})

describe('the token of a service account', () => {
  /** A token endpoint that checks what it is asked with. */
  class TokenEndpoint {
    asked = 0
    expiresInS = 3_600
    status = 200
    /** Holds the answers back until it is resolved. */
    gate: Promise<void> = Promise.resolve()
    claims: unknown = null
    readonly #key: CryptoKey
    readonly server = Bun.serve({
      hostname: '127.0.0.1',
      port: 0,
      fetch: async (request) => {
        this.asked += 1
        const form = new URLSearchParams(await request.text())
        const verified = await jwtVerify(form.get('assertion') ?? '', this.#key, {
          audience: `${this.server.url}token`,
          issuer: 'robot@p.example',
        })
        this.claims = { ...verified.payload, kid: verified.protectedHeader.kid }
        await this.gate
        if (this.status !== 200) {
          return Response.json({ error: 'invalid_grant' }, { status: this.status })
        }
        const token = { access_token: `token-${this.asked}`, expires_in: this.expiresInS }
        return Response.json(token)
      },
    })

    constructor(key: CryptoKey) {
      this.#key = key
    }
  }

  const directories: string[] = []
  const endpoints: TokenEndpoint[] = []
  afterEach(async () => {
    for (const directory of directories.splice(0)) rmSync(directory, { recursive: true })
    for (const { server } of endpoints.splice(0)) {
      expect(server.pendingRequests).toBe(0)
      await server.stop(true)
    }
  })

  async function makeAccount() {
    const { privateKey, publicKey } = await generateKeyPair('RS256', { extractable: true })
    const endpoint = new TokenEndpoint(publicKey)
    endpoints.push(endpoint)
    const text = JSON.stringify({
      type: 'service_account',
      project_id: 'p-9',
      private_key_id: 'kid-1',
      private_key: await exportPKCS8(privateKey),
      client_email: 'robot@p.example',
      token_uri: `${endpoint.server.url}token`,
    })
    return { endpoint, text }
  }

  test('is signed for, asked for once, and kept', async () => {
    const { endpoint, text } = await makeAccount()
    const directory = mkdtempSync(join(tmpdir(), 'sluice-'))
    directories.push(directory)
    const file = join(directory, 'account.json')
    writeFileSync(file, text)
    const options = { credentialsFile: file, location: 'europe-west1' }
    const provider = vertex(settings({ baseUrl: '', apiKey: null, options }), protocols)
    expect(provider.dial(call(openaiChat, ''), { model: 'm', stream: false }).path).toStartWith(
      '/projects/p-9/locations/europe-west1/',
    )
    const { promise, resolve } = Promise.withResolvers<void>()
    endpoint.gate = promise
    const together = Promise.all([1, 2, 3, 4].map(() => headersOf(provider)))
    resolve()
    for (const headers of await together)
      expect(headers).toEqual({ authorization: 'Bearer token-1' })
    expect(await headersOf(provider)).toEqual({ authorization: 'Bearer token-1' })
    expect(endpoint.asked).toBe(1)
    expect(endpoint.claims).toMatchObject({
      kid: 'kid-1',
      scope: 'https://www.googleapis.com/auth/cloud-platform',
    })
  })

  test('is replaced before it expires', async () => {
    const { endpoint, text } = await makeAccount()
    const token = new AccessToken(parseServiceAccount(text))
    endpoint.expiresInS = 59
    expect([await token.get(), await token.get()]).toEqual(['token-1', 'token-2'])
    endpoint.expiresInS = 120
    expect([await token.get(), await token.get()]).toEqual(['token-3', 'token-3'])
  })

  test('is asked for again after a failure, which is the operator’s', async () => {
    const { endpoint, text } = await makeAccount()
    const token = new AccessToken(parseServiceAccount(text))
    const failure = () => token.get().then(String, (thrown: { code: string }) => thrown.code)
    endpoint.status = 400
    expect(await failure()).toBe('upstream_auth_failed')
    endpoint.status = 503
    expect(await failure()).toBe('upstream_connect_failed')
    endpoint.status = 200
    expect(await failure()).toBe('token-3')
  })

  test('cannot be had with a key that is none, or from nobody', async () => {
    const { endpoint, text } = await makeAccount()
    const account = parseServiceAccount(text)
    const failed = async (changed: object): Promise<string> =>
      new AccessToken({ ...account, ...changed })
        .get()
        .then(String, (thrown: { code: string }) => thrown.code)
    expect(await failed({ privateKey: 'secret words' })).toBe('upstream_auth_failed')
    expect(await failed({ tokenUri: 'http://127.0.0.1:9/token' })).toBe('upstream_connect_failed')
    expect(endpoint.asked).toBe(0)
  })
})
