/** What is more than plain text is not gone on with. */
import { afterEach, describe, expect, test } from 'bun:test'
import { eventText } from '../kit/answers.ts'
import { jsonRequest } from '../kit/client.ts'
import { endStands } from './client-stand.ts'
import { chunked } from './provider-stand.ts'
import { answerEvents } from './recover-answers.ts'
import { a, ask, b, expectTold } from './recover-raw.ts'
import {
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
    return async (asked) => {
      await send(asked.connection, [...events, delta({ content: 'Hello' })])
      await fail(asked, 'end')
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
