/**
 * A route that recovers, read by the official SDKs: whatever dialect the client speaks and the
 * providers speak, however the first answer breaks, and whether the second one goes on behind the
 * text or begins again, the client has one coherent answer.
 */
import { afterEach, describe, expect, test } from 'bun:test'
import { endStands } from './client-stand.ts'
import { type Pair, pairRows } from './dialect-stand.ts'
import { answerEvents } from './recover-answers.ts'
import {
  answers,
  breaks,
  failures,
  inPieces,
  readBySdk,
  send,
  startRecover,
  wholeText,
  words,
} from './recover-stand.ts'

afterEach(endStands)

const ways = ['prefill', 'restart'] as const

/** The second target: of the first one's dialect, or of another. */
const seconds = (pair: Pair): readonly string[] => {
  const [provider = ''] = pair.model.split('/')
  return [`${provider}/model-b`, provider === 'anthropic' ? 'openai/model-b' : 'anthropic/model-b']
}

describe.each(ways)('%s', (way) => {
  test.each(pairRows)('%s', async (_name, pair) => {
    const [provider] = pair.model.split('/')
    for (const second of seconds(pair)) {
      for (const failure of failures) {
        const environment = { STREAM_IDLE_TIMEOUT_MS: failure === 'idle' ? '150' : '10000' }
        const { stand, begun } = await startRecover(
          [
            { target: `${provider}/model-a`, does: [breaks(failure)] },
            { target: { model: second, prefill: way === 'prefill' }, does: [answers()] },
          ],
          environment,
        )
        const reading = await readBySdk(pair.client, stand.url, begun)
        const place = `${failure}, then ${second}`
        expect([place, reading.raised, reading.text]).toEqual([place, null, wholeText])
        expect([place, reading.starts, reading.finishes]).toEqual([place, 1, 1])
        expect(reading.sequence).toEqual(reading.sequence.map((_number, index) => index))
        if (pair.client !== 'responses') expect(reading.ids.size).toBe(1)
        // A response, and the one item in it.
        else expect(reading.ids.size).toBe(2)
        const rest = way === 'prefill' ? wholeText.slice('Hello Wörld'.length) : wholeText
        const pieces = inPieces(rest).length
        if (pair.client !== 'completions') expect(reading.outputTokens).toEqual([pieces])
        const record = await stand.record(0)
        expect([record.recovery, record.errorCode, record.endReason]).toEqual([
          way,
          null,
          'completed',
        ])
        expect(record.attemptLog.map(({ kind }) => kind)).toEqual(['first', 'recovery'])
        expect(record.provider).toBe(second.split('/')[0] ?? '')
      }
    }
  })
})

test('what the first answer counted is not told as the count of the second', async () => {
  const { stand, begun } = await startRecover([
    { target: 'anthropic/model-a', does: [breaks('fin')] },
    {
      target: 'openai/model-b',
      does: [
        async ({ dialect, connection }) => {
          const events = answerEvents({ dialect, id: 'two', words })
          await send(
            connection,
            events.filter((event) => !event.includes('"usage"')),
          )
          await connection.end()
        },
      ],
    },
  ])
  const reading = await readBySdk('chat', stand.url, begun)
  expect([reading.raised, reading.text, reading.finishes]).toEqual([null, wholeText, 1])
  expect(reading.outputTokens).toEqual([])
  const { inputTokens, outputTokens } = await stand.record(0)
  expect([inputTokens, outputTokens]).toEqual([null, null])
})

test('a target that begins again gets the same request, to the byte', async () => {
  const { stand, begun } = await startRecover([
    { target: 'openai/model-a', does: [breaks('reset')] },
    { target: 'openai/model-b', does: [answers()] },
  ])
  expect((await readBySdk('chat', stand.url, begun)).text).toBe(wholeText)
  const bodies = await Promise.all(stand.upstream.requests.map((request) => request.text()))
  expect(bodies[1]).toBe((bodies[0] ?? '').replace('model-a', 'model-b'))
})
