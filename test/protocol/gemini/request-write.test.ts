/** What is written for Google: what it may drop, must refuse, and says otherwise. */
import { describe, expect, test } from 'bun:test'
import { isObject, type JsonObject } from '../../../src/core/json.ts'
import { writeRequest } from '../../../src/protocol/gemini/request-write.ts'
import type { HubRequest, Message, Part } from '../../../src/protocol/hub/request.ts'
import { emptyRequest, refusal, hubText as text } from './stand.ts'

const user = (...parts: Part[]): Message => ({ role: 'user', parts, name: null })

describe('writing', () => {
  const request = (rest: Partial<HubRequest>): HubRequest => ({
    ...emptyRequest,
    messages: [user(text('hi'))],
    ...rest,
  })
  const foreign = (fields: JsonObject) => ({ extra: { dialect: 'openai-chat', fields } }) as const

  test.each([
    [
      'parallel_tool_calls',
      request({
        parallelToolCalls: false,
        tools: [
          {
            type: 'function',
            name: 'f',
            description: null,
            parameters: null,
            strict: null,
            cache: null,
          },
        ],
      }),
    ],
    ['logit_bias', request({ logitBias: { 50256: -100 } })],
    [
      'tools',
      request({
        tools: [
          {
            type: 'native',
            native: { dialect: 'openai-responses', value: { type: 'web_search' } },
          },
        ],
      }),
    ],
    ['web_search_options', request(foreign({ web_search_options: {} }))],
    [
      'messages',
      request({
        messages: [user({ type: 'native', native: { dialect: 'anthropic-messages', value: {} } })],
      }),
    ],
  ])('refuses what would change the meaning: %s', (param, wanted) => {
    expect(refusal(() => writeRequest(wanted))).toEqual({ code: 'invalid_request', param })
  })

  test('drops what is on the list, and nothing else', () => {
    const plain = writeRequest(request({}))
    const fields = foreign({ prompt_cache_key: 'k', prediction: {} })
    const more = {
      userId: 'u',
      metadata: { a: 1 },
      store: true,
      includeUsage: true,
      verbosity: 'low',
    }
    expect(writeRequest(request({ ...fields, ...more, serviceTier: 'auto' }))).toEqual(plain)
  })

  test('finds the name of a tool by the id of its call', () => {
    const call: Message = {
      role: 'assistant',
      parts: [
        {
          type: 'tool-call',
          id: 'c1',
          name: 'f',
          arguments: '',
          custom: false,
          signature: 's',
          cache: null,
        },
      ],
      name: null,
    }
    const result = (callId: string): Message => ({
      role: 'tool',
      parts: [
        {
          type: 'tool-result',
          callId,
          name: null,
          content: [text('ok')],
          isError: false,
          custom: false,
          cache: null,
        },
      ],
      name: null,
    })
    const body = writeRequest(request({ messages: [call, result('c1'), result('c1')] }))
    expect(body.contents).toEqual([
      {
        role: 'model',
        parts: [{ functionCall: { id: 'c1', name: 'f', args: {} }, thoughtSignature: 's' }],
      },
      {
        role: 'user',
        parts: Array(2).fill({
          functionResponse: { id: 'c1', name: 'f', response: { output: 'ok' } },
        }),
      },
    ])
    expect(refusal(() => writeRequest(request({ messages: [call, result('c2')] })))).toMatchObject({
      param: 'messages',
    })
  })

  test('sends back only what Google signed', () => {
    const reasoning = (signedBy: 'gemini' | 'anthropic-messages' | null): Part => ({
      type: 'reasoning',
      text: 'hm',
      signature: signedBy && 's',
      redacted: null,
      signedBy,
      id: null,
    })
    const messages: Message[] = [
      {
        role: 'assistant',
        parts: [reasoning('anthropic-messages'), reasoning('gemini'), reasoning(null)],
        name: null,
      },
    ]
    expect(writeRequest(request({ messages })).contents).toEqual([
      {
        role: 'model',
        parts: [
          { text: 'hm', thought: true, thoughtSignature: 's' },
          { text: 'hm', thought: true },
        ],
      },
    ])
  })

  test('says an effort as a level, or as a budget for models that know no levels', () => {
    const reasoning = { enabled: null, effort: 'medium', budgetTokens: null, summary: null }
    const thinking = (model: string): unknown => {
      const config = writeRequest(request({ model, reasoning })).generationConfig
      return isObject(config) ? config.thinkingConfig : null
    }
    expect(thinking('gemini-3-flash')).toEqual({ thinkingLevel: 'MEDIUM' })
    expect(thinking('gemini-flash-latest')).toEqual({ thinkingLevel: 'MEDIUM' })
    expect(thinking('gemini-2.5-flash')).toEqual({ thinkingBudget: 8_192 })
  })
})
