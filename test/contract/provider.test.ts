/**
 * What holds for every kind of provider, whatever it is: a new one in the registry is tested here
 * without a new test.
 */
import { describe, expect, test } from 'bun:test'
import { knownProviders } from '../../src/config/known-providers.ts'
import { GatewayError } from '../../src/core/errors.ts'
import type { JsonObject } from '../../src/core/json.ts'
import { protocols } from '../../src/protocol/registry.ts'
import type { Dial, Provider, SignableCall } from '../../src/provider/provider.ts'
import { providerKinds, providerQuirks } from '../../src/provider/registry.ts'
import { knownModels, nobodysModels } from '../provider/known-models.ts'
import { callOf, clients } from './clients.ts'
import { buildKind, clientKey, keyHeaderOf, operatorKey, remoteKinds } from './kinds.ts'

const root = 'http://127.0.0.1:9'
const wanted = { model: 'test-model', stream: true } as const
const token = `eyJhbGciOiJIUzI1NiJ9.${btoa('{}').replace(/=/g, '')}.c2lnbmF0dXJl`

test('the environment knows exactly the kinds that there are', () => {
  const known = knownProviders.map(({ name }) => name)
  expect([...known, 'openai-compatible', 'demo'].sort()).toEqual([...providerKinds].sort())
})

test('an unknown kind is refused', () => {
  expect(() => buildKind('nobody')).toThrow('kind')
})

describe.each(providerKinds)('%s', (kind) => {
  test('has its own name and settings', () => {
    const provider = buildKind(kind, { name: 'mine' })
    expect([provider.name, provider.settings.kind]).toEqual(['mine', kind])
    expect(provider.claims('')).toBe(false)
    expect(buildKind(kind, { models: ['house-*'] }).claims('house-model')).toBe(true)
  })

  test.each(Object.entries(clients))('is called for a client of %s', (_, client) => {
    const provider = buildKind(kind)
    const call = callOf(client, wanted.model)
    let dial: Dial
    try {
      dial = provider.dial(call, wanted)
    } catch (thrown) {
      // Who answers nobody says so in one way.
      expect(thrown).toBeInstanceOf(GatewayError)
      expect((thrown as GatewayError).code).toBe('unknown_url')
      return
    }
    const isOwn = dial.protocol === client.protocol
    const isTranslated = dial.protocol.translation !== null && client.protocol.translation !== null
    expect(isOwn || isTranslated).toBe(true)
    if (kind === 'demo') return
    const url = new URL(provider.url(dial.path, dial.search))
    expect(url.href.startsWith(`${root}/${kind}/`)).toBe(true)
    expect(url.href).not.toContain(operatorKey)
  })

  test('lets its own API through as it is', () => {
    const { opaque } = protocols
    const call = { endpoint: 'passthrough', path: '/some/thing', provider: null } as const
    const dial = buildKind(kind).dial(
      { ...call, search: '?a=b', protocol: opaque },
      { model: null, stream: false },
    )
    expect([dial.protocol.translation ?? null, dial.path, dial.search]).toEqual([
      null,
      '/some/thing',
      '?a=b',
    ])
  })

  test('does not change the body that it amends', () => {
    const body = frozen({
      model: 'test-model',
      stream: true,
      stream_options: { include_usage: true },
      messages: [
        { role: 'developer', content: 'Be brief.', name: 'boss' },
        { role: 'assistant', content: null, refusal: 'No.', reasoning_content: 'Hm.' },
        { role: 'user', content: [{ type: 'text', text: 'x', cache_control: { type: 'y' } }] },
        { role: 'assistant', content: '', tool_calls: [{ id: 'call_1', type: 'function' }] },
        { role: 'tool', tool_call_id: 'call_1', content: 'y' },
      ],
      ...{ max_completion_tokens: 5, seed: 1, reasoning_effort: 'none', tool_choice: 'auto' },
    })
    const provider = buildKind(kind)
    const amended = provider.amend?.(body, wanted, new Headers()) ?? body
    expect(amended).toBeObject()
    expect(JSON.stringify(amended)).not.toContain('undefined')
  })
})

describe.each(remoteKinds)('credentials of %s', (kind) => {
  const call: SignableCall = { method: 'POST', url: `${root}/x`, body: new Uint8Array(2) }

  test('stand in their header, and the client`s nowhere', async () => {
    const provider = buildKind(kind, { apiKey: kind === 'watsonx' ? token : operatorKey })
    const headers = new Headers()
    for (const name of ['authorization', keyHeaderOf(kind)]) headers.set(name, clientKey)
    await provider.authorize(headers, call)
    expect(headers.get(keyHeaderOf(kind))).toContain(kind === 'watsonx' ? token : operatorKey)
    expect(JSON.stringify(headers.toJSON())).not.toContain(clientKey)
  })

  test('are nobody`s where the operator has none', async () => {
    // Some cannot be built without any.
    let provider: Provider | null = null
    try {
      provider = buildKind(kind, { apiKey: null })
    } catch (thrown) {
      expect(thrown).toBeInstanceOf(GatewayError)
    }
    const headers = new Headers({ authorization: clientKey, [keyHeaderOf(kind)]: clientKey })
    await provider?.authorize(headers, call)
    if (provider !== null) expect(JSON.stringify(headers.toJSON())).not.toContain(clientKey)
  })

  test('are never repeated in an error', () => {
    for (const settings of [{ apiKey: 'sk-broken\r\nx: y' }, { baseUrl: 'ftp://nowhere' }]) {
      let thrown: unknown = null
      try {
        buildKind(kind, settings)
      } catch (error) {
        thrown = error
      }
      expect(thrown).toBeInstanceOf(GatewayError)
      expect(Bun.inspect(thrown)).not.toMatch(/sk-broken|sk-operator/)
    }
  })
})

describe('bare model names', () => {
  const providers = providerKinds.map((kind) => [kind, buildKind(kind)] as const)
  const claimants = (model: string): string[] =>
    providers.filter(([, provider]) => provider.claims(model)).map(([kind]) => kind)

  test.each(Object.entries(knownModels))(
    'of %s are claimed by it and by nobody else',
    (kind, models) => {
      for (const model of models) expect([model, claimants(model)]).toEqual([model, [kind]])
    },
  )

  test('that many have are claimed by nobody', () => {
    for (const model of nobodysModels) expect([model, claimants(model)]).toEqual([model, []])
  })
})

test('quirks say what they do, each field once', () => {
  for (const [kind, quirks] of Object.entries(providerQuirks)) {
    const names = quirks.map(({ what }) => what)
    expect([kind, names]).toEqual([kind, [...new Set(names)]])
    for (const { note } of quirks) expect(note).toMatch(/^[A-Z].*\.$/)
  }
})

function frozen(value: JsonObject): JsonObject {
  const freeze = (each: unknown): void => {
    if (typeof each !== 'object' || each === null) return
    Object.freeze(each)
    Object.values(each).forEach(freeze)
  }
  freeze(value)
  return value
}
