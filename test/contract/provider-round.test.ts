/**
 * The whole way: a client of each dialect, the program, and a scripted provider of each kind that
 * answers in its own words and looks at what it is sent.
 */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import type { App } from '../../src/app.ts'
import { collect } from '../../src/protocol/hub/collect.ts'
import { providerQuirks } from '../../src/provider/registry.ts'
import { startAppWith } from '../behaviour/client-stand.ts'
import { replay, sendJson } from '../kit/answers.ts'
import { ask, jsonRequest } from '../kit/client.ts'
import { expectNothingLeft } from '../kit/leftovers.ts'
import type { RawResponse } from '../kit/response.ts'
import { startUpstream, type Upstream, type UpstreamScript } from '../kit/upstream.ts'
import type { UpstreamRequest } from '../kit/upstream-request.ts'
import { answerIn } from './answers.ts'
import { type Client, callOf, clients, readStream } from './clients.ts'
import { agentTurn } from './conversation.ts'
import {
  buildKind,
  clientKey,
  environmentOf,
  exchangedToken,
  keyHeaderOf,
  operatorKey,
  type Place,
  places,
  remoteKinds,
  settingsOf,
} from './kinds.ts'
import { schemaOf } from './schemas/of-kind.ts'
import { said, tokens } from './stream-answer.ts'

let upstream: Upstream
let app: App
let answer: UpstreamScript = () => {}

beforeAll(async () => {
  upstream = startUpstream(async (request, connection) => {
    await request.bytes()
    if (request.path !== '/identity/token') return answer(request, connection)
    await sendJson(connection, 200, { access_token: exchangedToken, expires_in: 3600 })
  })
  const preferred = Object.fromEntries(places.map(({ kind, options }) => [kind, options]))
  ;({ app } = await startAppWith({ PORT: '0', ...environmentOf(upstream.url, preferred) }))
})

afterAll(async () => {
  await expectNothingLeft(app, { upstreams: () => upstream.busyConnections })
  await app.stop(0)
  upstream.stop()
})

/** What the provider of a kind is to be asked by this client, or null where it has no answer. */
function dialOf({ kind, model, options }: Place, client: Client) {
  const settings = settingsOf(kind, upstream.url)
  const provider = buildKind(kind, { ...settings, options: { ...settings.options, ...options } })
  try {
    const dial = provider.dial(callOf(client, `${kind}/${model}`), { model, stream: true })
    return { ...dial, url: new URL(provider.url(dial.path, dial.search)) }
  } catch {
    return null
  }
}

interface Round {
  readonly response: RawResponse
  readonly request: UpstreamRequest | null
}

async function round(place: Place, client: Client, body: object): Promise<Round> {
  const { kind, model } = place
  const dial = dialOf(place, client)
  if (dial !== null) {
    const { bytes, contentType } = answerIn(dial.protocol.name)
    answer = replay(bytes, 'whole', { headers: { 'content-type': contentType } })
  }
  const before = upstream.requests.length
  const target = client.target(`${kind}/${model}`)
  const headers = { authorization: `Bearer ${clientKey}`, 'x-api-key': clientKey }
  const response = await ask(app.url, jsonRequest(target, body, headers))
  const isModelCall = ({ path }: UpstreamRequest): boolean => path !== '/identity/token'
  return { response, request: upstream.requests.slice(before).find(isModelCall) ?? null }
}

function expectCredentials(kind: string, request: UpstreamRequest): void {
  const key = kind === 'watsonx' ? exchangedToken : operatorKey
  expect(request.header(keyHeaderOf(kind))).toContain(key)
  const seen = JSON.stringify([request.path, request.headers])
  expect(seen).not.toContain(clientKey)
  expect(request.path).not.toContain(key)
}

describe.each(places.map((place) => [place.title, place] as const))('%s', (_title, place) => {
  const { kind, model } = place
  test.each(Object.entries(clients))('answers a client of %s', async (_, client) => {
    const dial = dialOf(place, client)
    const body = client.body(`${kind}/${model}`)
    const { response, request } = await round(place, client, body)
    if (dial === null) {
      expect([response.status, request]).toEqual([404, null])
      return
    }
    expect([response.status, response.ending, response.text().slice(0, 300)]).toEqual([
      200,
      'complete',
      expect.any(String),
    ])
    const { choices, usage, error, ended } = collect(readStream(client.protocol, response.body()))
    expect([error, ended, choices.length]).toEqual([null, true, 1])
    // What only the client's own dialect knows, such as a head of its own, is no content.
    const parts = choices[0]?.parts.filter(({ type }) => type !== 'native') ?? []
    const text = parts.map((part) => (part.type === 'text' ? part.text : `(${part.type})`)).join('')
    expect([text, choices[0]?.finish?.reason]).toEqual([said.join(''), 'stop'])
    expect([usage?.inputTokens, usage?.outputTokens]).toEqual([tokens.input, tokens.output])

    expect(`${request?.method} ${request?.path}`).toBe(
      `POST ${dial.url.pathname}${dial.url.search}`,
    )
    if (request === null) throw new Error('nobody was asked')
    expectCredentials(kind, request)
    const sent = await request.json()
    // What is not translated is the client's own, but for the name of the model.
    if (dial.protocol === client.protocol) expect(sent).toEqual(client.body(model))
    else schemaOf(kind, dial.protocol.name).parse(sent)
  })

  test('understands an agent in the middle of its work', async () => {
    const { messages } = clients
    if (messages === undefined) throw new Error('there is no such client')
    const dial = dialOf(place, messages)
    if (dial === null) return
    const body = agentTurn(`${kind}/${model}`)
    const { response, request } = await round(place, messages, body)
    const hasNoTools = providerQuirks[kind]?.some(
      ({ what, how }) => what === 'tools' && how === 'refused',
    )
    if (hasNoTools) {
      expect([response.status, request]).toEqual([400, null])
      expect(response.text()).toContain("'tools'")
      return
    }
    expect([response.status, response.text().slice(0, 200)]).toEqual([200, expect.any(String)])
    const sent = await request?.json()
    if (dial.protocol === messages.protocol) expect(sent).toEqual(agentTurn(model))
    else schemaOf(kind, dial.protocol.name).parse(sent)
  })

  test('tells of a refusal in the client`s dialect, and keeps its secrets', async () => {
    for (const client of Object.values(clients)) {
      if (dialOf(place, client) === null) continue
      const refusal = { error: { message: `Wrong key: ${operatorKey}`, type: 'auth' } }
      answer = (_request, connection) => sendJson(connection, 401, refusal)
      const target = client.target(`${kind}/${model}`)
      const response = await ask(app.url, jsonRequest(target, client.body(`${kind}/${model}`)))
      expect(response.status).toBe(502)
      expect(response.text()).not.toContain(operatorKey)
      const raised = client.protocol.readError(502, JSON.parse(response.text()), null)
      expect(raised.message).not.toBe('')
    }
  })
})

const model = 'test-model'
const asides = [
  ['/v1/messages/count_tokens', { messages: [{ role: 'user', content: 'Hello?' }] }],
  [`/v1beta/models/${model}:countTokens`, { contents: [{ parts: [{ text: 'Hello?' }] }] }],
  [`/v1beta/models/${model}:embedContent`, { content: { parts: [{ text: 'Hello?' }] } }],
] as const

test.each(asides)('%s never asks for an answer', async (path, body) => {
  for (const kind of remoteKinds) {
    answer = (_request, connection) => sendJson(connection, 404, { message: 'not here' })
    const before = upstream.requests.length
    const target = path.replace(`/${model}`, `/${kind}/${model}`)
    await ask(app.url, jsonRequest(target, { model: `${kind}/${model}`, ...body }))
    for (const { path: asked } of upstream.requests.slice(before)) {
      expect(asked).toMatch(/identity|count|embed|:predict|invoke/i)
    }
  }
})
