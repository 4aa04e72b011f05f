/**
 * An answer that is translated for a client of the provider's own dialect: because one array is
 * wanted and not events, because the provider names things differently, or because the request
 * carried what another provider had signed. It keeps what the hub has no word for.
 */
import { describe, expect, test } from 'bun:test'
import { startApp } from '../../src/app.ts'
import { loadConfig } from '../../src/config/env.ts'
import { GatewayError } from '../../src/core/errors.ts'
import { Exchange } from '../../src/observe/exchange.ts'
import type { HubRequest } from '../../src/protocol/hub/request.ts'
import type { Protocol } from '../../src/protocol/protocol.ts'
import { protocols } from '../../src/protocol/registry.ts'
import { type AnswerContext, translationOf } from '../../src/protocol/translation.ts'
import { Translator } from '../../src/relay/translator.ts'
import { hubRequest } from '../protocol/hub-request.ts'

const { chat, completions, gemini, messages } = protocols

function contextOf(rest: Partial<AnswerContext> = {}): AnswerContext {
  return {
    ...{ model: 'm', requestId: 'req_1', createdS: 1_700_000_000, includeUsage: true },
    ...({ framing: 'sse', request: hubRequest() } as const),
    ...rest,
  }
}

const sse = (...data: readonly unknown[]): Uint8Array =>
  new TextEncoder().encode(
    data
      .map((each) => `data: ${typeof each === 'string' ? each : JSON.stringify(each)}\n\n`)
      .join(''),
  )

/** The data of the events that a client gets, and how the exchange ended. */
function translated(
  protocol: Protocol,
  bytes: Uint8Array,
  context: AnswerContext = contextOf(),
  client = protocol,
) {
  const exchange = new Exchange('chat-completions', 'POST')
  const translator = new Translator(protocol, client, context, exchange, 1 << 20)
  const text = Buffer.concat([...translator.take(bytes), ...translator.finish()]).toString()
  const lines = text.split(/\r?\n/).filter((line) => line.startsWith('data: '))
  const data = lines.map((line) => line.slice('data: '.length))
  return { translator, data: data.map((each) => (each === '[DONE]' ? each : JSON.parse(each))) }
}

const head = { id: 'c', object: 'chat.completion.chunk', created: 7, model: 'm', new_field: [1] }
const chunk = (delta: object, rest: object = {}) => ({
  ...head,
  choices: [{ index: 0, delta, finish_reason: null, ...rest }],
})
const stop = chunk({}, { finish_reason: 'stop', also_new: true })
const usage = {
  ...{ ...head, choices: [] },
  usage: { prompt_tokens: 1, completion_tokens: 2, total_tokens: 3, its_own: { joules: 5 } },
}
const answer = [
  { ...head, id: '', choices: [], prompt_filter_results: [{ prompt_index: 0 }] },
  chunk({ role: 'assistant', content: '', refusal: null }),
  chunk({ content: 'He', its_own: 1 }),
  chunk({ content: 'llo' }),
  chunk({}),
  stop,
  usage,
  '[DONE]',
]

describe('a chat', () => {
  test('keeps every chunk, and its counts and its end are known', () => {
    const { translator, data } = translated(chat, sse(...answer))
    expect(data).toEqual(answer)
    expect([translator.ended, translator.complete, translator.finishReason]).toEqual([
      ...[true, true, 'stop'],
    ])
    expect(translator.usage).toMatchObject({ inputTokens: 1, outputTokens: 2 })
  })

  test('has no chunk of counts for a client that did not ask for them', () => {
    const { data } = translated(chat, sse(...answer), contextOf({ includeUsage: false }))
    expect(data).toEqual(answer.filter((each) => each !== usage))
  })

  test('is written anew where its tools may be called in another form', () => {
    const call = { index: 0, id: 'a', type: 'function', function: { name: 'f', arguments: '{}' } }
    const called = [chunk({ tool_calls: [call] }), chunk({}, { finish_reason: 'tool_calls' })]
    const body = { messages: [{ role: 'user', content: 'x' }], functions: [{ name: 'f' }] }
    const { readRequest } = translationOf(chat)
    const deprecated = readRequest({ model: 'm', ...body }, { model: null, stream: null })
    const custom: HubRequest = hubRequest({
      tools: [{ type: 'custom', name: 'f', description: null, format: null }],
    })
    for (const request of [deprecated, custom]) {
      const { data } = translated(chat, sse(...called, '[DONE]'), contextOf({ request }))
      expect(data[0]).toMatchObject({ choices: [{ delta: { role: 'assistant' } }] })
      expect(JSON.stringify(data)).not.toContain('new_field')
    }
    const { data } = translated(chat, sse(...called, '[DONE]'), contextOf({ request: deprecated }))
    expect(data.at(-2)).toMatchObject({ choices: [{ finish_reason: 'function_call' }] })
    expect(translated(chat, sse(...called, '[DONE]')).data).toEqual([...called, '[DONE]'])
  })

  test('that fails in its finish says so once, behind what it said', () => {
    const error = { message: 'no more', code: 500, secret: 'k' }
    const failed = chunk({ content: 'lo' }, { finish_reason: 'error', error })
    const { translator, data } = translated(chat, sse(chunk({ content: 'Hel' }), failed, '[DONE]'))
    expect(data.slice(0, 2)).toEqual([chunk({ content: 'Hel' }), chunk({ content: 'lo' })])
    expect(data.slice(2)).toMatchObject([{ error: { message: 'no more' } }])
    expect(JSON.stringify(data)).not.toContain('secret')
    expect([translator.ended, translator.error?.code]).toEqual([false, 'upstream_error'])
  })

  test('that calls a tool without a name does not look finished', () => {
    const call = { index: 0, id: 'a', type: 'function', function: { arguments: '{}' } }
    const called = chunk({ tool_calls: [call] }, { finish_reason: 'tool_calls' })
    const { data } = translated(chat, sse(called, '[DONE]'))
    expect(data).toMatchObject([
      { choices: [{ finish_reason: null }], new_field: [1] },
      { error: { code: 'upstream_protocol_error' } },
    ])
    const part = { functionCall: { args: { a: 1 } } }
    const candidate = { content: { parts: [part] }, finishReason: 'STOP', itsOwn: 1 }
    const inGemini = translated(gemini, sse({ candidates: [candidate], responseId: 'r' }))
    expect(inGemini.data[0]).toEqual({
      ...{ candidates: [{ content: { parts: [part] }, itsOwn: 1 }], responseId: 'r' },
    })
    expect(inGemini.data.slice(1)).toMatchObject([{ error: { code: 502 } }])
  })

  test('has no signs of life among its chunks', () => {
    const data = [...answer.slice(0, 3), {}, { type: 'ping' }, ...answer.slice(3)]
    expect(translated(chat, sse(...data)).data).toEqual(answer)
  })

  test('that is cut off has neither an end nor a finish', () => {
    const { data } = translated(chat, sse(chunk({ content: 'Hel' })))
    const error = { error: expect.objectContaining({ code: 'upstream_incomplete' }) }
    expect(data).toEqual([chunk({ content: 'Hel' }), error])
  })

  test('with a chunk that can be read but not said again fails as any other', () => {
    const depth = 100_000
    const deep = `{"choices":[],"deep":${'['.repeat(depth)}${']'.repeat(depth)}}`
    const exchange = new Exchange('chat-completions', 'POST')
    const translator = new Translator(chat, chat, contextOf(), exchange, 1 << 20)
    let failure: unknown = null
    try {
      translator.take(sse(chunk({ content: 'a' }), deep))
    } catch (thrown) {
      failure = thrown
    }
    if (!(failure instanceof GatewayError)) throw new Error('nothing was thrown')
    expect(failure.code).toBe('upstream_protocol_error')
    const text = translator.errorEvent(failure)
    expect(text).toStartWith(`data: ${JSON.stringify(chunk({ content: 'a' }))}\n\n`)
    expect(text.match(/^data: /gm)).toHaveLength(2)
  })

  test('for a client of another dialect holds no frame of the provider', () => {
    const { data } = translated(chat, sse(...answer), contextOf(), messages)
    const text = JSON.stringify(data)
    expect(text).toContain('"text":"llo"')
    expect(text).not.toMatch(/new_field|its_own|prompt_filter/)
    const events = translationOf(chat).reader('anthropic-messages')
    expect(events.read({ event: null, data: JSON.stringify(stop) })).not.toContainEqual(
      expect.objectContaining({ type: 'raw' }),
    )
  })
})

describe('a whole answer', () => {
  const content = { parts: [{ text: 'Hi', itsOwn: 1 }], role: 'model' }
  test.each([
    [chat, { ...head, choices: [{ index: 0, message: { content: 'Hi', own: 1 } }], own: {} }],
    [completions, { ...head, choices: [{ index: 0, text: 'Hi', own: 1 }], own: {} }],
    [gemini, { candidates: [{ content, finishReason: 'STOP' }], itsOwn: {}, responseId: 'r' }],
  ])('%# is the same where it comes to a client of its dialect', (protocol, body) => {
    const { readResponse, writeResponse } = translationOf(protocol)
    expect(writeResponse(readResponse(body, protocol.name), contextOf())).toEqual(body)
    expect(writeResponse(readResponse(body), contextOf())).not.toEqual(body)
    const failed = { error: { message: 'm', code: 500 } }
    expect(() => writeResponse(readResponse(failed, protocol.name), contextOf())).toThrow('m')
  })
})

test('Gemini’s chunks are the elements of an array, as they came', async () => {
  const said = (text: string, rest: object = {}) => ({
    candidates: [{ content: { parts: [{ text, itsOwn: 1 }], role: 'model' }, ...rest }],
    ...{ usageMetadata: { promptTokenCount: 1, itsOwn: [] }, responseId: 'r', newField: {} },
  })
  const chunks = [said('Hel'), said('lo', { finishReason: 'STOP', avgLogprobs: -0.5 })]
  const provider = Bun.serve({
    hostname: '127.0.0.1',
    port: 0,
    fetch: () =>
      new Response(chunks.map((each) => `data: ${JSON.stringify(each)}\r\n\r\n`).join(''), {
        headers: { 'content-type': 'text/event-stream' },
      }),
  })
  const loaded = loadConfig({
    ...{ PORT: '0', LOG_LEVEL: 'error', GEMINI_API_KEY: 'test' },
    GEMINI_BASE_URL: `${provider.url}v1beta`,
  })
  if (!loaded.ok) throw new Error(loaded.problems.join('\n'))
  const app = await startApp(loaded.config, { id: 0, total: 0 })
  const response = await fetch(new URL('/v1beta/models/gemini-x:streamGenerateContent', app.url), {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ contents: [{ role: 'user', parts: [{ text: 'hi' }] }] }),
  })
  expect([response.status, await response.json()]).toEqual([200, chunks])
  await app.drain()
  expect(Object.values(app.leftovers()).filter((count) => count !== 0)).toEqual([])
  await app.stop(0)
  await provider.stop(true)
})
