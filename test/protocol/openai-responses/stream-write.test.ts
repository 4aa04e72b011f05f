/** What a client is sent, whatever the order of the hub's events, and what the SDKs make of it. */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import type { HubEvent } from '../../../src/protocol/hub/events.ts'
import {
  agentTurn,
  argument,
  blockEnd,
  end,
  finish,
  lastResponse,
  start,
  text,
  thought,
  tool,
  typesOf,
  usage,
} from './events.ts'
import { context, dataOf, encode, Stand, translation } from './stand.ts'

let stand: Stand
beforeAll(() => {
  stand = new Stand()
})
afterAll(() => stand.close())

/** The laws of a stream: numbers, one life for each item and part, and an end that repeats all. */
function checkLife(out: string): void {
  const events = dataOf(out)
  expect(events.map(({ sequence_number }) => sequence_number)).toEqual([...events.keys()])
  expect(typesOf(events).slice(0, 2)).toEqual(['created', 'in_progress'])
  expect(typesOf(events).at(-1)).toMatch(/^(completed|incomplete)$/)
  const open = new Map<number, string>()
  const closed: unknown[] = []
  for (const event of events) {
    const index = event.output_index
    if (index === undefined) continue
    if (event.type === 'response.output_item.added') {
      expect(index).toBe(open.size)
      open.set(index, String(event.item?.id))
    } else if (event.type === 'response.output_item.done') {
      expect(open.get(index)).toBe(String(event.item?.id))
      closed[index] = event.item
    } else {
      expect([event.item_id, closed[index]]).toEqual([open.get(index) ?? 'unopened', undefined])
    }
  }
  expect(lastResponse(out).output).toEqual(closed)
  expect(new Set(open.values()).size).toBe(open.size)
}

describe('a stream', () => {
  test('has every event of every item, in its order', () => {
    const out = encode([start, text(0, 'H'), text(0, 'i'), blockEnd(0), finish('stop'), usage, end])
    checkLife(out)
    expect(typesOf(dataOf(out))).toEqual([
      'created',
      'in_progress',
      'output_item.added',
      'content_part.added',
      'output_text.delta',
      'output_text.delta',
      'output_text.done',
      'content_part.done',
      'output_item.done',
      'completed',
    ])
    for (const block of out.trimEnd().split('\n\n')) {
      const [name, data] = block.split('\n')
      expect(name).toBe(`event: ${JSON.parse((data ?? '').slice('data: '.length)).type}`)
    }
    expect(lastResponse(out)).toMatchObject({
      id: 'msg_01',
      object: 'response',
      created_at: 1_700_000_000,
      status: 'completed',
      model: 'claude',
      usage: {
        input_tokens: 10,
        input_tokens_details: { cached_tokens: 3 },
        output_tokens: 20,
        output_tokens_details: { reasoning_tokens: 4 },
        total_tokens: 30,
      },
    })
  })

  test('of an agent’s turn is what the SDK reads', async () => {
    const out = encode(agentTurn)
    checkLife(out)
    const { output, usage: counted, status } = await stand.response(out)
    expect(output.map(({ type }) => type).join(' ')).toBe(
      'reasoning message function_call function_call',
    )
    expect(output).toMatchObject([
      { summary: [{ type: 'summary_text', text: 'Hmm.' }] },
      { content: [{ type: 'output_text', text: 'Let me look.' }], status: 'completed' },
      { call_id: 'call_a', name: 'tool_call_a', arguments: '{"x":1}', status: 'completed' },
      { call_id: 'call_b', name: 'tool_call_b', arguments: '{}', status: 'completed' },
    ])
    expect([counted?.total_tokens, status]).toEqual([30, 'completed'])
    const vercel = await stand.vercel(out)
    expect(vercel).toMatchObject({
      errors: [],
      text: 'Let me look.',
      reasoning: 'Hmm.',
      finish: 'tool-calls',
      usage: { inputTokens: 10, outputTokens: 20 },
    })
    expect(vercel.calls.map(({ id, input }) => [id, input])).toEqual([
      ['call_a', { x: 1 }],
      ['call_b', {}],
    ])
  })

  test('is the same however the events come together', () => {
    const all = translation.writer(context).write(agentTurn)
    expect(all).toBe(encode(agentTurn))
    const whole = translation.writeResponse(agentTurn, context)
    expect(whole).toEqual(lastResponse(all))
  })

  test('read again is the same answer', async () => {
    stand.answers(translation.writeResponse(agentTurn, context))
    const whole = await stand.client.responses.create({ model: 'm', input: 'Hi' })
    expect(whole.output_text).toBe('Let me look.')
    const streamed = await stand.response(encode(agentTurn))
    // The helper for streams adds what it parsed.
    expect(streamed.output).toMatchObject([...whole.output])
  })

  test('puts texts that follow each other into one message, and others into another', () => {
    const out = encode([
      ...[start, text(0, 'A'), blockEnd(0), text(1, 'B'), blockEnd(1)],
      ...[thought(2, 'x'), blockEnd(2), text(3, 'C'), blockEnd(3)],
      ...[finish('stop'), end],
    ])
    checkLife(out)
    const output = lastResponse(out).output as { content?: { text: string }[] }[]
    expect(output.map(({ content }) => content?.map((part) => part.text))).toEqual([
      ['A', 'B'],
      undefined,
      ['C'],
    ])
  })

  test('keeps blocks apart that interleave', async () => {
    const out = encode([
      ...[start, text(0, 'a'), tool(1, 'x'), text(0, 'b'), argument(1, '{}'), thought(2, 't')],
      ...[text(0, 'c'), blockEnd(1), blockEnd(0), blockEnd(2), finish('tool-calls'), end],
    ])
    checkLife(out)
    const { output_text, output } = await stand.response(out)
    expect([output_text, output.length]).toEqual(['abc', 3])
    // The message is done as soon as it is known to be.
    const dones = dataOf(out).filter(({ type }) => type === 'response.output_item.done')
    expect(dones.map(({ output_index }) => output_index)).toEqual([1, 0, 2])
  })

  test('knows the model that was asked for where the provider says none', () => {
    const out = encode([{ ...start, id: '', model: '' }, finish('stop'), end])
    expect(lastResponse(out)).toMatchObject({ id: 'resp_123', model: 'asked-for' })
  })

  test('says nothing for what is empty, and begins without a start', () => {
    const out = encode([text(0, ''), thought(1, ''), blockEnd(0), finish('stop'), end])
    checkLife(out)
    expect(lastResponse(out)).toMatchObject({
      id: 'resp_123',
      model: 'asked-for',
      output: [],
      usage: null,
    })
  })

  test('with a late usage, a repeated one, and no finish is complete', () => {
    const more = { ...usage.usage, outputTokens: 21 }
    const out = encode([start, tool(0, 'a'), usage, { type: 'usage', usage: more }, end])
    checkLife(out)
    expect(lastResponse(out)).toMatchObject({ status: 'completed', usage: { output_tokens: 21 } })
  })

  test('tells of one answer only', () => {
    const second = { ...text(0, 'second'), choice: 1 } as HubEvent
    const out = encode([start, text(0, 'first'), second, blockEnd(0), finish('stop'), end])
    expect(out).not.toContain('second')
  })

  test('drops what other dialects understand, and repeats what its own does', async () => {
    const raw = (dialect: 'gemini' | 'openai-responses', value: object): HubEvent => ({
      type: 'raw',
      choice: 0,
      native: { dialect, value },
    })
    const added = (output_index: number, item: object) =>
      raw('openai-responses', { type: 'response.output_item.added', output_index, item })
    const search = { type: 'web_search_call', id: 'ws_1', status: 'completed' }
    const place = { output_index: 4, item_id: 'rotated' }
    const out = encode([
      start,
      raw('gemini', { type: 'response.foreign' }),
      added(3, { type: 'message', id: 'msg_own', role: 'assistant', content: [] }),
      added(4, search),
      raw('openai-responses', { type: 'response.web_search_call.searching', ...place }),
      raw('openai-responses', { type: 'response.output_item.done', ...place, item: search }),
      ...[text(0, 'Hi'), blockEnd(0), finish('stop'), end],
    ])
    checkLife(out)
    expect(out).not.toContain('foreign')
    const { output, output_text } = await stand.response(out)
    expect(output.map(({ id }) => id)).toEqual(['msg_own', 'ws_1'])
    expect(output_text).toBe('Hi')
  })
})

describe('content', () => {
  test('refusals and sources are parts', async () => {
    const refusal: HubEvent = { type: 'refusal', choice: 0, block: 1, text: 'No.' }
    const citation = (url: string | null, title: string | null): HubEvent => ({
      type: 'citation',
      choice: 0,
      block: 0,
      citation: {
        url,
        title,
        citedText: 'x',
        start: null,
        end: null,
        native: { dialect: 'anthropic-messages', value: {} },
      },
    })
    const out = encode([
      ...[start, text(0, 'Text'), citation('https://a.b', null), citation(null, 'Doc')],
      ...[citation(null, null), blockEnd(0), refusal, blockEnd(1), finish('stop'), end],
    ])
    checkLife(out)
    const { output } = await stand.response(out)
    expect(output).toMatchObject([
      {
        content: [
          {
            text: 'Text',
            annotations: [
              { type: 'url_citation', url: 'https://a.b', start_index: 0, end_index: 4, title: '' },
              { type: 'file_citation', filename: 'Doc', index: 4 },
            ],
          },
          { type: 'refusal', refusal: 'No.' },
        ],
      },
    ])
    const { errors } = await stand.vercel(out)
    expect(errors).toEqual([])
  })

  test('log probabilities have their bytes', () => {
    const token = { token: 'é', logprob: -1, bytes: null, top_logprobs: [{ token: 'e' }] }
    const said: HubEvent = { ...text(0, 'é'), logprobs: { content: [token] } } as HubEvent
    const out = encode([start, said, blockEnd(0), finish('stop'), end])
    const [delta] = dataOf(out).filter(({ type }) => type.endsWith('text.delta'))
    expect(delta?.logprobs).toEqual([
      {
        token: 'é',
        logprob: -1,
        bytes: [195, 169],
        top_logprobs: [{ token: 'e', bytes: [101] }],
      },
    ])
  })

  test('of custom tools is input', async () => {
    const custom = { ...tool(0, 'a'), custom: true } as HubEvent
    const out = encode([start, custom, argument(0, 'ls'), blockEnd(0), finish('tool-calls'), end])
    checkLife(out)
    const { output } = await stand.response(out)
    expect(output).toMatchObject([{ type: 'custom_tool_call', input: 'ls', call_id: 'a' }])
  })
})

describe('an answer that was cut', () => {
  test('is incomplete, with the item in which it was', async () => {
    const out = encode([
      ...[start, tool(0, 'whole'), argument(0, '{}'), blockEnd(0)],
      ...[tool(1, 'cut'), argument(1, '{"a'), blockEnd(1), finish('length'), usage, end],
    ])
    checkLife(out)
    const response = await stand.response(out)
    expect(response).toMatchObject({
      status: 'incomplete',
      incomplete_details: { reason: 'max_output_tokens' },
      output: [{ status: 'completed' }, { status: 'incomplete', arguments: '{"a' }],
    })
    expect((await stand.vercel(out)).finish).toBe('length')
  })

  test.each([
    ['content-filter', 'incomplete', { reason: 'content_filter' }],
    ['pause', 'completed', null],
    ['stop-sequence', 'completed', null],
  ] as const)('for %s', (reason, status, details) => {
    const out = encode([start, text(0, 'Hi'), blockEnd(0), finish(reason), end])
    expect(lastResponse(out)).toMatchObject({ status, incomplete_details: details })
    expect(typesOf(dataOf(out)).at(-1) ?? '').toBe(status)
  })
})
