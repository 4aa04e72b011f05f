/**
 * Row 70: the first target, of one vendor, begins its answer and dies before any content; another
 * vendor answers. The client, in its own dialect, sees one stream that was never anything else.
 */
import { afterEach, describe, expect, test } from 'bun:test'
import { streamedAnswers } from '../kit/dialect-answers.ts'
import type { UpstreamScript } from '../kit/upstream.ts'
import type { UpstreamConnection } from '../kit/upstream-connection.ts'
import { endStands } from './client-stand.ts'
import { lateMsMax } from './clock-stand.ts'
import { askAs, type Client, expectCoherent } from './coherent-stand.ts'
import { page, stream } from './provider-stand.ts'
import { requestCounts, startTargets, type TargetsStand } from './targets-stand.ts'

afterEach(endStands)

/** Who answers, by what is spoken there, and where it is asked. */
const vendors = {
  messages: { model: 'claude-test', path: '/v1/messages' },
  chat: { model: 'gpt-test', path: '/v1/chat/completions' },
  gemini: {
    model: 'gemini-test',
    path: '/v1beta/models/gemini-test:streamGenerateContent?alt=sse',
  },
} as const
type Vendor = keyof typeof vendors

/** The provider at a place of the route; those that speak OpenAI's dialect are the stand's own. */
function providerOf(vendor: Vendor, index: number): string {
  if (vendor === 'chat') return index === 0 ? 'a' : 'b'
  return vendor === 'messages' ? 'anthropic' : 'gemini'
}
const modelOf = (vendor: Vendor, index: number): string =>
  `${providerOf(vendor, index)}/${vendors[vendor].model}`

/** The events of a vendor that stand before any content. */
const beginnings: Readonly<Record<'messages' | 'chat', string>> = {
  messages: [
    'event: message_start\n',
    'data: {"type":"message_start","message":{"id":"msg_dead","type":"message",',
    '"role":"assistant","model":"dead-model","content":[],"stop_reason":null,"stop_sequence":null,',
    '"usage":{"input_tokens":99,"output_tokens":1}}}\n\n',
    'event: content_block_start\ndata: {"type":"content_block_start","index":0,',
    '"content_block":{"type":"text","text":""}}\n\nevent: ping\ndata: {"type":"ping"}\n\n',
  ].join(''),
  chat: [
    'data: {"id":"chatcmpl-dead","object":"chat.completion.chunk","created":1,',
    '"model":"dead-model","choices":[{"index":0,"delta":{"role":"assistant","content":""},',
    '"finish_reason":null}]}\n\n',
  ].join(''),
}

/** How the first target dies behind its beginning. */
const deaths: readonly (readonly [string, (c: UpstreamConnection) => Promise<void>, string])[] = [
  ['its stream ends', (connection) => connection.end(), 'upstream_incomplete'],
  [
    'it is reset',
    async (connection) => {
      // What was sent before must have been read: a reset overtakes it.
      await Bun.sleep(50)
      connection.reset()
    },
    'upstream_reset',
  ],
  [
    'it says error',
    async (connection) => {
      const error = '{"type":"error","error":{"type":"overloaded_error","message":"Busy."}}'
      await connection.chunk(`event: error\ndata: ${error}\n\n`)
      await connection.end()
    },
    'upstream_error',
  ],
  [
    'it says nothing more',
    async (connection) => {
      await connection.closed
    },
    'upstream_first_token_timeout',
  ],
]

/** Begins an answer of that vendor, and dies. */
const dying =
  (vendor: 'messages' | 'chat', die: (c: UpstreamConnection) => Promise<void>): UpstreamScript =>
  async (_request, connection) => {
    await connection.head(200, stream)
    await connection.chunk(beginnings[vendor])
    await die(connection)
  }

/** Answers `Hello there` as that vendor. */
const whole =
  (vendor: Vendor): UpstreamScript =>
  async (_request, connection) => {
    await connection.head(200, stream)
    for (const event of streamedAnswers[vendor].events) await connection.chunk(event)
    await connection.end()
  }

/** A route of two vendors, each at a provider of its own. */
function startVendors(
  first: readonly [Vendor, UpstreamScript],
  second: readonly [Vendor, UpstreamScript],
  settings: Parameters<typeof startTargets>[2] = {},
  environment: Readonly<Record<string, string>> = {},
): Promise<TargetsStand> {
  const both = [first, second]
  const clocks = { firstTokenTimeoutMs: 250 }
  return startTargets(
    both.map(([, script]) => script),
    {
      traits: both.map(([vendor], index) => ({ model: modelOf(vendor, index), clocks })),
    },
    { retriesMax: 0, ...settings },
    (urls) => {
      const at = (vendor: Vendor): string =>
        urls[both.findIndex(([each]) => each === vendor)] ?? urls[0] ?? ''
      return {
        ...{ ANTHROPIC_API_KEY: 'sk-a', ANTHROPIC_BASE_URL: `${at('messages')}/v1` },
        ...{ GEMINI_API_KEY: 'key-g', GEMINI_BASE_URL: `${at('gemini')}/v1beta` },
        ...environment,
      }
    },
  )
}

/** A provider of OpenAI's dialect answers a client of responses without any translation. */
const clientsOf = (...route: readonly Vendor[]): readonly Client[] =>
  route.includes('chat') ? ['chat', 'messages'] : ['chat', 'messages', 'responses']

const routes: readonly (readonly ['messages' | 'chat', Vendor])[] = [
  ['messages', 'chat'],
  ['messages', 'gemini'],
  ['chat', 'messages'],
  ['chat', 'gemini'],
]

describe.each(routes)('%s dies, %s answers', (first, second) => {
  test.each(deaths)('when %s', async (_name, die, outcome) => {
    await Promise.all(
      clientsOf(first, second).map(async (client) => {
        const stand = await startVendors([first, dying(first, die)], [second, whole(second)])
        const response = await askAs(stand, client)
        expectCoherent(response, client)
        expect(response.header('x-sluice-provider')).toBe(providerOf(second, 1))
        expect(response.header('x-sluice-attempts')).toBe('2')
        expect(requestCounts(stand)).toEqual([1, 1])
        // Each was asked in its own language, with its own key.
        const [a, b] = await Promise.all(stand.upstreams.map((upstream) => upstream.request(0)))
        expect([a?.path, b?.path]).toEqual([vendors[first].path, vendors[second].path])
        expect((b?.receivedAtMs ?? 0) - (a?.receivedAtMs ?? 0)).toBeLessThan(250 + lateMsMax)
        const record = await stand.record(0)
        const [dead, alive] = record.attemptLog
        // The time to the first token is counted from here, so that none is of the dead one.
        expect(alive?.sentAtMs).toBeGreaterThanOrEqual(dead?.endedAtMs ?? Number.NaN)
        expect(dead?.answeredAtMs).toBe(0)
        expect(record.attemptLog.map((each) => [each.target, each.outcome])).toEqual([
          [modelOf(first, 0), outcome],
          [modelOf(second, 1), 'answered'],
        ])
        expect([record.provider, record.endReason]).toEqual([providerOf(second, 1), 'completed'])
        // Of the two usages it is that of the answer.
        expect(record.inputTokens).toBe(3)
        await stand.upstreams[0]?.until(({ busyConnections }) => busyConnections === 0, 'its end')
      }),
    )
  })
})

test.each(clientsOf('messages', 'gemini'))(
  'heartbeats that had opened the answer change nothing of it: %s',
  async (client) => {
    const [, silentDeath = async () => {}] = deaths[3] ?? []
    const stand = await startVendors(
      ['messages', dying('messages', silentDeath)],
      ['gemini', whole('gemini')],
      {},
      { STREAM_HEARTBEAT_INTERVAL_MS: '60' },
    )
    const response = await askAs(stand, client)
    expect((await stand.record(0)).heartbeats).toBeGreaterThanOrEqual(1)
    expectCoherent(response, client)
  },
)

test('who wants no stream is answered as well', async () => {
  const reply = { text: 'Hello there' }
  const part = { content: { role: 'model', parts: [reply] }, finishReason: 'STOP', index: 0 }
  const usageMetadata = { promptTokenCount: 3, candidatesTokenCount: 2, totalTokenCount: 5 }
  const gemini: UpstreamScript = async (_request, connection) => {
    const body = JSON.stringify({ candidates: [part], usageMetadata, modelVersion: 'gemini-test' })
    await connection.head(200, { 'content-type': 'application/json' })
    await connection.chunk(body)
    await connection.end()
  }
  const stand = await startVendors(['messages', page(200)], ['gemini', gemini])
  const messages = [{ role: 'user', content: 'Hi' }]
  const response = await stand.chat({ stream: false, messages })
  const { choices, usage } = JSON.parse(response.text())
  expect(choices[0].message).toMatchObject({ role: 'assistant', content: 'Hello there' })
  expect(usage.prompt_tokens).toBe(3)
})

test('the breaker of the dead one opens, and that of the other has seen nothing', async () => {
  const [, die = async () => {}] = deaths[0] ?? []
  const stand = await startVendors(['messages', dying('messages', die)], ['chat', whole('chat')], {
    breakerFailures: 2,
  })
  for (const counts of [
    [1, 1],
    [2, 2],
    [2, 3],
  ]) {
    expectCoherent(await askAs(stand, 'messages'), 'messages')
    expect(requestCounts(stand)).toEqual(counts)
  }
  const listed = (await (await fetch(new URL('/api/breakers', stand.app.url))).json()) as {
    breakers: { target: string; state: string; consecutiveFailures: number }[]
  }
  expect(listed.breakers.map(({ target, state }) => [target, state])).toEqual([
    ['anthropic/claude-test', 'open'],
    ['b/gpt-test', 'closed'],
  ])
  expect(listed.breakers[1]?.consecutiveFailures).toBe(0)
})
