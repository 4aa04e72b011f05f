/** What we write for Cohere, and that Cohere's own SDK would have sent the same. */
import { describe, expect, test } from 'bun:test'
import { CohereClientV2 } from 'cohere-ai'
import { losses } from '../../../src/protocol/cohere-chat/losses.ts'
import { writeRequest } from '../../../src/protocol/cohere-chat/request.ts'
import type { HubRequest } from '../../../src/protocol/hub/request.ts'
import { call, hubRequest, image, result, says, text, thought, weather } from '../hub-request.ts'
import { type Refused, testDrops, testRefusals } from '../losses-stand.ts'
import { replayServer } from '../replay.ts'

const write = (rest: Partial<HubRequest>) => writeRequest(hubRequest(rest))

/** Names in the way of the SDK's arguments, apart from what the schema of a tool says. */
function camelCase(value: unknown, key = ''): unknown {
  if (key === 'parameters' || key === 'json_schema') return value
  if (Array.isArray(value)) return value.map((item) => camelCase(item))
  if (typeof value !== 'object' || value === null) return value
  const entries = Object.entries(value).map(([name, part]) => [
    name.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase()),
    camelCase(part, name),
  ])
  return Object.fromEntries(entries)
}

async function sentBySdk(body: object): Promise<unknown> {
  const answer = { id: 'x', message: { role: 'assistant' }, finish_reason: 'COMPLETE' }
  const bytes = new TextEncoder().encode(JSON.stringify(answer))
  const server = replayServer(bytes, 'application/json')
  try {
    const client = new CohereClientV2({ token: 'key', environment: server.address })
    await client.chat(camelCase(body) as Parameters<typeof client.chat>[0])
    expect(server.requests[0]?.url.pathname).toBe('/v2/chat')
    return JSON.parse(server.requests[0]?.body ?? '')
  } finally {
    await server.stop()
  }
}

const rich: Partial<HubRequest> = {
  model: 'command-a-03-2025',
  messages: [
    says('system', text('Be brief.', { ttl: null })),
    says('developer', text('Be kind.')),
    says('user', text('Look:'), image('AAAA')),
    says('assistant', thought('I will look.'), call('t1', 'weather', '{"city":"Oslo"}')),
    says('tool', result('t1', [text('rain'), text('12 C')], true)),
    says('assistant', thought('Hm.'), thought('x', { signedBy: 'gemini' }), text('Rain.')),
    says('user', text('Thanks')),
  ],
  tools: [{ ...weather, strict: true }],
  toolChoice: { type: 'required' },
  responseFormat: {
    type: 'json-schema',
    name: 'city',
    description: null,
    schema: { type: 'object' },
    strict: true,
  },
  reasoning: { enabled: null, effort: 'medium', budgetTokens: null, summary: 'auto' },
  outputTokensMax: 100,
  temperature: 0.5,
  topP: 1,
  topK: 40,
  stop: ['END'],
  seed: 7,
  frequencyPenalty: 0.1,
  presencePenalty: 0.2,
  logprobs: true,
}

describe('a request with everything', () => {
  const body = write(rich)

  test('says it in the words of Cohere', () => {
    const { type, name, description, parameters } = weather
    expect(body).toEqual({
      model: 'command-a-03-2025',
      stream: false,
      messages: [
        { role: 'system', content: 'Be brief.' },
        { role: 'system', content: 'Be kind.' },
        {
          role: 'user',
          content: [
            { type: 'text', text: 'Look:' },
            { type: 'image_url', image_url: { url: 'data:image/png;base64,AAAA' } },
          ],
        },
        {
          role: 'assistant',
          tool_plan: 'I will look.',
          tool_calls: [
            {
              id: 't1',
              type: 'function',
              function: { name: 'weather', arguments: '{"city":"Oslo"}' },
            },
          ],
        },
        { role: 'tool', tool_call_id: 't1', content: 'rain\n12 C' },
        {
          role: 'assistant',
          content: [
            { type: 'thinking', thinking: 'Hm.' },
            { type: 'text', text: 'Rain.' },
          ],
        },
        { role: 'user', content: 'Thanks' },
      ],
      tools: [{ type, function: { name, description, parameters } }],
      strict_tools: true,
      tool_choice: 'REQUIRED',
      response_format: { type: 'json_object', json_schema: { type: 'object' } },
      max_tokens: 100,
      stop_sequences: ['END'],
      temperature: 0.5,
      p: 0.99,
      k: 40,
      seed: 7,
      frequency_penalty: 0.1,
      presence_penalty: 0.2,
      logprobs: true,
      thinking: { type: 'enabled', token_budget: 8192 },
    })
  })

  test('is what the SDK sends for it, to the last field', async () => {
    expect(await sentBySdk(body)).toEqual(JSON.parse(JSON.stringify(body)))
  })
})

describe('what cannot be said', () => {
  const pdf = {
    type: 'file',
    source: { kind: 'base64', data: 'AAAA', mediaType: 'application/pdf' },
    filename: null,
    cache: null,
  } as const
  const own: readonly Refused[] = [
    ['top_logprobs', { topLogprobs: 2 }],
    ['file', { messages: [says('user', pdf)] }],
    ['audio', { messages: [says('user', { type: 'audio', data: 'AAAA', format: 'wav' })] }],
    ['image', { messages: [says('tool', result('t', [image('AAAA')]))] }],
  ]
  testRefusals(losses, own, write)
  testDrops({ userId: 'u', metadata: { a: 'b' }, serviceTier: 'flex' }, write)
})

describe('tools', () => {
  const other = { ...weather, name: 'other' }
  test.each([
    [{ type: 'auto' }, undefined, 2],
    [{ type: 'none' }, 'NONE', 2],
    [{ type: 'required' }, 'REQUIRED', 2],
    [{ type: 'tool', name: 'other' }, 'REQUIRED', 1],
    [{ type: 'allowed', mode: 'auto', names: ['other'] }, undefined, 1],
    [{ type: 'allowed', mode: 'required', names: ['other'] }, 'REQUIRED', 1],
  ] as const)('%j', (toolChoice, word, count) => {
    const { tools, tool_choice } = write({ tools: [weather, other], toolChoice })
    expect([tool_choice, (tools as unknown[]).length]).toEqual([word, count])
  })
})

describe('thinking', () => {
  const settings = { enabled: null, effort: null, budgetTokens: null, summary: null }
  test.each([
    [settings, undefined],
    [{ ...settings, enabled: false }, { type: 'disabled' }],
    [{ ...settings, effort: 'none' }, { type: 'disabled' }],
    [{ ...settings, enabled: true }, { type: 'enabled' }],
    [
      { ...settings, effort: 'high', budgetTokens: 500 },
      { type: 'enabled', token_budget: 500 },
    ],
  ])('%j', (reasoning, thinking) => {
    expect(write({ reasoning }).thinking).toEqual(thinking)
  })
})
