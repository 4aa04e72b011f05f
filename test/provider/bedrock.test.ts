/** Bedrock: where it is, and that AWS would take our signature. */
import { afterEach, describe, expect, setSystemTime, test } from 'bun:test'
import { ConverseCommand } from '@aws-sdk/client-bedrock-runtime'
import type { ProviderSettings } from '../../src/config/config.ts'
import { bedrockConverse } from '../../src/protocol/bedrock-converse.ts'
import { bedrockInvoke } from '../../src/protocol/bedrock-invoke.ts'
import { signAwsCall } from '../../src/provider/aws-signature.ts'
import { bedrock, encodeModel } from '../../src/provider/bedrock.ts'
import type { Call } from '../../src/provider/call.ts'
import { sdkClient } from '../protocol/bedrock-converse/sdk-client.ts'
import { replayServer } from '../protocol/replay.ts'
import { verifySignature } from './aws-verify.ts'
import { buildOne, codeOf, protocols } from './stand.ts'

const secretAccessKey = 'wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY'
const keys = { region: 'us-east-1', accessKeyId: 'AKIDEXAMPLE', secretAccessKey }

const settings = (rest: Partial<ProviderSettings> = {}): ProviderSettings => ({
  ...{ name: 'bedrock', kind: 'bedrock', baseUrl: '', apiKey: null, models: [], options: keys },
  ...rest,
})

const call = (rest: Partial<Call> = {}): Call => ({
  endpoint: 'chat-completions',
  path: '/chat/completions',
  search: '',
  provider: null,
  protocol: protocols.chat,
  ...rest,
})

const odd = [
  'us.anthropic.claude-sonnet-4-5-20250929-v1:0',
  'arn:aws:bedrock:us-east-1:123456789012:inference-profile/us.amazon.nova-2-lite-v1:0',
  "odd (name)!'*~_-.+ü",
]

const sendBySdk = async (address: string, modelId: string): Promise<void> => {
  const client = sdkClient(address)
  const messages = [{ role: 'user' as const, content: [{ text: 'Grüße' }] }]
  await client.send(new ConverseCommand({ modelId, messages }))
  client.destroy()
}

afterEach(() => {
  setSystemTime()
})

describe('signing', () => {
  const answer = { output: { message: { role: 'assistant', content: [] } }, stopReason: 'end_turn' }
  const server = () =>
    replayServer(new TextEncoder().encode(JSON.stringify(answer)), 'application/json')
  const fixed = new Date('2026-01-02T03:04:05Z')

  test.each(odd)(
    'the same call by the SDK and by us, both as AWS wants them: %s',
    async (model) => {
      setSystemTime(fixed)
      const { address, requests, stop } = server()
      try {
        await sendBySdk(address, model)
        const [theirs] = requests
        if (theirs === undefined) throw new Error('nothing was sent')
        const path = theirs.url.pathname
        const judged = verifySignature({ ...theirs, path }, secretAccessKey)
        // The judge takes what the SDK signed, so that what it says of ours counts.
        expect(judged.valid).toBe(true)

        const provider = bedrock(settings({ baseUrl: address }), protocols)
        const dial = provider.dial(call(), { model, stream: false })
        const url = provider.url(dial.path, dial.search)
        expect(new URL(url).pathname).toBe(path)
        const body = new TextEncoder().encode(theirs.body)
        const headers = new Headers({ authorization: 'Bearer stolen', accept: 'text/event-stream' })
        await provider.authorize(headers, { method: 'POST', url, body })
        expect((await fetch(url, { method: 'POST', headers, body })).status).toBe(200)
        const ours = requests[1]
        if (ours === undefined) throw new Error('nothing was sent')
        expect(ours.body).toBe(theirs.body)
        expect(verifySignature({ ...ours, path: ours.url.pathname }, secretAccessKey)).toEqual({
          valid: true,
          scope: judged.scope,
          signedHeaders: ['host', 'x-amz-date'],
        })
        expect(ours.headers.get('x-amz-date')).toBe(theirs.headers.get('x-amz-date'))
        // Another byte in the body, another model, another day: all of it is signed.
        const spoilt = { ...ours, path: ours.url.pathname, body: `${ours.body} ` }
        expect(verifySignature(spoilt, secretAccessKey).valid).toBe(false)
        const elsewhere = { ...ours, path: ours.url.pathname.replace('converse', 'invoke') }
        expect(verifySignature(elsewhere, secretAccessKey).valid).toBe(false)
        expect(verifySignature({ ...ours, path: ours.url.pathname }, 'other').valid).toBe(false)
      } finally {
        await stop()
      }
    },
  )

  test('over exactly the headers of the SDK it is the signature of the SDK', async () => {
    setSystemTime(fixed)
    const { address, requests, stop } = server()
    try {
      await sendBySdk(address, odd[0] ?? '')
      const [theirs] = requests
      if (theirs === undefined) throw new Error('nothing was sent')
      const { AwsV4Signer } = await import('aws4fetch')
      const signed = /SignedHeaders=([^,]+)/.exec(theirs.headers.get('authorization') ?? '')?.[1]
      const names = (signed ?? '').split(';').filter((name) => name !== 'host')
      const signer = new AwsV4Signer({
        ...keys,
        method: 'POST',
        url: theirs.url.href,
        service: 'bedrock',
        sessionToken: 'token//with+marks==',
        datetime: '20260102T030405Z',
        allHeaders: true,
        headers: names.map((name) => [name, theirs.headers.get(name) ?? '']),
        body: theirs.body,
      })
      expect(await signer.authHeader()).toBe(theirs.headers.get('authorization') ?? '')
    } finally {
      await stop()
    }
  })

  test('with a session token, without a body, and with one that is not there yet', async () => {
    const url = 'https://bedrock-runtime.us-east-1.amazonaws.com/model/a%3A0/invoke'
    const session = { ...keys, sessionToken: 'session+token==' }
    const bodies = [
      ['GET', null, ''],
      ['POST', null, 'streamed'],
      ['POST', new TextEncoder().encode('{}'), '{}'],
    ] as const
    for (const [method, body, sent] of bodies) {
      const headers = new Headers({ 'x-amz-content-sha256': 'spoofed' })
      await signAwsCall(headers, { method, url, body }, session, '20260102T030405Z')
      headers.set('host', 'bedrock-runtime.us-east-1.amazonaws.com')
      const received = { method, path: '/model/a%3A0/invoke', headers, body: sent }
      const { valid, scope, signedHeaders } = verifySignature(received, secretAccessKey)
      expect([valid, scope]).toEqual([true, '20260102/us-east-1/bedrock/aws4_request'])
      expect(signedHeaders).toContain('x-amz-security-token')
      const isStreamed = sent === 'streamed'
      expect(headers.get('x-amz-content-sha256')).toBe(isStreamed ? 'UNSIGNED-PAYLOAD' : null)
    }
  })
})

describe('the address', () => {
  test.each([
    ['us-east-1', 'https://bedrock-runtime.us-east-1.amazonaws.com'],
    ['cn-north-1', 'https://bedrock-runtime.cn-north-1.amazonaws.com.cn'],
    ['us-gov-west-1', 'https://bedrock-runtime.us-gov-west-1.amazonaws.com'],
  ])('in %s', (region, origin) => {
    const provider = bedrock(settings({ options: { ...keys, region } }), protocols)
    const wanted = { model: 'amazon.nova-lite-v1:0', stream: true }
    const dial = provider.dial(call(), wanted)
    expect(dial.protocol).toBe(bedrockConverse)
    expect(provider.url(dial.path, dial.search)).toBe(
      `${origin}/model/amazon.nova-lite-v1%3A0/converse-stream`,
    )
  })

  test('a model cannot climb out of its segment', () => {
    expect(encodeModel('../../x?y#z')).toBe('..%2F..%2Fx%3Fy%23z')
    const provider = bedrock(settings(), protocols)
    const { path } = provider.dial(call(), { model: '../../x', stream: false })
    expect(codeOf(() => provider.url(path, ''))).toBe('invalid_url')
  })

  test('the region of an endpoint is in its name', () => {
    const baseUrl = 'https://vpce-1-2.bedrock-runtime.eu-central-1.vpce.amazonaws.com'
    const { region: _, ...unplaced } = keys
    const provider = bedrock(settings({ baseUrl, options: unplaced }), protocols)
    expect(provider.url('/x', '')).toBe(`${baseUrl}/x`)
  })
})

describe('credentials', () => {
  test('an API key goes before keys', async () => {
    const provider = bedrock(settings({ apiKey: 'bedrock-api-key' }), protocols)
    const headers = new Headers({ accept: 'text/event-stream' })
    const url = provider.url('/model/m/converse-stream', '')
    await provider.authorize(headers, { method: 'POST', url, body: new Uint8Array() })
    expect(Object.fromEntries(headers)).toEqual({
      accept: 'application/vnd.amazon.eventstream',
      authorization: 'Bearer bedrock-api-key',
    })
  })

  test.each([
    ['no region', { options: { accessKeyId: 'a', secretAccessKey: 'b' } }],
    ['no keys', { options: { region: 'us-east-1' } }],
    ['half of the keys', { options: { region: 'us-east-1', accessKeyId: 'a' } }],
    ['a strange region', { options: { ...keys, region: 'evil.example/#' } }],
    ['a strange key', { options: { ...keys, accessKeyId: 'a\nb' } }],
  ])('%s cannot be used', (_, rest) => {
    expect(codeOf(() => bedrock(settings(rest), protocols))).toBe('internal_error')
  })
})

describe('calls', () => {
  const provider = bedrock(settings(), protocols)
  const wanted = { model: 'm', stream: false }

  test('that are no chat are not there', () => {
    for (const endpoint of ['embeddings', 'models', 'other'] as const) {
      const asked = call({ endpoint, protocol: protocols.opaque })
      expect(codeOf(() => provider.dial(asked, wanted))).toBe('unknown_url')
    }
    const counting = call({ path: '/messages/count_tokens' })
    expect(codeOf(() => provider.dial(counting, wanted))).toBe('unknown_url')
    expect(codeOf(() => provider.dial(call(), { ...wanted, model: null }))).toBe('missing_model')
  })

  test('of its own API pass as they are', () => {
    const path = '/model/m/invoke'
    const dial = provider.dial(call({ endpoint: 'passthrough', path, search: '?a=1' }), wanted)
    expect(dial).toEqual({ protocol: protocols.opaque, path, search: '?a=1' })
  })

  test('claims what is named in AWS’s way', () => {
    const own = ['anthropic.claude-3-haiku-20240307-v1:0', 'us.amazon.nova-lite-v1:0', odd[1] ?? '']
    expect(own.filter((model) => !provider.claims(model))).toEqual([])
    const others = ['claude-sonnet-4-5', 'gpt-5', 'anthropic/claude', 'amazon', 'xx.anthropic.x']
    expect(others.filter((model) => provider.claims(model))).toEqual([])
  })

  test('is in the registry', () => {
    const built = buildOne('bedrock', settings())
    expect(built.dial(call(), wanted).protocol.name).toBe('bedrock-converse')
  })
})

describe('Claude by `InvokeModel`', () => {
  const preferring = settings({ options: { ...keys, dialect: 'invoke' } })
  const provider = bedrock(preferring, protocols)
  const account = 'arn:aws:bedrock:us-east-1:123456789012'

  test.each([
    ['anthropic.claude-3-haiku-20240307-v1:0', true],
    ['eu.anthropic.claude-sonnet-4-5-20250929-v1:0', true],
    [`${account}:inference-profile/us.anthropic.claude-sonnet-4-5-20250929-v1:0`, true],
    ['arn:aws:bedrock:us-east-1::foundation-model/anthropic.claude-3-haiku-20240307-v1:0', true],
    // What is behind an ARN of one's own is not told.
    [`${account}:application-inference-profile/a1b2c3`, false],
    ['us.amazon.nova-lite-v1:0', false],
    ['openai.gpt-oss-120b-1:0', false],
  ])('%s: %p', (model, isInvoked) => {
    for (const stream of [true, false]) {
      const { protocol, path } = provider.dial(call(), { model, stream })
      expect(protocol).toBe(isInvoked ? bedrockInvoke : bedrockConverse)
      const invoked = stream ? 'invoke-with-response-stream' : 'invoke'
      const conversed = stream ? 'converse-stream' : 'converse'
      expect(path).toBe(`/model/${encodeModel(model)}/${isInvoked ? invoked : conversed}`)
    }
  })

  test('is signed like any other call, and asked for what it answers', async () => {
    const url = provider.url('/model/m/invoke-with-response-stream', '')
    const body = new TextEncoder().encode('{}')
    const headers = new Headers({ accept: 'text/event-stream' })
    await provider.authorize(headers, { method: 'POST', url, body })
    expect(headers.get('accept')).toBe('application/vnd.amazon.eventstream')
    const { host, pathname } = new URL(url)
    headers.set('host', host)
    const received = { method: 'POST', path: pathname, headers, body }
    expect(verifySignature(received, secretAccessKey).valid).toBe(true)
  })

  test('has the features that a client switched on in its body', () => {
    const client = new Headers({ 'anthropic-beta': 'context-1m-2025-08-07' })
    const amended = (model: string): object | undefined =>
      provider.amend?.({ max_tokens: 5 }, { model, stream: true }, client)
    expect(amended('anthropic.claude-x')).toEqual({
      max_tokens: 5,
      anthropic_beta: ['context-1m-2025-08-07'],
    })
    expect(amended('amazon.nova-lite-v1:0')).toEqual({ max_tokens: 5 })
  })

  test('is nobody`s where nobody asked for it, and nothing else can be preferred', () => {
    const usual = bedrock(settings({ options: { ...keys, dialect: 'converse' } }), protocols)
    const wanted = { model: 'anthropic.claude-x', stream: true }
    expect(usual.dial(call(), wanted).protocol).toBe(bedrockConverse)
    const strange = settings({ options: { ...keys, dialect: 'messages' } })
    expect(codeOf(() => bedrock(strange, protocols))).toBe('internal_error')
  })
})
