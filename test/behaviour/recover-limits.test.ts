/** What is not recovered, and what recovering does not do. */
import { afterEach, describe, expect, test } from 'bun:test'
import { eventText } from '../kit/answers.ts'
import { jsonRequest } from '../kit/client.ts'
import type { RawResponse } from '../kit/response.ts'
import { endStands, type Stand } from './client-stand.ts'
import { requestOf } from './dialect-stand.ts'
import { chunked } from './provider-stand.ts'
import { answerEvents, errorEventOf } from './recover-answers.ts'
import {
  answers,
  type Behaviour,
  breaks,
  fail,
  readBySdk,
  send,
  startRecover,
  wholeText,
  words,
} from './recover-stand.ts'
import { routeName } from './route-stand.ts'

afterEach(endStands)

const a = 'openai/model-a'
const b = 'openai/model-b'
const c = 'openai/model-c'
const chat = { client: 'chat', provider: 'chat', model: routeName } as const

/** Asks for a chat with a raw client; the providers hear of it when it has some text. */
async function ask(
  { stand, begun }: Awaited<ReturnType<typeof startRecover>>,
  request = requestOf(chat),
): Promise<RawResponse> {
  const { response } = await stand.ask(request)
  await response.until((r) => r.ending !== null || r.text().includes('Hel'), 'the first text')
  begun()
  return response
}

const textOf = (response: RawResponse): string =>
  [...response.text().matchAll(/"content":("(?:[^"\\]|\\.)*")/g)]
    .map(([, text = '""']) => JSON.parse(text))
    .join('')

/** Expects an error event of this code behind the text, and the record of a failure. */
async function expectTold(stand: Stand, response: RawResponse, code: string): Promise<void> {
  expect(await response.ended()).toBe('complete')
  expect(response.text()).toContain(`"code":"${code}"`)
  expect(response.text()).not.toContain('[DONE]')
  expect(response.text()).not.toContain('"finish_reason":"')
  expect(response.text()).not.toContain('sluice recovered')
  const record = await stand.record(0)
  expect([record.recovery, record.errorCode]).toEqual(['failed', code as never])
}

const silent: Behaviour = async ({ connection }) => {
  await send(connection, [])
  await connection.closed
}

describe('divergence', () => {
  test.each([
    ['another word', 'Hello World and so on', 'Hello W'.length],
    ['an end before the text is complete', 'Hello', 'Hello'.length],
    ['another beginning', 'Hi', 1],
  ])('%s is the error of the first answer', async (_name, said, at) => {
    const on = await startRecover([
      { target: a, does: [breaks('reset')] },
      { target: b, does: [answers(said)] },
    ])
    const response = await ask(on)
    await expectTold(on.stand, response, 'upstream_reset')
    expect(textOf(response)).toBe('Hello Wörld')
    const record = await on.stand.record(0)
    expect(record.divergedAt).toBe(at)
    expect([record.attempts, record.upstreamModel]).toEqual([2, 'model-a'])
  })

  test.each(['messages', 'responses', 'gemini'] as const)('%s: the SDK raises', async (client) => {
    const { stand, begun } = await startRecover([
      { target: 'anthropic/model-a', does: [breaks('fin')] },
      { target: b, does: [answers('Something else.')] },
    ])
    const reading = await readBySdk(client, stand.url, begun)
    expect(reading.raised).toBeInstanceOf(Error)
    expect(reading.finishes).toBe(0)
    expect(wholeText).toStartWith(reading.text)
  })

  test('white space at the end of a prefill is demanded of what follows', async () => {
    const continues =
      (rest: string): Behaviour =>
      async ({ dialect, connection, prefill }) => {
        expect(prefill).toBe('Hello Wörld 👋')
        await send(connection, answerEvents({ dialect, id: 'two', words: [rest] }))
        await connection.end()
      }
    const target = { model: b, prefill: true }
    const good = await startRecover([
      { target: a, does: [breaks('reset', 6)] },
      { target, does: [continues('\n\nand "more" of it.')] },
    ])
    const whole = await ask(good)
    await whole.ended()
    expect(textOf(whole)).toBe(wholeText)
    const bad = await startRecover([
      { target: a, does: [breaks('reset', 6)] },
      { target, does: [continues(' and "more" of it.')] },
    ])
    await expectTold(bad.stand, await ask(bad), 'upstream_reset')
  })
})

describe('what is more than plain text', () => {
  const delta = (fields: object): string =>
    eventText(
      JSON.stringify({
        ...{ id: 'chatcmpl-one', object: 'chat.completion.chunk', created: 1, model: 'm' },
        choices: [{ index: 0, delta: fields, finish_reason: null }],
      }),
    )
  const call = { index: 0, id: 'call_1', type: 'function', function: { name: 'f', arguments: '{' } }
  const begins = (...events: readonly string[]): Behaviour => {
    return async (asked, begun) => {
      await send(asked.connection, [...events, delta({ content: 'Hello' })])
      await begun
      await fail(asked, 'fin')
    }
  }

  test.each([
    ['a tool call', delta({ tool_calls: [call] })],
    ['reasoning', delta({ reasoning_content: 'Let me think.' })],
    ['a refusal', delta({ refusal: 'No.' })],
    ['a picture', delta({ images: [{ type: 'image_url', image_url: { url: 'x:' } }] })],
    ['a citation', delta({ annotations: [{ type: 'url_citation', url_citation: { url: 'x:' } }] })],
  ])('%s that has begun is not gone on with', async (_name, event) => {
    for (const client of ['chat', 'messages'] as const) {
      const { stand, begun } = await startRecover([
        { target: a, does: [begins(event)] },
        { target: { model: b, prefill: true }, does: [] },
      ])
      const reading = await readBySdk(client, stand.url, begun).catch((error) => error)
      expect(reading.raised).toBeInstanceOf(Error)
      expect(stand.upstream.requestCount).toBe(1)
      expect((await stand.record(0)).recovery).toBe('failed')
    }
  })

  test.each([
    ['several answers', { n: 2 }],
    ['probabilities', { logprobs: true }],
  ])('%s that were asked for are not either', async (_name, fields) => {
    const on = await startRecover([
      { target: a, does: [breaks('fin')] },
      { target: b, does: [] },
    ])
    const body = { model: routeName, stream: true, messages: [], ...fields }
    const response = await ask(on, jsonRequest('/v1/chat/completions', body))
    await expectTold(on.stand, response, 'upstream_reset')
    expect(on.stand.upstream.requestCount).toBe(1)
  })

  test('text beyond the bound is not kept', async () => {
    const long = 'x'.repeat(70_000)
    const on = await startRecover(
      [
        {
          target: a,
          does: [
            async (asked, begun) => {
              const said = ['Hel', ...Array.from({ length: 3 }, () => long)]
              const events = answerEvents({ dialect: asked.dialect, id: 'one', words: said })
              await send(asked.connection, events.slice(0, 2))
              await begun
              for (const event of events.slice(2, 5)) await asked.connection.raw(chunked(event))
              await fail(asked, 'end')
            },
          ],
        },
        { target: b, does: [] },
      ],
      { STREAM_MAX_BUFFERED_BYTES: '131072' },
    )
    await expectTold(on.stand, await ask(on), 'upstream_incomplete')
  })

  test('what a model thinks before it says the same again is left out', async () => {
    const { stand, begun } = await startRecover([
      { target: a, does: [breaks('reset')] },
      {
        target: b,
        does: [
          async ({ dialect, connection }) => {
            const before = [delta({ reasoning_content: 'Once more.' })]
            await send(connection, answerEvents({ dialect, id: 'two', words, before }))
            await connection.end()
          },
        ],
      },
    ])
    const reading = await readBySdk('chat', stand.url, begun)
    expect([reading.raised, reading.text]).toEqual([null, wholeText])
  })
})

describe('the provider’s own error event', () => {
  const body = (events: readonly string[]): string => events.join('')
  const begunEvents = answerEvents({ dialect: 'chat', id: 'one', words }).slice(0, 3)

  test('passes to the byte where nobody is left', async () => {
    const on = await startRecover([{ target: a, does: [breaks('error', 2)] }])
    const response = await ask(on)
    expect(await response.ended()).toBe('complete')
    expect(response.text()).toBe(body([...begunEvents, errorEventOf('chat')]))
  })

  test('passes to the byte where the other answer diverges', async () => {
    const on = await startRecover([
      { target: a, does: [breaks('error', 2)] },
      { target: b, does: [answers('Something else.')] },
    ])
    const response = await ask(on)
    expect(await response.ended()).toBe('complete')
    expect(response.text()).toBe(body([...begunEvents, errorEventOf('chat')]))
    expect((await on.stand.record(0)).divergedAt).toBe(0)
  })

  test('that is the caller’s own is told, and nobody else is asked', async () => {
    const filtered = { message: 'Filtered.', type: 'invalid_request_error', code: 'content_filter' }
    const event = eventText(JSON.stringify({ error: filtered }))
    const on = await startRecover([
      {
        target: a,
        does: [
          async ({ connection }, begun) => {
            await send(connection, begunEvents)
            await begun
            await connection.raw(chunked(event))
            await connection.end()
          },
        ],
      },
      { target: b, does: [] },
    ])
    const response = await ask(on)
    expect(await response.ended()).toBe('complete')
    expect(response.text()).toBe(body([...begunEvents, event]))
    expect(on.stand.upstream.requestCount).toBe(1)
  })
})

describe('who is asked', () => {
  test('first those that go on with the text, each target once', async () => {
    const on = await startRecover([
      { target: a, does: [breaks('reset', 2)] },
      { target: b, does: [answers('Something else.')] },
      { target: { model: c, prefill: true }, does: [breaks('fin', 1, 'three')] },
    ])
    const response = await ask(on)
    expect(await response.ended()).toBe('complete')
    const { attemptLog, recovery } = await on.stand.record(0)
    expect(attemptLog.map(({ target }) => target)).toEqual([a, c, b])
    expect(recovery).toBe('failed')
  })

  test('a second failure is recovered by a third target', async () => {
    const on = await startRecover([
      { target: a, does: [breaks('reset', 2)] },
      { target: b, does: [breaks('error', 6, 'two')] },
      { target: c, does: [answers()] },
    ])
    const response = await ask(on)
    expect(await response.ended()).toBe('complete')
    expect(textOf(response)).toBe(wholeText)
    const comments = response.text().match(/^: sluice .*$/gm)
    expect(comments).toEqual([
      ': sluice recovered by restart on openai/model-b',
      ': sluice recovered by restart on openai/model-c',
    ])
    expect((await on.stand.record(0)).recovery).toBe('restart')
  })

  test('where the second fails before it has said anything new, the first error is told', async () => {
    const on = await startRecover([
      { target: a, does: [breaks('reset', 4)] },
      { target: b, does: [breaks('end', 2, 'two')] },
    ])
    await expectTold(on.stand, await ask(on), 'upstream_reset')
  })

  test('the same target once more, where it goes on with its own text', async () => {
    const { stand, begun } = await startRecover([
      { target: { model: a, prefill: true }, does: [breaks('reset'), answers()] },
    ])
    const reading = await readBySdk('chat', stand.url, begun)
    expect([reading.raised, reading.text]).toEqual([null, wholeText])
    expect((await stand.record(0)).recovery).toBe('prefill')
  })

  test('not the same target where it does not', async () => {
    const on = await startRecover([{ target: a, does: [breaks('reset')] }])
    await expectTold(on.stand, await ask(on), 'upstream_reset')
    expect(on.stand.upstream.requestCount).toBe(1)
  })

  test('nobody on a route that does not recover', async () => {
    const on = await startRecover(
      [
        { target: a, does: [breaks('reset')] },
        { target: b, does: [] },
      ],
      {},
      'error',
    )
    const response = await ask(on)
    expect(await response.ended()).toBe('complete')
    expect(response.text()).toContain('"code":"upstream_reset"')
    expect((await on.stand.record(0)).recovery).toBeNull()
  })
})

describe('while another answer is awaited', () => {
  const waiting = (environment: Readonly<Record<string, string>> = {}) =>
    startRecover(
      [
        { target: a, does: [breaks('fin')] },
        { target: b, does: [silent] },
      ],
      environment,
    )

  test('a client that leaves takes the new target with it', async () => {
    const on = await waiting()
    const { client, response } = await on.stand.ask(requestOf(chat))
    await response.until((r) => r.text().includes('Hel'), 'the first text')
    on.begun()
    await on.stand.upstream.request(1)
    const leftAtMs = performance.now()
    client.close()
    await on.stand.upstream.until((upstream) => upstream.openConnections === 0, 'the close')
    expect(performance.now() - leftAtMs).toBeLessThan(1000)
    const record = await on.stand.record(0)
    expect([record.endReason, record.recovery]).toEqual(['client_gone', null])
  })

  test('heartbeats go on', async () => {
    const on = await waiting({ STREAM_HEARTBEAT_INTERVAL_MS: '60' })
    const response = await ask(on)
    await on.stand.upstream.request(1)
    const already = response.text().length
    await response.until((r) => r.text().slice(already).includes(': ping\n'), 'a heartbeat')
  })

  test('the first-token clock of the new target counts', async () => {
    const on = await waiting({ STREAM_FIRST_TOKEN_TIMEOUT_MS: '200' })
    await expectTold(on.stand, await ask(on), 'upstream_reset')
    const { attemptLog } = await on.stand.record(0)
    expect(attemptLog[1]?.outcome).toMatch(/_timeout$/)
  })

  test('the total clock ends it', async () => {
    const on = await waiting({ STREAM_TOTAL_TIMEOUT_MS: '400' })
    const response = await ask(on)
    expect(await response.ended()).toBe('complete')
    expect(response.text()).toContain('"code":"upstream_total_timeout"')
  })
})

test('an array of Gemini’s stays one, and has no comment', async () => {
  const on = await startRecover([
    { target: 'gemini/model-a', does: [breaks('fin')] },
    { target: 'gemini/model-b', does: [answers()] },
  ])
  const contents = [{ role: 'user', parts: [{ text: 'Hi' }] }]
  const path = `/v1beta/models/${routeName}:streamGenerateContent`
  const response = await ask(on, jsonRequest(path, { contents }))
  expect(await response.ended()).toBe('complete')
  const chunks = JSON.parse(response.text()) as {
    readonly candidates: readonly { readonly content: { readonly parts: { text: string }[] } }[]
  }[]
  const said = chunks.map(({ candidates }) => candidates[0]?.content.parts[0]?.text ?? '')
  expect(said.join('')).toBe(wholeText)
  expect((await on.stand.record(0)).recovery).toBe('restart')
})
