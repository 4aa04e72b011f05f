/** Tools of free text at servers of chats that know functions only. */
import { describe, expect, test } from 'bun:test'
import type { JsonObject } from '../../src/core/json.ts'
import { providerQuirks } from '../../src/provider/registry.ts'
import { buildKind } from '../contract/kinds.ts'

const call = { id: 'a', type: 'custom', custom: { name: 'patch', input: 'x\n"y"' } }
const other = { id: 'b', type: 'function', function: { name: 'f', arguments: '{}' } }
const grammar = { syntax: 'regex', definition: '^x+$' }

const body: JsonObject = {
  tools: [
    { type: 'custom', custom: { name: 'patch', format: { type: 'grammar', grammar } } },
    { type: 'function', function: { name: 'f' } },
  ],
  tool_choice: { type: 'custom', custom: { name: 'patch' } },
  messages: [
    { role: 'user', content: 'Hi' },
    { role: 'assistant', content: null, tool_calls: [call, other] },
    { role: 'tool', tool_call_id: 'a', content: 'ok' },
  ],
}

const amend = (kind: string, wanted: JsonObject): JsonObject =>
  buildKind(kind).amend?.(wanted, { model: 'm', stream: true }, new Headers()) ?? wanted

/** Kinds with the quirk, but for one that refuses all tools. */
const kinds = Object.entries(providerQuirks)
  .filter(([kind, quirks]) => {
    return kind !== 'perplexity' && quirks.some(({ what }) => what === 'tools.custom')
  })
  .map(([kind]) => kind)

test('every host of chats has it but OpenAI, wherever that runs', () => {
  const without = Object.keys(providerQuirks).filter((kind) => !kinds.includes(kind))
  expect(without.sort()).toEqual(['azure', 'openai', 'perplexity', 'voyage'])
})

describe.each(kinds)('%s', (kind) => {
  test('gets functions', () => {
    const { tools, tool_choice: choice, messages } = amend(kind, body)
    expect(choice).toEqual({ type: 'function', function: { name: 'patch' } })
    expect(JSON.stringify([tools, messages])).not.toContain('"custom"')
    expect(tools).toMatchObject([
      {
        type: 'function',
        function: { name: 'patch', parameters: { type: 'object', required: ['input'] } },
      },
      { type: 'function', function: { name: 'f' } },
    ])
    expect(JSON.stringify(tools)).toContain('^x+$')
    const [, said] = messages as readonly { readonly tool_calls: readonly JsonObject[] }[]
    expect(said?.tool_calls.map((each) => each.function)).toEqual([
      { name: 'patch', arguments: '{"input":"x\\n\\"y\\""}' },
      { name: 'f', arguments: '{}' },
    ])
  })
})

test('a choice among some is one among functions', () => {
  const tools = [
    { type: 'custom', custom: { name: 'patch' } },
    { type: 'function', function: { name: 'f' } },
  ]
  const choice = { type: 'allowed_tools', allowed_tools: { mode: 'auto', tools } }
  expect(amend('vllm', { tool_choice: choice }).tool_choice).toEqual({
    type: 'allowed_tools',
    allowed_tools: {
      mode: 'auto',
      tools: [{ type: 'function', function: { name: 'patch' } }, tools[1]],
    },
  })
})

describe('a chat that could pass as it is', () => {
  const foreign = buildKind('vllm').foreign
  const isForeign = (wanted: JsonObject): boolean => {
    const text = JSON.stringify(wanted)
    return foreign?.marks.some((mark) => text.includes(mark)) === true && foreign.test(wanted)
  }

  test.each([[{ tools: body.tools }], [{ messages: body.messages }]])(
    'is translated for %j',
    (wanted) => {
      expect(isForeign(wanted)).toBe(true)
    },
  )

  test.each([
    [{ tools: [other], messages: [{ role: 'user', content: 'a "custom" tool' }] }],
    [{ tools: [{ type: 'function', function: { name: 'custom' } }] }],
    [{ tools: 'custom', messages: [{ tool_calls: 'custom' }, 'custom'] }],
  ])('passes with %j', (wanted) => {
    expect(isForeign(wanted)).toBe(false)
  })

  test('passes to OpenAI', () => {
    const openai = buildKind('openai').foreign
    expect(openai?.marks ?? []).not.toContain('"custom"')
    expect(openai?.test(body) ?? false).toBe(false)
  })
})
