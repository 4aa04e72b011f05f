/**
 * What crosses is a list of what may, in both directions: whatever else a client or a provider puts
 * into a head ends here, and what the provider reads is known to the byte.
 */
import { afterEach, expect, test } from 'bun:test'
import { sendJson } from '../kit/answers.ts'
import { startUpstream } from '../kit/upstream.ts'
import { endStands, type Stand, startStand } from './client-stand.ts'
import { answer, goodText, host, jsonLines, raw, rawChat, sendTo } from './request-stand.ts'

afterEach(endStands)

/** Names that mean something to somebody: credentials, addresses, identities, framing, ours. */
const telling = [
  ...['cookie', 'x-api-key', 'api-key', 'x-goog-api-key', 'x-auth-token', 'x-amz-security-token'],
  ...['x-goog-user-project', 'x-amz-date', 'x-ms-client-secret', 'dpop', 'signature'],
  ...['openai-organization', 'openai-project', 'anthropic-dangerous-direct-browser-access'],
  ...['x-forwarded-for', 'x-forwarded-host', 'x-forwarded-proto', 'x-real-ip', 'forwarded', 'via'],
  ...['x-original-url', 'x-rewrite-url', 'x-http-method-override', 'x-host', 'x-forwarded-server'],
  ...['referer', 'origin', 'sec-fetch-site', 'sec-fetch-mode', 'sec-ch-ua', 'dnt'],
  ...['te', 'trailer', 'keep-alive', 'proxy-authorization', 'proxy-connection', 'max-forwards'],
  ...['if-modified-since', 'cache-control', 'pragma', 'date', 'from', 'warning', 'accept-language'],
  ...['content-language', 'content-location', 'content-md5', 'content-disposition', 'digest'],
  ...['x-request-id', 'x-correlation-id', 'traceparent', 'tracestate', 'baggage', 'b3'],
  ...['x-sluice-priority', 'x-sluice-tags', 'x-sluice-cache', 'x-sluice-resume', 'x-sluice'],
  ...['x-stainless-lang', 'x-stainless-retry-count', 'helicone-auth', 'portkey-config'],
  ...['x-portkey-custom-host', 'x-base-url', 'x-upstream-url', 'x-llm-proxy', 'cf-connecting-ip'],
]
const made = Array.from(
  { length: 200 - telling.length },
  (_, index) => `X-Odd_${index}.~!#$%&'*+^|`,
)

const oddLines = [...telling, ...made].map((name, index) =>
  // This one is obeyed, so it must make sense; it goes no further either.
  name === 'x-sluice-priority' ? `${name}: high` : `${name}: canary-${index} "\xe9;=`,
)
/** The runtime takes about 200 headers in one request, so they go in two. */
const halves = [oddLines.slice(0, 100), oddLines.slice(100)]

/** What may cross, in the spelling of the client. */
const passing = [
  'Accept: text/event-stream',
  'Anthropic-Beta: beta-1',
  'Anthropic-Version: 2023-06-01',
  'Idempotency-Key: key-1',
  'If-Match: "a"',
  'If-None-Match: "b"',
  'OpenAI-Beta: assistants=v2',
  'Range: bytes=0-1',
]

const ours = (stand: Stand): string[] => [
  'accept-encoding: identity',
  'connection: keep-alive',
  `host: 127.0.0.1:${stand.upstream.port}`,
  'user-agent: sluice',
]
const body = [`content-length: ${goodText.length}`, 'content-type: application/json']
const openai = 'authorization: Bearer sk-test'

/** Sends a request and expects that the provider reads these lines, and not a byte besides. */
async function expectHead(stand: Stand, sent: string, path: string, lines: readonly string[]) {
  const known = stand.upstream.requestCount
  const readBefore = bytesRead(stand)
  const { response } = await sendTo(stand, sent)
  expect([await response.ended(), response.status]).toEqual(['complete', 200])
  const request = await stand.upstream.request(known)
  const head = request.headers.map(([name, value]) => `${name.toLowerCase()}: ${value}`).sort()
  expect(head).toEqual([...ours(stand), ...lines].sort())
  const text = await request.text()
  const whole = [`${request.method} ${path} HTTP/1.1`, ...head, '', text].join('\r\n')
  expect(bytesRead(stand) - readBefore).toBe(Buffer.from(whole, 'latin1').length)
}

const bytesRead = (stand: Stand): number =>
  stand.upstream.connections.reduce((sum, connection) => sum + connection.bytesRead, 0)

const routes: readonly (readonly [startLine: string, path: string, hasBody: boolean])[] = [
  ['POST /v1/chat/completions', '/v1/chat/completions', true],
  ['POST /v1/files', '/v1/files', true],
  ['GET /v1/files', '/v1/files', false],
  ['POST /passthrough/openai/x', '/v1/x', true],
]

test.each(routes)(
  '%s: of 200 odd headers none reaches the provider',
  async (line, path, hasBody) => {
    const stand = await startStand(answer)
    expect(oddLines).toHaveLength(200)
    for (const odd of halves) {
      const lines = [host, 'Authorization: Bearer mine', ...odd, ...(hasBody ? jsonLines : [])]
      const expected = [openai, 'accept: */*', ...(hasBody ? body : [])]
      await expectHead(stand, raw(line, lines, hasBody ? goodText : ''), path, expected)
    }
  },
)

test.each(routes)('%s: what is on the list arrives as it was', async (line, path, hasBody) => {
  const stand = await startStand(answer)
  const lines = [host, ...passing, ...(hasBody ? jsonLines : [])]
  const arrived = passing.map((text) => text.replace(/^[^:]+/, (name) => name.toLowerCase()))
  const expected = [openai, ...arrived, ...(hasBody ? body : [])]
  await expectHead(stand, raw(line, lines, hasBody ? goodText : ''), path, expected)
})

test('a provider with another kind of key gets that one, and none of the client', async () => {
  const messages = { id: 'x', type: 'message', role: 'assistant', content: [], model: 'm' }
  const anthropic = startUpstream(async (request, connection) => {
    await request.bytes()
    await sendJson(connection, 200, { ...messages, stop_reason: 'end_turn', usage: {} })
  })
  try {
    const environment = { ANTHROPIC_API_KEY: 'sk-ant', ANTHROPIC_BASE_URL: anthropic.url }
    const stand = await startStand(answer, environment)
    const text = '{"model":"claude-test","max_tokens":9,"messages":[]}'
    const own = ['x-api-key: mine', 'authorization: Bearer mine', 'anthropic-version: 2023-06-01']
    const type = ['content-type: application/json', `content-length: ${text.length}`]
    const { response } = await sendTo(
      stand,
      raw('POST /v1/messages', [host, ...own, ...type], text),
    )
    expect([await response.ended(), response.status]).toEqual(['complete', 200])
    const request = await anthropic.request(0)
    expect(request.headerLines('x-api-key')).toEqual(['sk-ant'])
    expect(JSON.stringify(request.headers)).not.toContain('mine')
    expect(stand.upstream.connectionCount).toBe(0)
  } finally {
    anthropic.stop()
  }
})

test('of 100 odd headers of a provider none reaches the client', async () => {
  const names = ['Set-Cookie', 'Server', 'Alt-Svc', 'openai-organization', 'openai-project', 'Via']
  const more = ['x-request-id', 'cf-ray', 'x-envoy-upstream', 'strict-transport-security', 'Link']
  const rest = Array.from({ length: 89 }, (_, index) => `X-Odd-${index}`)
  const sent = Object.fromEntries([...names, ...more, ...rest].map((name) => [name, 'canary']))
  const kept = { 'retry-after': '1', 'x-ratelimit-limit-requests': '5', etag: '"e"' }
  const stand = await startStand(async (_request, connection) => {
    await sendJson(connection, 200, { id: 'x', object: 'chat.completion' }, { ...sent, ...kept })
  })
  const line = rawChat()
  const { response } = await sendTo(stand, line)
  expect([await response.ended(), response.status]).toEqual(['complete', 200])
  expect(response.headers.map(([name]) => name.toLowerCase()).sort()).toEqual([
    'content-length',
    'content-type',
    'date',
    'etag',
    'retry-after',
    'x-ratelimit-limit-requests',
    'x-request-id',
    'x-sluice-attempts',
    'x-sluice-cost',
    'x-sluice-model',
    'x-sluice-overhead-ms',
    'x-sluice-provider',
  ])
  expect(response.headers.flat().join()).not.toContain('canary')
})
