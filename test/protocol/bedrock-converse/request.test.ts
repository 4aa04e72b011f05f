/** What we write for Converse, and that AWS's own SDK knows every word of it. */
import { describe, expect, test } from 'bun:test'
import {
  ConverseCommand,
  type ConverseCommandInput,
  CountTokensCommand,
  type CountTokensCommandInput,
} from '@aws-sdk/client-bedrock-runtime'
import {
  readCount,
  writeCountRequest,
} from '../../../src/protocol/bedrock-converse/count-tokens.ts'
import { losses } from '../../../src/protocol/bedrock-converse/losses.ts'
import { writeRequest } from '../../../src/protocol/bedrock-converse/request.ts'
import { fittedToolCallId, toolCallIdChars } from '../../../src/protocol/hub/ids.ts'
import type { HubRequest, Part } from '../../../src/protocol/hub/request.ts'
import { call, hubRequest, image, result, says, text, thought, weather } from '../hub-request.ts'
import { type Refused, testDrops, testRefusals } from '../losses-stand.ts'
import { replayServer } from '../replay.ts'
import { sdkClient } from './sdk-client.ts'

const write = (rest: Partial<HubRequest>) => writeRequest(hubRequest(rest))

/** Base64 as the bytes that the SDK wants in its place. */
function withBytes(value: unknown, key = ''): unknown {
  if (typeof value === 'string' && (key === 'bytes' || key === 'redactedContent')) {
    return new Uint8Array(Buffer.from(value, 'base64'))
  }
  if (Array.isArray(value)) return value.map((item) => withBytes(item))
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    Object.entries(value).map(([name, part]) => [name, withBytes(part, name)]),
  )
}

/** The body that the SDK sends for the same request: it leaves out what it does not know. */
async function sentBySdk(body: object): Promise<unknown> {
  const answer = { output: { message: { role: 'assistant', content: [] } }, stopReason: 'end_turn' }
  const bytes = new TextEncoder().encode(JSON.stringify(answer))
  const server = replayServer(bytes, 'application/json')
  const client = sdkClient(server.address)
  try {
    const input = { ...(withBytes(body) as object), modelId: 'm' } as ConverseCommandInput
    await client.send(new ConverseCommand(input))
    return JSON.parse(server.requests[0]?.body ?? '')
  } finally {
    client.destroy()
    await server.stop()
  }
}

const file: Part = {
  type: 'file',
  source: { kind: 'base64', data: 'JVBERi0=', mediaType: 'application/pdf' },
  filename: 'Q3_report (final).pdf',
  cache: null,
}

const rich: Partial<HubRequest> = {
  model: 'us.anthropic.claude-sonnet-4-5-20250929-v1:0',
  messages: [
    says('system', text('Be brief.', { ttl: '1h' })),
    says('developer', text('Answer in English.')),
    says('user', text('Look:'), image('iVBORw0KGgo='), file),
    says('user', text('And?', { ttl: null })),
    says(
      'assistant',
      thought('Hm.', { signature: 'sig', signedBy: 'bedrock-converse' }),
      thought('', { redacted: 'cmVkYWN0ZWQ=', signedBy: 'bedrock-converse' }),
      thought('Not mine.', { signature: 'x', signedBy: 'anthropic-messages' }),
      text('Two calls.'),
      call('call_1', 'weather', '{"city": "Oslo"}'),
      call('call.with/odd marks', 'weather', ''),
    ),
    says('tool', result('call_1', [text('rain'), image('AAAA', 'image/jpeg')])),
    says('tool', result('call.with/odd marks', [text('no city')], true)),
    says('user', text('Thanks')),
  ],
  tools: [{ ...weather, strict: true, cache: { ttl: null } }],
  toolChoice: { type: 'required' },
  responseFormat: {
    type: 'json-schema',
    name: 'city',
    description: null,
    schema: { type: 'object' },
    strict: true,
  },
  reasoning: { enabled: true, effort: null, budgetTokens: 2000, summary: null },
  outputTokensMax: 4000,
  temperature: 1,
  topP: 0.9,
  topK: 40,
  stop: ['END'],
  userId: 'user-1',
  serviceTier: 'priority',
  metadata: { team: 'a', 'not legal!': 'x', count: 3 },
}

/** What stands for the id that AWS would refuse. */
const id = fittedToolCallId('call.with/odd marks', toolCallIdChars)

/** The same in the words of Converse. */
const expectedBody = {
  system: [
    { text: 'Be brief.' },
    { cachePoint: { type: 'default', ttl: '1h' } },
    { text: 'Answer in English.' },
  ],
  messages: [
    {
      role: 'user',
      content: [
        { text: 'Look:' },
        { image: { format: 'png', source: { bytes: 'iVBORw0KGgo=' } } },
        {
          document: {
            format: 'pdf',
            name: 'Q3 report (final)',
            source: { bytes: 'JVBERi0=' },
          },
        },
        { text: 'And?' },
        { cachePoint: { type: 'default' } },
      ],
    },
    {
      role: 'assistant',
      content: [
        { reasoningContent: { reasoningText: { text: 'Hm.', signature: 'sig' } } },
        { reasoningContent: { redactedContent: 'cmVkYWN0ZWQ=' } },
        { text: 'Two calls.' },
        { toolUse: { toolUseId: 'call_1', name: 'weather', input: { city: 'Oslo' } } },
        { toolUse: { toolUseId: id, name: 'weather', input: {} } },
      ],
    },
    {
      role: 'user',
      content: [
        {
          toolResult: {
            toolUseId: 'call_1',
            content: [{ text: 'rain' }, { image: { format: 'jpeg', source: { bytes: 'AAAA' } } }],
          },
        },
        { toolResult: { toolUseId: id, content: [{ text: 'no city' }], status: 'error' } },
        { text: 'Thanks' },
      ],
    },
  ],
  inferenceConfig: { maxTokens: 4000, temperature: 1, topP: 0.9, stopSequences: ['END'] },
  toolConfig: {
    tools: [
      {
        toolSpec: {
          name: 'weather',
          description: 'The weather of a city.',
          inputSchema: { json: weather.parameters },
          strict: true,
        },
      },
      { cachePoint: { type: 'default' } },
    ],
    toolChoice: { any: {} },
  },
  additionalModelRequestFields: {
    top_k: 40,
    thinking: { type: 'enabled', budget_tokens: 2000 },
  },
  requestMetadata: { user_id: 'user-1', team: 'a' },
  serviceTier: { type: 'priority' },
  outputConfig: {
    textFormat: {
      type: 'json_schema',
      structure: { jsonSchema: { schema: '{"type":"object"}', name: 'city' } },
    },
  },
}

describe('a request with everything', () => {
  const body = write(rich)

  test('says it in the words of Converse', () => {
    expect(id).toMatch(/^call_[0-9a-f]{24}$/)
    expect(body).toEqual(expectedBody)
  })

  test('is what the SDK sends for it, to the last field', async () => {
    expect(await sentBySdk(body)).toEqual(JSON.parse(JSON.stringify(body)))
  })
})

test('counting takes what Converse would get, in the words of the SDK', async () => {
  const written = writeCountRequest(hubRequest(rich))
  const server = replayServer(new TextEncoder().encode('{"inputTokens":12}'), 'application/json')
  const client = sdkClient(server.address)
  try {
    const input = { ...(withBytes(written) as object), modelId: 'm' } as CountTokensCommandInput
    const answer = await client.send(new CountTokensCommand(input))
    expect(answer.inputTokens).toBe(readCount({ inputTokens: 12 }) ?? -1)
    expect(server.requests[0]?.url.pathname).toBe('/model/m/count-tokens')
    expect(JSON.parse(server.requests[0]?.body ?? '')).toEqual(JSON.parse(JSON.stringify(written)))
  } finally {
    client.destroy()
    await server.stop()
  }
})

describe('what cannot be said', () => {
  const png = (url: string): Part => ({
    type: 'image',
    source: { kind: 'url', url, mediaType: null },
    detail: null,
    cache: null,
  })
  const used = [says('assistant', call('a', 'weather', '{}')), says('tool', result('a', []))]
  const own: readonly Refused[] = [
    ['frequency_penalty', { frequencyPenalty: 0.5 }],
    ['presence_penalty', { presencePenalty: 0.5 }],
    ['logprobs', { logprobs: true }],
    ['response_format', { responseFormat: { type: 'json' } }],
    ['image.url', { messages: [says('user', png('https://example.com/a.png'))] }],
    ['media.format', { messages: [says('user', image('AAAA', 'image/tiff'))] }],
    ['tool_choice', { messages: used, tools: [weather], toolChoice: { type: 'none' } }],
  ]
  testRefusals(losses, own, write)
  testDrops({ frequencyPenalty: 0, presencePenalty: 0, logprobs: false, seed: 7 }, write)

  test('an image in S3 is not fetched by us', () => {
    const body = write({ messages: [says('user', png('s3://bucket/a.png'))] })
    const source = { s3Location: { uri: 's3://bucket/a.png' } }
    expect(body.messages).toEqual([
      { role: 'user', content: [{ image: { format: 'png', source } }] },
    ])
  })

  test('nothing is sent for empty texts, not even a message', () => {
    const messages = [says('user', text(' \n', { ttl: null })), says('user', text('Hi'))]
    expect(write({ messages })).toEqual(write({}))
  })
})

describe('tools', () => {
  test('`none` before any call sends none', () => {
    expect(write({ tools: [weather], toolChoice: { type: 'none' } })).toEqual(write({}))
  })

  test('an allowed list sends only those', () => {
    const other = { ...weather, name: 'other' }
    const choice = { type: 'allowed', mode: 'auto', names: ['weather'] } as const
    const { toolConfig } = write({ tools: [weather, other], toolChoice: choice })
    expect(toolConfig).toEqual(write({ tools: [weather], toolChoice: { type: 'auto' } }).toolConfig)
  })

  test('without a description or parameters they are still legal', () => {
    const bare = { ...weather, description: '', parameters: null }
    const { toolConfig } = write({ tools: [bare] })
    const inputSchema = { json: { type: 'object', properties: {} } }
    expect(toolConfig).toEqual({ tools: [{ toolSpec: { name: 'weather', inputSchema } }] })
  })
})

describe('thinking', () => {
  const claude45 = 'us.anthropic.claude-sonnet-4-5-20250929-v1:0'
  const claude46 = 'anthropic.claude-opus-4-6-v1'
  const effort = (value: string) =>
    ({ enabled: null, effort: value, budgetTokens: null, summary: null }) as const
  const budget = { enabled: true, effort: null, budgetTokens: 5000, summary: null } as const
  const off = { enabled: false, effort: null, budgetTokens: null, summary: null } as const
  test.each([
    [claude45, effort('low'), { thinking: { type: 'enabled', budget_tokens: 1024 } }, undefined],
    [claude45, effort('none'), undefined, undefined],
    [claude45, off, undefined, undefined],
    [claude46, effort('high'), { thinking: { type: 'adaptive' } }, { effort: 'high' }],
    [claude46, budget, { thinking: { type: 'enabled', budget_tokens: 5000 } }, undefined],
    ['openai.gpt-oss-120b-1:0', effort('low'), { reasoning_effort: 'low' }, undefined],
    [
      'us.amazon.nova-2-lite-v1:0',
      effort('minimal'),
      { reasoningConfig: { type: 'enabled', maxReasoningEffort: 'low' } },
      undefined,
    ],
    ['us.amazon.nova-2-lite-v1:0', off, { reasoningConfig: { type: 'disabled' } }, undefined],
    ['arn:aws:bedrock:us-east-1:1:x/y', effort('medium'), undefined, { effort: 'medium' }],
  ] as const)('of %s', (model, reasoning, fields, output) => {
    const body = write({ model, reasoning })
    expect([body.additionalModelRequestFields, body.outputConfig]).toEqual([fields, output])
  })

  test('leaves room for an answer, or is left out', () => {
    const reasoning = effort('high')
    const fields = (outputTokensMax: number) =>
      write({ model: claude45, reasoning, outputTokensMax }).additionalModelRequestFields
    expect(fields(4000)).toEqual({ thinking: { type: 'enabled', budget_tokens: 2000 } })
    expect(fields(1500)).toBeUndefined()
  })
})
