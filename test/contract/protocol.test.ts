/**
 * What holds for every dialect, whatever it is: a new one in the registry is tested here without a
 * new test. Runs repeat with `CONTRACT_SEED`.
 */
import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { GatewayError } from '../../src/core/errors.ts'
import type { HubEvent } from '../../src/protocol/hub/events.ts'
import type { Protocol } from '../../src/protocol/protocol.ts'
import { protocols } from '../../src/protocol/registry.ts'
import { type Translation, translationOf } from '../../src/protocol/translation.ts'
import { createDeframer } from '../../src/sse/deframe.ts'

import { framesOf, randomFrom } from '../protocol/replay.ts'
import { answerIn } from './answers.ts'
import { readStream } from './clients.ts'
import { accountOf, context, expectedAccount, hubAnswer } from './hub-answers.ts'
import { generatedRequest, sayable } from './hub-requests.ts'
import { expectSane, gist, spoilt } from './sanity.ts'
import { said, tokens } from './stream-answer.ts'

const seed = Number(Bun.env.CONTRACT_SEED ?? 20_260_101)
const runs = { seed, numRuns: 150 }

const all = Object.values(protocols)
const translated: readonly (readonly [string, Protocol])[] = all
  .filter(({ translation }) => translation !== null)
  .map((protocol) => [protocol.name, protocol])

/** Dialects that clients speak as well: the others have no writer. */
const spoken = translated.filter(([, protocol]) => {
  try {
    return translationOf(protocol).writer(context) !== null
  } catch {
    return false
  }
})

const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text)
const written = (translation: Translation, events: readonly HubEvent[]): string =>
  translation.writer(context).write(events)

test('both kinds of dialects are here', () => {
  expect(spoken.map(([name]) => name)).toContain('openai-chat')
  expect(translated.length).toBeGreaterThan(spoken.length)
})

describe.each(translated)('%s as a provider`s', (name, protocol) => {
  const { bytes } = answerIn(protocol.name)
  const frames = framesOf(protocol.framing, bytes)

  test('a good stream is read, cut anywhere', () => {
    for (let at = 0; at <= bytes.length; at += 1) {
      const deframer = createDeframer(protocol.framing, 1 << 20)
      const reader = translationOf(protocol).reader()
      const cut = [...deframer.push(bytes.slice(0, at)), ...deframer.push(bytes.slice(at))]
      const events = [...cut, ...deframer.end()].flatMap((frame) => reader.read(frame))
      const { text, finish, tokens: counted, ended } = accountOf([...events, ...reader.end()])
      const found = [text, finish, counted, ended]
      expect(found).toEqual([said.join(''), 'stop', [tokens.input, tokens.output], true])
    }
  })

  test('the watch sees the same in it', () => {
    const watch = protocol.watch()
    const seen = frames.map(({ event, data }) => watch.look(data, event))
    expect(seen).toContain('content')
    expect(seen).not.toContain('invalid')
    expect([watch.finished, watch.error, watch.usage?.inputTokens]).toEqual([
      true,
      null,
      tokens.input,
    ])
    expect(watch.ended).toBe(protocol.hasEndMarker)
  })

  test('a stream that breaks off is an error, and ends once', () => {
    for (let kept = 0; kept < frames.length; kept += 1) {
      const reader = translationOf(protocol).reader()
      const events = frames.slice(0, kept).flatMap((frame) => reader.read(frame))
      const rest = reader.end()
      const last = [...events, ...rest].at(-1)?.type
      const hasFinished = [...events, ...rest].some(({ type }) => type === 'finish')
      expect([name, kept, last]).toEqual([name, kept, hasFinished ? 'end' : 'error'])
      expect(reader.end()).toEqual([])
    }
  })

  test('mutated frames never throw, in the reader as in the watch', () => {
    for (let round = 0; round < 500; round += 1) {
      const random = randomFrom(seed + round)
      const reader = translationOf(protocol).reader()
      const watch = protocol.watch()
      const events = frames.flatMap((frame) => {
        const { event, data } = spoilt(frame, random)
        watch.look(data, event)
        return reader.read({ event, data })
      })
      expectSane([...events, ...reader.end()], round)
    }
  })

  test('errors with a status are read, whatever their body', () => {
    for (const body of [null, 'x', 7, [], {}, { error: null }, { error: 'x' }, { message: {} }]) {
      const error = protocol.readError(429, body, 1000)
      expect([error.status, error.detail.retryAfterMs]).toEqual([429, 1000])
    }
  })

  test('the lists of losses say each thing once', () => {
    const { dialect, request, answer } = translationOf(protocol).losses
    expect(dialect).toBe(protocol.name)
    for (const list of [request, answer]) {
      const names = list.map(({ what }) => what)
      expect(names).toEqual([...new Set(names)])
    }
  })
})

describe.each(spoken)('%s as a client`s', (_, protocol) => {
  const translation = translationOf(protocol)

  test('what is written is read again, streamed and whole', () => {
    fc.assert(
      fc.property(hubAnswer, (events) => {
        const expected = expectedAccount(events, translation.losses)
        expect(accountOf(readStream(protocol, bytesOf(written(translation, events))))).toEqual(
          expected,
        )
        const body = JSON.parse(JSON.stringify(translation.writeResponse(events, context)))
        expect(accountOf(translation.readResponse(body))).toEqual(expected)
      }),
      runs,
    )
  })

  test('however the events come together, the same is said', () => {
    fc.assert(
      fc.property(hubAnswer, (events) => {
        const writer = translation.writer(context)
        const singly = events.map((event) => writer.write([event])).join('')
        const read = readStream(protocol, bytesOf(singly))
        expect(accountOf(read)).toEqual(expectedAccount(events, translation.losses))
      }),
      runs,
    )
  })

  test('heartbeats between events are nothing', () => {
    fc.assert(
      fc.property(hubAnswer, (events) => {
        const writer = translation.writer(context)
        const beating = events.map((event) => protocol.heartbeat + writer.write([event])).join('')
        const read = readStream(protocol, bytesOf(beating))
        expect(accountOf(read)).toEqual(expectedAccount(events, translation.losses))
      }),
      { ...runs, numRuns: 40 },
    )
  })

  test('an error in the middle is an error, and the last word', () => {
    const error = new GatewayError('upstream_idle_timeout')
    fc.assert(
      fc.property(hubAnswer, fc.nat(), (events, at) => {
        const kept = events.slice(0, at % (events.length - 2))
        const writer = translation.writer(context)
        const text = writer.write([...kept, { type: 'error', error }])
        expect(writer.write(events)).toBe('')
        const read = accountOf(readStream(protocol, bytesOf(text)))
        expect([read.error, read.ended]).toEqual([error.message, false])
      }),
      runs,
    )
  })

  test('the error event of a passed stream is read as one', () => {
    const error = new GatewayError('upstream_reset')
    const event = protocol.watch().errorEvent(error, 'req_1')
    expect(accountOf(readStream(protocol, bytesOf(event))).error).toBe(error.message)
    const { status, body } = protocol.writeError(error, 'req_1')
    expect(protocol.readError(status, body, null).message).toBe(error.message)
  })

  test('a request that was written means what it meant', () => {
    fc.assert(
      fc.property(generatedRequest, (generated) => {
        const request = sayable(generated, translation.losses)
        const path = { model: request.model, stream: request.stream }
        const body = JSON.parse(JSON.stringify(translation.writeRequest(request)))
        const read = translation.readRequest(body, path)
        expect(gist(read)).toEqual(gist(request))
        // What was lost is lost the first time: after that nothing changes any more.
        expect(JSON.parse(JSON.stringify(translation.writeRequest(read)))).toEqual(body)
      }),
      runs,
    )
  })
})
