/**
 * Every route of the router, called on the executable without credentials, with wrong ones, with
 * those of another tenant, with a client's own and with the operator's: each answer is the one of
 * the table here, and a route that is not in it fails.
 */
import { afterAll, beforeAll, expect, setDefaultTimeout, test } from 'bun:test'
import { createRouter } from '../../src/server/router.ts'
import { ask } from '../kit/client.ts'
import type { Program } from '../kit/program.ts'
import * as fleet from '../sharing/fleet.ts'
import { edgeOptions } from './edge.ts'

setDefaultTimeout(60_000)

/** Who is let in, and what those who are get told; all others are refused. */
interface Declared {
  readonly for: 'everybody' | 'operator' | 'clients'
  readonly answer: number
  /** What the other tenant gets, who may use other models only; 403 where nothing is said. */
  readonly other?: number
  /** A path that the route matches; the pattern itself where nothing is said. */
  readonly target?: string
  /** The method that is sent; needed where the route takes all. */
  readonly as?: string
  readonly dialect?: 'openai' | 'anthropic' | 'gemini'
}

const everybody = { for: 'everybody', answer: 200 } as const
const operator = { for: 'operator', answer: 200 } as const
const clients = { for: 'clients', answer: 200 } as const

/** The answer to a method that a route does not have. */
const wrongMethod = { answer: 405, as: 'DELETE' } as const
const notForAnybody = { ...everybody, ...wrongMethod }
const notForTheOperator = { ...operator, ...wrongMethod }

const key = { target: '/api/keys/key_x' }
const stream = { target: '/api/streams/req_x' }
const rotation = { target: '/api/keys/key_x/rotate' }
const lost = { target: '/v1/streams/strm_x', answer: 404, other: 404 }
const other = { target: '/v1/files' }
const passthrough = { target: '/passthrough/openai/files', as: 'GET' }
const gemini = { dialect: 'gemini' } as const
const anthropic = { dialect: 'anthropic' } as const
const generate = ':generateContent'

/** Bodies are small requests for a model, which is not what the operator's routes want. */
const declared: Readonly<Record<string, Declared>> = {
  'GET /': { ...everybody, answer: 302 },
  'ALL /': notForAnybody,
  'GET /favicon.ico': { ...everybody, answer: 204 },
  'ALL /favicon.ico': notForAnybody,
  'GET /healthz': everybody,
  'ALL /healthz': notForAnybody,
  'GET /readyz': everybody,
  'ALL /readyz': notForAnybody,
  ...Object.fromEntries(
    ['', 'json', 'swagger-ui.js', 'swagger-ui.css', 'page.js', 'page.css', 'icon.svg']
      .concat('license.txt')
      .map((name) => (name === '' ? '/docs' : `/docs/${name}`))
      .flatMap((path) => [
        [`GET ${path}`, everybody],
        [`ALL ${path}`, notForAnybody],
      ]),
  ),

  'GET /buffer-pool-metrics': operator,
  'ALL /buffer-pool-metrics': notForTheOperator,
  'GET /api/breakers': operator,
  'PUT /api/breakers': { ...operator, answer: 400 },
  'ALL /api/breakers': notForTheOperator,
  'GET /api/overload': operator,
  'ALL /api/overload': notForTheOperator,
  'GET /api/limits': operator,
  'ALL /api/limits': notForTheOperator,
  'GET /api/ai/performance': operator,
  'ALL /api/ai/performance': notForTheOperator,
  'GET /api/streams': operator,
  'ALL /api/streams': notForTheOperator,
  'GET /api/streams/:id': { ...operator, ...stream, answer: 404 },
  'DELETE /api/streams/:id': { ...operator, ...stream, answer: 404 },
  'ALL /api/streams/:id': { ...operator, ...stream, answer: 405, as: 'PUT' },
  'GET /api/queue': operator,
  'ALL /api/queue': notForTheOperator,
  'GET /metrics': operator,
  'ALL /metrics': notForTheOperator,
  'GET /api/keys': operator,
  'POST /api/keys': { ...operator, answer: 400 },
  'ALL /api/keys': notForTheOperator,
  'GET /api/keys/:id': { ...operator, ...key, answer: 404 },
  'PATCH /api/keys/:id': { ...operator, ...key, answer: 400 },
  'DELETE /api/keys/:id': { ...operator, ...key, answer: 404 },
  'ALL /api/keys/:id': { ...notForTheOperator, ...key, as: 'PUT' },
  'POST /api/keys/:id/rotate': { ...operator, ...rotation, answer: 400 },
  'ALL /api/keys/:id/rotate': { ...notForTheOperator, ...rotation },
  'GET /api/usage': operator,
  'ALL /api/usage': notForTheOperator,
  'GET /api/alerts': operator,
  'ALL /api/alerts': notForTheOperator,
  'PUT /api/alerts/:id': { ...operator, target: '/api/alerts/errors', answer: 400 },
  'ALL /api/alerts/:id': { ...notForTheOperator, target: '/api/alerts/errors' },
  ...Object.fromEntries(
    ['', '/page.js', '/page.css', '/icon.svg'].flatMap((name) => [
      [`GET /dashboard${name}`, everybody],
      [`ALL /dashboard${name}`, notForAnybody],
    ]),
  ),
  'GET /dashboard/session': everybody,
  'POST /dashboard/session': { ...everybody, answer: 401 },
  'DELETE /dashboard/session': { ...everybody, answer: 403 },
  'ALL /dashboard/session': { ...everybody, answer: 405, as: 'PUT' },
  'GET /dashboard/feed': { ...operator, answer: 426 },
  'ALL /dashboard/feed': notForTheOperator,

  'POST /v1/chat/completions': clients,
  'GET /v1/chat/completions': clients,
  'ALL /v1/chat/completions': notForAnybody,
  'POST /v1/completions': clients,
  'ALL /v1/completions': notForAnybody,
  'POST /v1/responses': clients,
  'ALL /v1/responses': notForAnybody,
  'POST /v1/embeddings': clients,
  'ALL /v1/embeddings': notForAnybody,
  'POST /v1/messages': { ...clients, ...anthropic },
  'ALL /v1/messages': notForAnybody,
  // There is no counting behind a provider of another dialect.
  'POST /v1/messages/count_tokens': { ...clients, ...anthropic, answer: 404 },
  'ALL /v1/messages/count_tokens': notForAnybody,
  // The lists are for every client, and each sees what it may use.
  'GET /v1/models': { ...clients, other: 200 },
  'ALL /v1/models': notForAnybody,
  'GET /v1/models/*': { ...clients, target: '/v1/models/openai/quick', other: 404 },
  'POST /v1/models/*': { ...clients, ...gemini, target: `/v1/models/openai/quick${generate}` },
  'GET /v1beta/models': { ...clients, ...gemini, other: 200 },
  'GET /v1beta/models/*': {
    ...{ ...clients, ...gemini },
    ...{ target: '/v1beta/models/openai/quick', other: 404 },
  },
  'POST /v1beta/*': { ...clients, ...gemini, target: `/v1beta/models/openai/quick${generate}` },
  'ALL /v1beta/*': { ...notForAnybody, target: '/v1beta/models/openai/quick' },
  'GET /v1/streams/:id': { ...clients, ...lost },
  'DELETE /v1/streams/:id': { ...clients, ...lost },
  'GET /v1/*': { ...clients, ...other },
  'POST /v1/*': { ...clients, ...other },
  'PUT /v1/*': { ...clients, ...other },
  'PATCH /v1/*': { ...clients, ...other },
  'DELETE /v1/*': { ...clients, ...other },
  'ALL /v1/*': { ...clients, ...other, as: 'HEAD' },
  'ALL /passthrough/:provider/*': { ...clients, ...passthrough },
}

const routes = createRouter(edgeOptions(), () => new Response()).routes
const nameOf = ({ method, path }: { method: string; path: string }) => `${method} ${path}`

test('every route is declared, and nothing else is', () => {
  expect(routes.map(nameOf).toSorted()).toEqual(Object.keys(declared).toSorted())
})

let program: Program
beforeAll(async () => {
  const provider = fleet.startProvider()
  const keys = { own: {}, other: { models: ['claude-*'], providers: ['anthropic'] } }
  program = await fleet.startMachine({
    ...fleet.environmentOf(provider, keys),
    ANTHROPIC_API_KEY: 'sk-test',
    ANTHROPIC_BASE_URL: provider.upstream.url,
    LEDGER: 'on',
  })
})
afterAll(fleet.endFleets)

const secrets = {
  nobody: null,
  wrong: 'nobodys-secret',
  other: fleet.secretOf('other'),
  own: fleet.secretOf('own'),
  operator: fleet.adminToken,
} as const
type Caller = keyof typeof secrets
const callers = Object.keys(secrets) as readonly Caller[]

const content = 'hello'
const message = { model: 'openai/quick', max_tokens: 1, messages: [{ role: 'user', content }] }
const bodies = {
  openai: JSON.stringify({ ...message, input: content, prompt: content }),
  anthropic: JSON.stringify(message),
  gemini: JSON.stringify({ contents: [{ role: 'user', parts: [{ text: content }] }] }),
}

/** The word for a refusal in each dialect, in the order of the statuses. */
const words = {
  openai: { 401: 'invalid_api_key', 403: 'forbidden' },
  anthropic: { 401: 'authentication_error', 403: 'permission_error' },
  gemini: { 401: 'UNAUTHENTICATED', 403: 'PERMISSION_DENIED' },
} as const

function statusFor(caller: Caller, { for: wanted, answer, other = 403 }: Declared): number {
  if (wanted === 'everybody') return answer
  if (wanted === 'operator') return caller === 'operator' ? answer : 401
  if (caller === 'own') return answer
  return caller === 'other' ? other : 401
}

test.each(Object.keys(declared))('%s', async (name) => {
  const route = declared[name]
  if (route === undefined) throw new Error('it is in the table')
  const [first = '', pattern = ''] = name.split(' ')
  const method = route.as ?? first
  const path = route.target ?? pattern
  const dialect = route.dialect ?? 'openai'
  const hasBody = ['POST', 'PUT', 'PATCH'].includes(method)
  for (const caller of callers) {
    const secret = secrets[caller]
    const response = await ask(program.url, {
      ...{ method, path },
      headers: {
        ...(hasBody && { 'content-type': 'application/json' }),
        ...(secret !== null && { authorization: `Bearer ${secret}` }),
      },
      ...(hasBody && { body: bodies[dialect] }),
    })
    const expected = statusFor(caller, route)
    expect(response.status, `${name} for ${caller}`).toBe(expected)
    if (method === 'HEAD' || (expected !== 401 && expected !== 403)) continue
    const { error } = JSON.parse(response.text())
    const word = { openai: error.code, anthropic: error.type, gemini: error.status }[dialect]
    expect(word, `${name} for ${caller}`).toBe(words[dialect][expected])
  }
})
