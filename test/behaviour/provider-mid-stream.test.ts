/**
 * What a provider that breaks in the middle of its stream looks like to a client, and what happens
 * on its connections besides (fault matrix, rows 6, 12 to 16, 19, 21 and 50).
 */
import { afterEach, describe, expect, test } from 'bun:test'
import { eventsText, eventText, json } from '../kit/answers.ts'
import { jsonRequest } from '../kit/client.ts'
import type { UpstreamScript } from '../kit/upstream.ts'
import { chatRequest, endStands, startStand } from './client-stand.ts'
import {
  answer,
  begun,
  chat,
  chunked,
  type ErrorBody,
  errorOf,
  events,
  head,
  raw,
  sseHead,
  stream,
} from './provider-stand.ts'

afterEach(endStands)

const [role = '', first = '', second = '', finish = ''] = events

const unframed = 'content-type: text/event-stream'

const length = (bytes: number): string =>
  `content-type: text/event-stream\r\ncontent-length: ${bytes}`

/** The error of the last event of a stream. */
function lastError(text: string): ErrorBody['error'] {
  const last = text.trimEnd().split('\n\n').at(-1) ?? ''
  expect(last).toStartWith('data: ')
  return (JSON.parse(last.slice('data: '.length)) as ErrorBody).error
}

describe('after the first content: an event, and no end that was not there', () => {
  type Rest = UpstreamScript
  const bytes = (text: string): Rest => {
    return async (_request, connection) => {
      await connection.raw(text)
      connection.close()
    }
  }
  const broken: readonly (readonly [string, string, Rest, string])[] = [
    ['resets', sseHead, async (_request, connection) => connection.reset(), 'upstream_reset'],
    ['closes without the last chunk', sseHead, bytes(''), 'upstream_reset'],
    ['breaks the chunks', sseHead, bytes('ZZ\r\n'), 'upstream_protocol_error'],
    ['ends without a finish', sseHead, bytes('0\r\n\r\n'), 'upstream_incomplete'],
    ['sends less than its length', head(length(begun.length + 9)), bytes(''), 'upstream_reset'],
    ['ends without framing', head(unframed), bytes(''), 'upstream_incomplete'],
  ]

  test.each(broken)('a provider that %s', async (_name, start, rest, code) => {
    const seen = Promise.withResolvers<void>()
    const stand = await startStand(async (request, connection) => {
      await connection.raw(start)
      await connection.raw(start === sseHead ? chunked(begun) : begun)
      // A reset overtakes what was sent before it, so it waits until that has been seen.
      await seen.promise
      await rest(request, connection)
    })
    const { response } = await stand.ask(jsonRequest('/v1/chat/completions', chatRequest))
    await response.until((r) => r.text() === begun, 'the first content')
    seen.resolve()
    await response.ended()
    expect(response.status).toBe(200)
    expect(response.ending).toBe('complete')
    expect(response.text()).toStartWith(begun)
    expect(response.text()).not.toContain('[DONE]')
    expect(response.text()).not.toContain('finish_reason":"stop')
    expect(lastError(response.text()).code).toBe(code)
    expect((await stand.record(0)).errorCode as string).toBe(code)
  })

  test('an error of the provider is its own event, unchanged, and nothing after it', async () => {
    const error = eventText('{"error":{"message":"Overloaded","type":"server_error"}}')
    const { response, stand } = await answer(raw(sseHead, chunked(begun + error), '0\r\n\r\n'))
    expect(response.text()).toBe(begun + error)
    expect((await stand.record(0)).endReason).toBe('upstream_error')
  })

  test.each([
    ['a clean end', sseHead, '0\r\n\r\n'],
    ['a cut connection', sseHead, ''],
    ['the end of an unframed body', head(unframed), ''],
  ])('a missing end marker is supplied after a finish reason and %s', async (_n, start, rest) => {
    const finished = eventsText(events)
    const seen = Promise.withResolvers<void>()
    const stand = await startStand(async (_request, connection) => {
      await connection.raw(start)
      await connection.raw(start === sseHead ? chunked(finished) : finished)
      await seen.promise
      if (rest !== '') await connection.raw(rest)
      connection.close()
    })
    const { response } = await stand.ask(jsonRequest('/v1/chat/completions', chatRequest))
    await response.until((r) => r.text() === finished, 'the finish')
    seen.resolve()
    await response.ended()
    expect(response.text()).toBe(`${finished}data: [DONE]\n\n`)
    expect((await stand.record(0)).endReason).toBe('completed')
  })

  test('an event that is not JSON is dropped and counted', async () => {
    const text = eventsText([role, first, '{oops', second, finish], true)
    const { response, stand } = await answer(raw(sseHead, chunked(text), '0\r\n\r\n'))
    expect(response.text()).toBe(eventsText([role, first, second, finish], true))
    expect((await stand.record(0)).droppedEvents).toBe(1)
  })

  test('a provider that keeps its connection open after the end is let go', async () => {
    const text = eventsText(events, true)
    const { response, stand } = await answer(async (_request, connection) => {
      await connection.head(200, stream)
      await connection.chunk(text)
      await connection.closed
    })
    expect(response.text()).toBe(text)
    expect(response.ending).toBe('complete')
    expect((await stand.record(0)).endReason).toBe('completed')
  })
})

describe('connections', () => {
  test('a connection that the provider had given up on is replaced without a word', async () => {
    const stand = await startStand(async (request, connection) => {
      if (connection.requestCount > 1) connection.reset()
      else await json(200, { id: 'x', choices: [] })(request, connection)
    })
    expect((await chat(stand, false)).status).toBe(200)
    const again = await chat(stand, false)
    expect(again.status).toBe(200)
    expect(again.header('x-sluice-attempts')).toBe('2')
    expect(stand.upstream.connectionCount).toBe(2)
  })

  test('informational answers before the real one are ignored', async () => {
    const early = 'HTTP/1.1 103 Early Hints\r\nlink: </x>\r\n\r\nHTTP/1.1 100 Continue\r\n\r\n'
    const text = eventsText(events, true)
    const { response } = await answer(raw(early, sseHead, chunked(text), '0\r\n\r\n'))
    expect(response.status).toBe(200)
    expect(response.text()).toBe(text)
    expect(response.header('link')).toBeNull()
  })

  test('a JSON answer that is cut off is a 502, not half an answer', async () => {
    const script = raw(head('content-type: application/json\r\ncontent-length: 100'), '{"id":')
    const { response } = await answer(script, { stream: false })
    expect(response.status).toBe(502)
    expect(errorOf(response).code).toBe('upstream_reset')
  })

  test('bytes behind the declared length never reach anybody', async () => {
    const good = '{"id":"x","choices":[]}'
    const lines = `content-type: application/json\r\ncontent-length: ${good.length}`
    const stand = await startStand(async (_request, connection) => {
      await connection.raw(`${head(lines)}${good}HTTP/1.1 200 OK\r\n\r\npoison`)
      connection.close()
    })
    for (let round = 0; round < 3; round += 1) expect((await chat(stand, false)).text()).toBe(good)
  })

  test('what a provider says of its servers and cookies stays with us', async () => {
    const { response } = await answer(
      json(
        200,
        { id: 'x', choices: [] },
        {
          'set-cookie': 'session=1',
          server: 'secret/1.0',
          'openai-organization': 'org-1',
          'x-ratelimit-remaining-requests': '9',
        },
      ),
      { stream: false },
    )
    expect(response.header('set-cookie')).toBeNull()
    expect(response.header('server')).toBeNull()
    expect(response.header('openai-organization')).toBeNull()
    expect(response.header('x-ratelimit-remaining-requests')).toBe('9')
  })

  test('what a client says of itself stays with us', async () => {
    const stand = await startStand(json(200, { id: 'x', choices: [] }))
    const { response } = await stand.ask(
      jsonRequest(
        '/v1/chat/completions',
        { ...chatRequest, stream: false },
        {
          authorization: 'Bearer of-the-client',
          cookie: 'session=1',
          'x-forwarded-for': '10.0.0.1',
          te: 'trailers',
          'accept-encoding': 'gzip',
        },
      ),
    )
    await response.ended()
    const seen = await stand.upstream.request(0)
    expect(seen.header('authorization')).toBe('Bearer sk-test')
    for (const name of ['cookie', 'x-forwarded-for', 'te', 'proxy-authorization']) {
      expect(seen.header(name)).toBeNull()
    }
    expect(seen.header('accept-encoding')).toBe('identity')
    expect(seen.header('host')).toBe(new URL(stand.upstream.url).host)
  })
})
