/** How a stream fails, what must come back with the next turn, and what a response repeats. */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { APIError } from 'openai'
import type { HubEvent } from '../../../src/protocol/hub/events.ts'
import { seal, unseal } from '../../../src/protocol/hub/sealed.ts'
import {
  blockEnd,
  end,
  failure,
  finish,
  lastResponse,
  signed,
  start,
  text,
  thought,
  tool,
  typesOf,
} from './events.ts'
import { context, dataOf, encode, noPath, Stand, translation } from './stand.ts'

let stand: Stand
beforeAll(() => {
  stand = new Stand()
})
afterAll(() => stand.close())

describe('a failure', () => {
  test('is an error, then the end that clients wait for, and nothing after', () => {
    const out = encode([start, text(0, 'Hi'), tool(1, 'a'), failure, text(0, 'more'), end])
    const events = dataOf(out)
    expect(typesOf(events).slice(-2)).toEqual(['error', 'failed'])
    expect(events.map(({ sequence_number }) => sequence_number)).toEqual([...events.keys()])
    const message = 'The provider stopped sending.'
    const code = 'upstream_idle_timeout'
    expect(events.at(-2)).toMatchObject({
      ...{ message, code, param: 'model' },
      error: { message, code, param: 'model', type: 'timeout_error' },
    })
    expect(lastResponse(out)).toMatchObject({ status: 'failed', error: { code, message } })
    // Nobody may run a call that did not come to its end.
    expect(out).not.toContain('output_item.done')
  })

  test('comes in one piece, and raises in every SDK', async () => {
    const writer = translation.writer(context)
    const opening = writer.write([start, text(0, 'Hi')])
    const out = opening + writer.write([failure])
    expect(typesOf(dataOf(out)).at(-1)).toBe('failed')
    const raised = await stand.response(out).catch((thrown: unknown) => thrown)
    expect(raised).toBeInstanceOf(APIError)
    expect(raised).toMatchObject({ code: 'upstream_idle_timeout', type: 'timeout_error' })
    expect((await stand.vercel(out)).errors).toHaveLength(1)
    expect((await stand.vercel(encode([failure]))).errors).toHaveLength(1)
  })

  test('of an answer that is too large loses nothing that was said', () => {
    const writer = translation.writer(context)
    const large = 'x'.repeat(40_000_000)
    const events = [start, text(0, large), blockEnd(0), text(1, large)]
    expect(() => writer.write(events)).toThrow('too large')
    const rest = writer.write([failure])
    expect(typesOf(dataOf(rest))).toContain('created')
    expect(typesOf(dataOf(rest)).slice(-2)).toEqual(['error', 'failed'])
  })
})

describe('what must come back', () => {
  const replayed = (events: readonly HubEvent[]) => {
    const { output } = translation.writeResponse(events, context)
    return translation.readRequest({ model: 'm', input: output }, noPath).messages
  }

  test('another provider’s signature, redacted thinking, and a call’s own', () => {
    const redacted = { ...signed(1, 'aGlkZGVu'), kind: 'redacted' } as HubEvent
    const messages = replayed([
      ...[start, thought(0, 'Hm.'), signed(0, 'c2ln'), blockEnd(0), redacted, blockEnd(1)],
      ...[tool(2, 'a', 'Z2Vt'), blockEnd(2), tool(3, 'b'), blockEnd(3), finish('tool-calls'), end],
    ])
    const common = { type: 'reasoning', signedBy: 'anthropic-messages', id: null }
    expect(messages).toMatchObject([
      {
        role: 'assistant',
        parts: [
          { ...common, text: 'Hm.', signature: 'c2ln', redacted: null },
          { ...common, text: '', signature: null, redacted: 'aGlkZGVu' },
          { type: 'tool-call', id: 'a', signature: 'Z2Vt' },
          { type: 'tool-call', id: 'b', signature: null },
        ],
      },
    ])
  })

  test('our own, as it was', () => {
    const own = { ...signed(0, 'gAAA'), signedBy: 'openai-responses', id: 'rs_9' } as HubEvent
    const { output } = translation.writeResponse([start, thought(0, 'x'), own, end], context)
    expect(output).toMatchObject([{ encrypted_content: 'gAAA' }])
    const sealed = seal({ kind: 'tool', signedBy: 'gemini', signature: 'a.b', id: null })
    expect(unseal(sealed)?.signature).toBe('a.b')
  })

  test('a signature that comes when its block has ended', () => {
    const messages = replayed([start, thought(0, 'x'), blockEnd(0), signed(0, 'bGF0ZQ=='), end])
    expect(JSON.stringify(messages)).toContain('bGF0ZQ==')
  })
})

describe('the response object', () => {
  test('repeats the request', async () => {
    const request = translation.readRequest(
      {
        model: 'm',
        instructions: 'Be brief.',
        input: 'Hi',
        temperature: 0.5,
        max_output_tokens: 99,
        tools: [{ type: 'function', name: 'f', parameters: { type: 'object' }, strict: true }],
        tool_choice: { type: 'function', name: 'f' },
        text: { format: { type: 'json_object' }, verbosity: 'low' },
        reasoning: { effort: 'high', summary: 'auto' },
        metadata: { a: 'b' },
        truncation: 'auto',
        user: 'me',
      },
      noPath,
    )
    const out = encode([start, text(0, 'Hi'), blockEnd(0), finish('stop'), end], request)
    const expected = {
      instructions: 'Be brief.',
      temperature: 0.5,
      top_p: 1,
      max_output_tokens: 99,
      tools: [{ type: 'function', name: 'f', parameters: { type: 'object' }, strict: true }],
      tool_choice: { type: 'function', name: 'f' },
      text: { format: { type: 'json_object' }, verbosity: 'low' },
      reasoning: { effort: 'high', summary: 'auto' },
      metadata: { a: 'b' },
      truncation: 'auto',
      user: 'me',
      parallel_tool_calls: true,
      previous_response_id: null,
      store: false,
    }
    const read = await stand.response(out)
    expect(read as unknown).toMatchObject(expected)
    for (const { response } of dataOf(out).filter((event) => event.response !== undefined)) {
      expect(response).toMatchObject(expected)
    }
  })
})
