/** What a request cost, where its client and its operator are told. */
import { afterEach, describe, expect, test } from 'bun:test'
import { chatEvents, eventsText, json, replay, sse } from '../kit/answers.ts'
import { streamedAnswers } from '../kit/dialect-answers.ts'
import { endStands, type Stand, startStand } from './client-stand.ts'

afterEach(endStands)

const completion = (model: string, usage: object | null) => ({
  ...{ id: 'chatcmpl-1', object: 'chat.completion', created: 1, model },
  choices: [{ index: 0, message: { role: 'assistant', content: 'Hi' }, finish_reason: 'stop' }],
  ...(usage !== null && { usage }),
})

const chat = (model: string, stream: boolean, headers: Record<string, string> = {}) => ({
  method: 'POST',
  path: '/v1/chat/completions',
  headers,
  body: JSON.stringify({ model, stream, messages: [{ role: 'user', content: 'Hi' }] }),
})

const usage = {
  prompt_tokens: 1000,
  completion_tokens: 100,
  total_tokens: 1100,
  prompt_tokens_details: { cached_tokens: 400 },
}

/** 600 x 1.25 + 400 x 0.125 + 100 x 10 micro-dollars. */
const micro = 750 + 50 + 1000

async function told(stand: Stand, model: string): Promise<string | null> {
  const { response } = await stand.ask(chat(model, false))
  await response.ended()
  expect(response.status).toBe(200)
  return response.header('x-sluice-cost')
}

describe('a whole answer', () => {
  test('tells its cost in its head and in the record', async () => {
    const stand = await startStand(json(200, completion('gpt-5', usage)))
    expect(await told(stand, 'gpt-5')).toBe('0.0018')
    expect(await stand.record(0)).toMatchObject({ costMicroUsd: micro, otherCostMicroUsd: null })
  })
  test('of a model without a price, and one without usage, says so', async () => {
    const stand = await startStand(json(200, completion('gpt-x', usage)))
    expect(await told(stand, 'openai/gpt-x')).toBe('unknown')
    expect((await stand.record(0)).costMicroUsd).toBeNull()
    const silent = await startStand(json(200, completion('gpt-5', null)))
    expect(await told(silent, 'gpt-5')).toBe('unknown')
  })
  test('that was refused before anybody was asked cost nothing', async () => {
    const stand = await startStand(json(200, {}))
    const { response } = await stand.ask(chat('nobody-has-this', false))
    await response.ended()
    expect(response.status).toBe(404)
    expect((await stand.record(0)).costMicroUsd).toBe(0)
  })
  test('has the price that a route says', async () => {
    const price = { input: 2, output: 4 }
    const traits = { weight: 1, prefill: false, contextTokens: null, concurrencyMax: null }
    const target = { ...traits, model: 'openai/gpt-5', price, clocks: {} }
    const shape = { strategy: 'priority', midstream: 'error', hedge: true } as const
    const route = { name: 'mine', targets: [target], ...shape }
    const script = json(200, completion('gpt-5', usage))
    const stand = await startStand(script, {}, undefined, 0, [route])
    expect(await told(stand, 'mine')).toBe('0.0024')
  })
})

describe('a stream', () => {
  const events = chatEvents(['Hello', ' there'], 'gpt-5')
  const wire = eventsText(events, true)
  // 3 x 1.25 + 2 x 10 micro-dollars, rounded up.
  const comment = ': sluice cost=0.000024 currency=USD\n'

  test('says nothing of it unless it is asked, and the record knows', async () => {
    const stand = await startStand(sse(events, { done: true }))
    const { response } = await stand.ask(chat('gpt-5', true))
    await response.ended()
    expect(response.text()).toBe(wire)
    expect(response.header('x-sluice-cost')).toBeNull()
    expect((await stand.record(0)).costMicroUsd).toBe(24)
  })
  test('ends with a comment where that is asked for', async () => {
    const stand = await startStand(sse(events, { done: true }))
    const { response } = await stand.ask(chat('gpt-5', true, { 'x-sluice-cost': 'trailer' }))
    await response.ended()
    expect([response.text(), response.ending]).toEqual([wire + comment, 'complete'])
    expect((await stand.upstream.request(0)).header('x-sluice-cost')).toBeNull()
  })
  test('says that it is unknown', async () => {
    const stand = await startStand(sse(events.slice(0, -1), { done: true }))
    const { response } = await stand.ask(chat('gpt-5', true, { 'x-sluice-cost': 'trailer' }))
    await response.ended()
    expect(response.text()).toEndWith('data: [DONE]\n\n: sluice cost=unknown currency=USD\n')
  })
  test('that breaks ends with its error and with nothing behind it', async () => {
    const stand = await startStand(sse(events.slice(0, 2)))
    const { response } = await stand.ask(chat('gpt-5', true, { 'x-sluice-cost': 'trailer' }))
    await response.ended()
    expect(response.text()).toContain('upstream_incomplete')
    expect(response.text()).not.toContain('sluice cost')
  })
  test('whose last event has no blank line gets that first', async () => {
    const stand = await startStand(replay(Buffer.from(wire.trimEnd())))
    const { response } = await stand.ask(chat('gpt-5', true, { 'x-sluice-cost': 'trailer' }))
    await response.ended()
    expect(response.text()).toBe(wire + comment)
  })
  test('of Gemini ends the comment as its SDK wants it; an array has none', async () => {
    const script = replay(Buffer.from(streamedAnswers.gemini.events.join('')))
    const environment = (url: string) => ({
      GEMINI_API_KEY: 'k',
      GEMINI_BASE_URL: `${url}/v1beta`,
    })
    const path = '/v1beta/models/gemini-2.5-flash:streamGenerateContent'
    const body = JSON.stringify({ contents: [{ role: 'user', parts: [{ text: 'Hi' }] }] })
    const headers = { 'x-sluice-cost': 'trailer' }
    const stand = await startStand(script, environment)
    const { response } = await stand.ask({ method: 'POST', path: `${path}?alt=sse`, headers, body })
    await response.ended()
    expect(response.text()).toMatch(/: sluice cost=\S+ currency=USD\r\n\r\n$/)
    const { response: array } = await stand.ask({ method: 'POST', path, headers, body })
    await array.ended()
    expect(() => JSON.parse(array.text())).not.toThrow()
    expect(array.text()).not.toContain('sluice')
  })
  test('that passes unread has none', async () => {
    const stand = await startStand(replay(Buffer.from('data: x')))
    const headers = { 'x-sluice-cost': 'trailer' }
    const { response } = await stand.ask({ path: '/passthrough/openai/x', headers })
    await response.ended()
    expect(response.text()).toBe('data: x')
  })
  test('cannot be asked for anything else', async () => {
    const stand = await startStand(sse(events, { done: true }))
    const { response } = await stand.ask(chat('gpt-5', true, { 'x-sluice-cost': 'header' }))
    await response.ended()
    expect([response.status, JSON.parse(response.text()).error.code]).toEqual([
      400,
      'invalid_header',
    ])
  })
  test('of Anthropic has the price of what was written to the cache', async () => {
    const counts = {
      input_tokens: 100,
      cache_creation_input_tokens: 200,
      cache_read_input_tokens: 300,
      output_tokens: 10,
      cache_creation: { ephemeral_5m_input_tokens: 120, ephemeral_1h_input_tokens: 80 },
    }
    const script = json(200, {
      ...{ id: 'msg_1', type: 'message', role: 'assistant', model: 'claude-haiku-4-5' },
      content: [{ type: 'text', text: 'Hi' }],
      ...{ stop_reason: 'end_turn', stop_sequence: null, usage: counts },
    })
    const stand = await startStand(script, (url) => ({
      ANTHROPIC_API_KEY: 'k',
      ANTHROPIC_BASE_URL: `${url}/v1`,
    }))
    const messages = [{ role: 'user', content: 'Hi' }]
    const body = JSON.stringify({ model: 'claude-haiku-4-5', max_tokens: 10, messages })
    const { response } = await stand.ask({ method: 'POST', path: '/v1/messages', body })
    await response.ended()
    // 100 x 1 + 120 x 1.25 + 80 x 2 + 300 x 0.1 + 10 x 5
    expect((await stand.record(0)).costMicroUsd).toBe(490)
    expect(response.header('x-sluice-cost')).toBe('0.00049')
  })
})
