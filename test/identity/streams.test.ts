/**
 * Streams of our own making through a worker: every way to end, every kind of line end, and every
 * place to be cut. `IDENTITY_SEED` repeats the random cuts of a run.
 */
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'bun:test'
import { ownFixture, ownFixtureText } from '../fixtures/read.ts'
import { type Ending, expectEnding } from './endings.ts'
import { randomOffsets, seed } from './random.ts'
import { type Dialect, Stand } from './stand.ts'

let stand: Stand
beforeAll(async () => {
  stand = await Stand.start()
})
afterEach(() => stand.nothingLeft())
afterAll(() => stand.stop())

const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text)

const streams: readonly (readonly [file: string, dialect: Dialect, ending: Ending])[] = [
  ['chat-text.sse', 'openai-chat', 'proper'],
  ['chat-tools.sse', 'openai-chat', 'proper'],
  ['chat-choices.sse', 'openai-chat', 'proper'],
  ['chat-comments.sse', 'openai-chat', 'proper'],
  ['chat-many-lines.sse', 'openai-chat', 'proper'],
  ['chat-no-end-marker.sse', 'openai-chat', 'no end marker'],
  ['chat-unfinished.sse', 'openai-chat', 'unfinished'],
  ['chat-own-error.sse', 'openai-chat', 'own error'],
  ['completions-text.sse', 'openai-completions', 'proper'],
  ['responses-text.sse', 'openai-responses', 'proper'],
  ['responses-tool.sse', 'openai-responses', 'proper'],
  ['responses-unfinished.sse', 'openai-responses', 'unfinished'],
  ['responses-failed.sse', 'openai-responses', 'own error'],
]

test.each(streams)('%s at %s: %s', async (file, dialect, ending) => {
  const bytes = ownFixture(file)
  for (const splits of ['whole', 'bytes', randomOffsets(bytes.length, file)] as const) {
    const note = `${splits}, IDENTITY_SEED=${seed}`
    expectEnding(await stand.replay(dialect, bytes, splits), bytes, ending, note)
  }
})

describe.each([
  ['LF', '\n'],
  ['CRLF', '\r\n'],
  ['CR', '\r'],
])('lines that end in %s', (_name, lineEnd) => {
  const bytes = bytesOf(ownFixtureText('chat-comments.sse').replaceAll('\n', lineEnd))

  test('are cut at every place', async () => {
    for (let offset = 1; offset < bytes.length; offset++) {
      const replayed = await stand.replay('openai-chat', bytes, [offset])
      expectEnding(replayed, bytes, 'proper', `cut at ${offset}`)
    }
  })

  test('come byte by byte', async () => {
    expectEnding(await stand.replay('openai-chat', bytes, 'bytes'), bytes, 'proper', 'bytes')
  })
})

describe('an error that comes first is an HTTP error', () => {
  const cases: readonly (readonly [string, Dialect, number, object])[] = [
    [
      'chat-error-first.sse',
      'openai-chat',
      429,
      {
        message: 'Slow down.',
        type: 'rate_limit_error',
        param: null,
        code: 'rate_limit_exceeded',
      },
    ],
    [
      'responses-error-first.sse',
      'openai-responses',
      429,
      {
        message: 'You have no quota left.',
        type: 'insufficient_quota',
        param: null,
        code: 'insufficient_quota',
      },
    ],
  ]
  test.each(cases)('%s at %s: %d', async (file, dialect, status, error) => {
    for (const splits of ['whole', 'bytes'] as const) {
      const { response, exchange } = await stand.replay(dialect, ownFixture(file), splits)
      expect([response.status, response.ending]).toEqual([status, 'complete'])
      expect(response.header('content-type')).toBe('application/json')
      expect(JSON.parse(response.text())).toEqual({ error })
      expect(exchange.endReason).toBe('upstream_error')
    }
  })

  test('a stream without any event is a 502', async () => {
    const { response } = await stand.replay('openai-chat', bytesOf(': connected\n\n'), 'whole')
    expect(response.status).toBe(502)
    expect(JSON.parse(response.text())).toMatchObject({ error: { code: 'upstream_empty' } })
  })

  test('a stream that only began is a 502', async () => {
    const [opening = ''] = ownFixtureText('chat-text.sse').split(/(?<=\n\n)/)
    const { response } = await stand.replay('openai-chat', bytesOf(opening), 'whole')
    expect(response.status).toBe(502)
    expect(JSON.parse(response.text())).toMatchObject({ error: { code: 'upstream_incomplete' } })
  })
})

describe('what does not leave as it came', () => {
  test('an event that is not JSON is dropped, and nothing around it', async () => {
    const text = ownFixtureText('chat-broken-event.sse')
    const events = text.split(/(?<=\n\n)/)
    const kept = events.filter((event) => !event.includes('[{"ind\n'))
    expect([events.length, kept.length]).toEqual([5, 4])
    for (const splits of ['whole', 'bytes'] as const) {
      const { response, exchange } = await stand.replay('openai-chat', bytesOf(text), splits)
      expect(response.text()).toBe(kept.join(''))
      expect([exchange.droppedEvents, exchange.endReason]).toEqual([1, 'completed'])
    }
  })

  test('a blank line that ends no event is taken off, behind an id or a retry', async () => {
    const whole = ownFixtureText('chat-comments.sse')
    for (const lineEnd of ['\n', '\r\n', '\r']) {
      // As a block of its own each of these makes the official Python SDK raise.
      const text = whole
        .replace('\n:\ndata', '\n:\n\ndata')
        .replace('\n: bye\n', '\n: bye\n\nid: 3\n\nevent: ping\n\n\nretry: 1\n\n')
      const passed = whole.replace('\n: bye\n', '\n: bye\nid: 3\nretry: 1\n')
      const asEnded = (lines: string) => lines.replaceAll('\n', lineEnd)
      for (const splits of ['whole', 'bytes'] as const) {
        const { response } = await stand.replay('openai-chat', bytesOf(asEnded(text)), splits)
        expect([lineEnd, splits, response.text()]).toEqual([lineEnd, splits, asEnded(passed)])
      }
    }
  })

  test('a byte order mark is taken off', async () => {
    const bytes = ownFixture('chat-text.sse')
    const marked = new Uint8Array([0xef, 0xbb, 0xbf, ...bytes])
    for (const splits of ['whole', 'bytes'] as const) {
      const { response } = await stand.replay('openai-chat', marked, splits)
      expect(response.body()).toEqual(bytes)
    }
  })
})

describe('the last blank line is missing', () => {
  test('and the end marker is there: the blank line is supplied', async () => {
    const text = ownFixtureText('chat-text.sse')
    for (const missing of [1, 2]) {
      const bytes = bytesOf(text.slice(0, -missing))
      for (const splits of ['whole', 'bytes'] as const) {
        const { response, exchange } = await stand.replay('openai-chat', bytes, splits)
        expect([missing, splits, response.text()]).toEqual([missing, splits, text])
        expect(exchange.endReason).toBe('completed')
      }
    }
  })

  test('and the end marker too: both are supplied', async () => {
    const text = ownFixtureText('chat-no-end-marker.sse').slice(0, -2)
    for (const splits of ['whole', 'bytes'] as const) {
      const { response } = await stand.replay('openai-chat', bytesOf(text), splits)
      expect(response.text()).toBe(`${text}\n\ndata: [DONE]\n\n`)
    }
  })

  test('in the middle of an event: what is not whole does not leave', async () => {
    const text = ownFixtureText('chat-text.sse')
    const cutAt = text.indexOf('aus')
    const whole = text.slice(0, text.lastIndexOf('\n\n', cutAt) + 2)
    const { response, exchange } = await stand.replay(
      'openai-chat',
      bytesOf(text.slice(0, cutAt)),
      'whole',
    )
    expect(response.text().slice(0, whole.length)).toBe(whole)
    const last = response.text().slice(whole.length)
    expect(JSON.parse(last.replace(/^data: /, ''))).toHaveProperty('error.code')
    expect(last).not.toContain('[DONE]')
    expect(exchange.endReason).toBe('upstream_truncated')
  })
})

describe('an event above the limit', () => {
  const picture = 'A'.repeat(3_000_000)

  test('passes whole, and is still seen to be the end of a response', async () => {
    const text = ownFixtureText('responses-text.sse').replace(
      /("type":"response.completed".*"output":\[)/,
      `$1{"type":"image_generation_call","result":"${picture}"},`,
    )
    const bytes = bytesOf(text)
    expect(bytes.length).toBeGreaterThan(picture.length)
    for (const splits of ['whole', randomOffsets(bytes.length, 'picture')] as const) {
      const replayed = await stand.replay('openai-responses', bytes, splits)
      expect(replayed.exchange.oversizeEvents).toBe(1)
      expectEnding(replayed, bytes, 'proper', `IDENTITY_SEED=${seed}`)
    }
  })

  test('that breaks off is no end, whatever it began with', async () => {
    const text = ownFixtureText('responses-text.sse')
    const end = text.indexOf('"output":[', text.indexOf('event: response.completed'))
    const bytes = bytesOf(`${text.slice(0, end)}"output":["${picture}`)
    const { response, exchange } = await stand.replay('openai-responses', bytes, 'whole')
    // The first part of the event has left, so nothing can be said in the stream any more.
    expect(response.ending).not.toBe('complete')
    expect(exchange.endReason).toBe('upstream_truncated')
  })
})
