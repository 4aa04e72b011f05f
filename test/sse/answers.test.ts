/**
 * Which answers are streams of events (rows 22 to 24). A browser decides whether it reads, fails,
 * or connects again; a proxy decides whether it relays, and an answer it cannot relay is an error
 * with a status, because nothing has reached the client yet.
 */
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'bun:test'
import { endStands, type Stand } from '../behaviour/client-stand.ts'
import { expectNothingLeft } from '../kit/leftovers.ts'
import { askIn, canonical, Playing, startOnce, textIn } from './relay-stand.ts'

const playing = new Playing()
let stand: Stand
beforeAll(async () => {
  stand = await startOnce(playing.script)
})
afterEach(() => expectNothingLeft(stand.app))
afterAll(endStands)

describe.each(['passed', 'translated'] as const)('a chat that is %s', (way) => {
  const accepted = [
    'text/event-stream',
    'text/event-stream;',
    'text/event-stream;bogus',
    'text/event-stream; charset=windows-1252',
    'Text/Event-Stream;charset="x"',
  ]
  test.each(accepted)('may come as %s, and is UTF-8 whatever it says', async (type) => {
    playing.play(canonical, 'whole', { 'content-type': type })
    const response = await askIn(way, stand)
    expect([response.status, textIn(response)]).toEqual([200, 'Hello 🌊 there'])
    expect(response.header('content-type')).toBe('text/event-stream; charset=utf-8')
  })

  const refused = ['x bogus', 'text/plain', 'text/event-streams', 'application/octet-stream', '']
  test.each(refused)('may not come as %j', async (type) => {
    playing.play(canonical, 'whole', type === '' ? {} : { 'content-type': type })
    const response = await askIn(way, stand)
    expect(response.status).toBe(502)
    expect(response.text()).toContain('content type')
  })

  test('of an unusual success is the answer all the same; the status is kept', async () => {
    for (const status of [210, 299]) {
      playing.follow(async (_request, connection) => {
        await connection.head(status, { 'content-type': 'text/event-stream' })
        await connection.chunk(canonical)
        await connection.end()
      })
      const response = await askIn(way, stand)
      expect([response.status, textIn(response)]).toEqual([status, 'Hello 🌊 there'])
    }
  })

  test('without a body is a failure, not a silent end', async () => {
    for (const status of [204, 205]) {
      playing.follow((_request, connection) =>
        connection.raw(
          `HTTP/1.1 ${status} X\r\ncontent-type: text/event-stream\r\ncontent-length: 0\r\n\r\n`,
        ),
      )
      const response = await askIn(way, stand)
      expect([status, response.status]).toEqual([status, 502])
      expect(response.text()).toContain('error')
    }
  })

  test('that was refused is an error with its status, even as a stream', async () => {
    for (const status of [404, 410, 503]) {
      playing.follow(async (_request, connection) => {
        await connection.head(status, { 'content-type': 'text/event-stream' })
        await connection.chunk(canonical)
        await connection.end()
      })
      const response = await askIn(way, stand)
      expect([status, response.header('content-type')]).toEqual([status, 'application/json'])
      expect(response.status).toBeGreaterThanOrEqual(400)
      expect([status, response.text()]).toEqual([status, expect.stringContaining('error')])
      expect(response.text()).not.toContain('Hello')
    }
  })
})
