/**
 * The conformance table on the wire: what leaves of a stream that came in, for clients of the
 * provider's dialect, of another dialect, and for clients that read the provider's bytes.
 */
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'bun:test'
import { brotliCompressSync, deflateSync, gzipSync } from 'node:zlib'
import { endStands, type Stand } from '../behaviour/client-stand.ts'
import { expectNothingLeft } from '../kit/leftovers.ts'
import { readAsBrowser } from './event-source.ts'
import { askIn, canonical, chunks, dataIn, Playing, startOnce, textIn } from './relay-stand.ts'
import { rows } from './rows.ts'

const playing = new Playing()
let stand: Stand
beforeAll(async () => {
  stand = await startOnce(playing.script)
})
afterEach(() => expectNothingLeft(stand.app))
afterAll(endStands)

const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text)
const text = 'Hello 🌊 there'
const ways = ['passed', 'translated'] as const
const splits = ['whole', 'bytes'] as const

test('every row passes to a client that reads for itself, as a browser would read it', async () => {
  for (const { row, input } of rows) {
    for (const split of splits) {
      playing.play(input, split)
      const response = await askIn('opaque', stand)
      const [passed, came] = [readAsBrowser(response.body()), readAsBrowser(input)]
      expect([row, response.status, response.ending]).toEqual([row, 200, 'complete'])
      expect([row, passed.events, passed.retryMs]).toEqual([row, came.events, came.retryMs])
      expect([row, passed.lastEventId]).toEqual([row, came.lastEventId])
    }
  }
})

describe.each([...ways])('a chat that is %s', (way) => {
  const said = async (input: string | Uint8Array) => {
    const answers = []
    for (const split of splits) {
      playing.play(input, split)
      const response = await askIn(way, stand)
      expect([response.status, response.ending]).toEqual([200, 'complete'])
      answers.push(response)
    }
    return answers
  }
  const end = way === 'passed' ? '[DONE]' : '{"type":"message_stop"}'

  test('loses its byte order mark (rows 1, 30)', async () => {
    for (const response of await said(`\uFEFF${canonical}`)) {
      expect([textIn(response), dataIn(response).at(-1)]).toEqual([text, end])
      expect([...response.body().subarray(0, 3)]).not.toEqual([0xef, 0xbb, 0xbf])
    }
  })

  test('may end its lines as it likes (rows 19, 27 to 29, 43)', async () => {
    // In this order no LF comes to stand behind a CR of its own.
    const ends = ['\r\n', '\n', '\r']
    let count = 0
    const mixed = canonical.replaceAll('\n', () => ends[count++ % ends.length] ?? '\n')
    for (const input of [mixed, canonical.replaceAll('\n', '\r\n')]) {
      for (const response of await said(input)) {
        expect([textIn(response), dataIn(response).at(-1)]).toEqual([text, end])
        // What is passed is not touched; what is written anew ends its lines in LF.
        expect(response.text().includes('\r')).toBe(way === 'passed')
      }
    }
  })

  test('may have comments, unknown fields and JSON in several lines (rows 3, 17, 44)', async () => {
    const odd = chunks.map((data) => `:x\n${data.replace('{', 'foo: 1\ndata: {\ndata:')}`)
    const input = odd.map((event) => `${event}\n\n: hb\n\n`).join('')
    for (const response of await said(`${input}data: [DONE]\n\n`)) {
      expect([textIn(response), dataIn(response).at(-1)]).toEqual([text, end])
    }
  })

  test('may end in every variant of its end marker (row 42)', async () => {
    const whole = canonical.replace('data: [DONE]\n\n', '')
    for (const marker of [
      'data: [DONE]',
      'data: [DONE]\n',
      'data:[DONE]\n\n',
      'data: [DONE] \n\n',
      '',
    ]) {
      for (const response of await said(whole + marker)) {
        expect([marker, textIn(response)]).toEqual([marker, text])
        expect([marker, response.text().includes('"error"')]).toEqual([marker, false])
      }
    }
  })

  test('that is not UTF-8 loses the event, or the character, and no more (row 31)', async () => {
    for (const broken of [
      [0xff, 0xfe],
      [0xc0, 0xaf],
      [0xed, 0xa0, 0x80],
      [0xf0, 0x9f],
    ]) {
      const [before = '', after = ''] = canonical.split(' there')
      const input = Buffer.concat([bytesOf(before), Uint8Array.from(broken), bytesOf(after)])
      for (const response of await said(input)) {
        // The SDKs of Python die of such bytes, so they are not passed on (README, Decisions).
        const kept = textIn(response).replaceAll('\uFFFD', '')
        expect([broken, kept, dataIn(response).at(-1)]).toEqual([broken, 'Hello 🌊', end])
        expect(() =>
          new TextDecoder('utf-8', { fatal: true }).decode(response.body()),
        ).not.toThrow()
      }
    }
  })

  test('may come compressed although that was not asked for (row 41)', async () => {
    const codings = { gzip: gzipSync(canonical), deflate: deflateSync(canonical) }
    for (const [coding, body] of Object.entries(codings)) {
      const headers = { 'content-type': 'text/event-stream', 'content-encoding': coding }
      for (const split of splits) {
        playing.play(body, split, headers)
        const response = await askIn(way, stand)
        expect([coding, textIn(response)]).toEqual([coding, text])
        expect(response.header('content-encoding')).toBeNull()
      }
    }
    // Brotli is not decoded: nobody here asked for it. It fails with a status, not as text.
    const brotli = { 'content-type': 'text/event-stream', 'content-encoding': 'br' }
    playing.play(brotliCompressSync(canonical), 'whole', brotli)
    expect((await askIn(way, stand)).status).toBe(502)
    expect(stand.upstream.requests.at(-1)?.header('accept-encoding')).toBe('identity')
  })
})

test('an unfinished event is never taken for a finished one (rows 4 and 25)', async () => {
  // A browser would connect again with the last id. A proxy hands ids on and says what happened;
  // an id of the client is no business of a provider that streams a new answer to every request.
  const [first = '', second = '', ...others] = chunks
  const begun = `id: 1\ndata: ${first}\n\nid: 2\ndata: ${second}\n\n`
  expect(others.length).toBeGreaterThan(0)
  for (const rest of ['', 'id: 3\ndata: {"choices":[{"ind', 'id: 3\n']) {
    playing.play(begun + rest, 'whole')
    const passed = readAsBrowser((await askIn('passed', stand)).body())
    expect(passed.events.map(({ lastEventId }) => lastEventId)).toEqual(['1', '2', '2'])
    expect(JSON.parse(passed.events.at(-1)?.data ?? '')).toHaveProperty('error.code')
    const translated = await askIn('translated', stand)
    expect(translated.text()).toContain('event: error')
    expect(translated.text()).not.toContain('message_stop')
  }
})
