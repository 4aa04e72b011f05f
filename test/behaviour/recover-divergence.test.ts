/** Two answers that do not fit together, and what is told of a failure that is not recovered. */
import { afterEach, describe, expect, test } from 'bun:test'
import { createLog } from '../../src/observe/log.ts'
import { eventText } from '../kit/answers.ts'
import { endStands } from './client-stand.ts'
import { chunked } from './provider-stand.ts'
import { answerEvents, errorEventOf } from './recover-answers.ts'
import { a, ask, b, expectTold, textOf } from './recover-raw.ts'
import {
  answers,
  type Behaviour,
  breaks,
  readBySdk,
  send,
  startRecover,
  wholeText,
  words,
} from './recover-stand.ts'

afterEach(endStands)

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

  test('the answer that differs is not read on', async () => {
    const on = await startRecover([
      { target: a, does: [breaks('reset')] },
      {
        target: b,
        does: [
          async ({ dialect, connection }) => {
            const events = answerEvents({ dialect, id: 'two', words: ['Something', ' else'] })
            await send(connection, events.slice(0, 2))
            await connection.closed
          },
        ],
      },
    ])
    await expectTold(on.stand, await ask(on), 'upstream_reset')
    await on.stand.upstream.until((upstream) => upstream.openConnections === 0, 'the close')
  })

  test('the log says where two answers differed', async () => {
    const on = await startRecover([
      { target: a, does: [breaks('reset')] },
      { target: b, does: [answers('Hello World')] },
    ])
    await expectTold(on.stand, await ask(on), 'upstream_reset')
    let line = ''
    const log = createLog({ level: 'info', format: 'json', worker: 0 }, (text) => {
      line += text
    })
    log.request(await on.stand.record(0))
    expect(JSON.parse(line)).toMatchObject({ recovery: 'failed', divergedAt: 'Hello W'.length })
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
