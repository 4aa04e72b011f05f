import { afterEach, expect, test } from 'bun:test'
import { GatewayError } from '../../src/core/errors.ts'
import { CachedToken } from '../../src/provider/cached-token.ts'
import { exchangeIbmKey } from '../../src/provider/ibm-token.ts'
import { buildKind } from '../contract/kinds.ts'

const stops: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const stop of stops.splice(0)) await stop()
})

/** An exchange that answers with `status` and `body`, and what it was asked. */
function startIam(status: number, body: object) {
  const asked: string[] = []
  const server = Bun.serve({
    hostname: '127.0.0.1',
    port: 0,
    async fetch(request) {
      asked.push(await request.text())
      return Response.json(body, { status })
    },
  })
  stops.push(() => server.stop(true))
  return { address: `${server.url.origin}/identity/token`, asked }
}

const call = { method: 'POST', url: 'http://127.0.0.1:9', body: null }
const build = (iamAddress: string) =>
  buildKind('watsonx', { apiKey: 'ibm-key', options: { projectId: 'p', iamAddress } })

test('a key is exchanged once, and the token is used until it ages', async () => {
  const { address, asked } = startIam(200, { access_token: 'iam-token', expires_in: 3600 })
  const provider = build(address)
  const headers = [new Headers(), new Headers({ authorization: 'Bearer client' }), new Headers()]
  const [first, ...rest] = headers
  await Promise.all([first, ...rest].map((each) => each && provider.authorize(each, call)))
  for (const each of headers) expect(each.get('authorization')).toBe('Bearer iam-token')
  expect(asked).toEqual([
    'grant_type=urn%3Aibm%3Aparams%3Aoauth%3Agrant-type%3Aapikey&apikey=ibm-key',
  ])
})

test('a token that is about to expire is replaced', async () => {
  let made = 0
  const token = new CachedToken(async () => ({ value: `token-${++made}`, lifeMs: 59_000 }))
  expect([await token.get(), await token.get()]).toEqual(['token-1', 'token-2'])
})

test('an exchange that failed is tried again, by the next call', async () => {
  const { address, asked } = startIam(400, { errorCode: 'BXNIM0415E', errorMessage: 'ibm-key?' })
  const provider = build(address)
  for (const count of [1, 2]) {
    const thrown = await Promise.resolve(provider.authorize(new Headers(), call)).catch(
      (error: unknown) => error,
    )
    expect(thrown).toBeInstanceOf(GatewayError)
    expect((thrown as GatewayError).code).toBe('upstream_auth_failed')
    expect(Bun.inspect(thrown)).not.toContain('ibm-key')
    expect(asked).toHaveLength(count)
  }
})

test('nobody at the exchange is a failed connection, and its own faults are too', async () => {
  const { address } = startIam(503, {})
  for (const place of [address, 'http://127.0.0.1:1/identity/token']) {
    const thrown = await exchangeIbmKey(place, 'ibm-key', null).catch((error: unknown) => error)
    expect((thrown as GatewayError).code).toBe('upstream_connect_failed')
    expect(Bun.inspect(thrown)).not.toContain('ibm-key')
  }
})

test('a project or a space pays, and one of them must', () => {
  const body = { model: 'ibm/granite', messages: [], stream: true, tool_choice: 'auto' }
  const wanted = { model: 'ibm/granite', stream: true }
  const amended = (options: Record<string, string>) =>
    buildKind('watsonx', { options }).amend?.(body, wanted, new Headers())
  const rest = { model_id: 'ibm/granite', messages: [], tool_choice_option: 'auto' }
  expect(amended({ projectId: 'p' })).toEqual({ ...rest, project_id: 'p' })
  expect(amended({ spaceId: 's' })).toEqual({ ...rest, space_id: 's' })
  expect(() => amended({})).toThrow('project or a space')
  expect(() => amended({ projectId: 'p', iamAddress: 'ftp://x' })).toThrow('IAM URL')
})

test('embeddings are read from its results', () => {
  const { embeddings } = buildKind('watsonx')
  const written = embeddings?.write({
    ...{ model: 'ibm/slate', inputs: ['a', 'b'], dimensions: null, inputType: null },
    ...{ truncate: null, encoding: 'float', userId: null, extra: {} },
  })
  expect(written).toEqual({ model_id: 'ibm/slate', inputs: ['a', 'b'], project_id: 'project-1' })
  const results = [{ embedding: [1, 2] }, { embedding: [3, 4] }]
  expect(embeddings?.read({ model_id: 'ibm/slate', results, input_token_count: 4 })).toEqual({
    model: 'ibm/slate',
    vectors: [
      [1, 2],
      [3, 4],
    ],
    inputTokens: 4,
  })
  expect(() => embeddings?.read({ results: [{}] })).toThrow(GatewayError)
})
