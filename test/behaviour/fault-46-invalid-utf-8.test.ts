/**
 * A body that is not UTF-8 is refused, wherever in it that is and however it is cut: the runtime
 * would put U+FFFD in its place, and something else would be forwarded (fault matrix, row 46).
 */
import { afterEach, describe, expect, test } from 'bun:test'
import { endStands, startStand } from './client-stand.ts'
import { answer, bodyOf, chatPath, expectRefusal, host, outcomeOf, raw } from './request-stand.ts'

afterEach(endStands)

/** One character a byte. */
const broken: Readonly<Record<string, string>> = {
  'a byte that never occurs': '\xff',
  'a continuation without a start': '\x80',
  'a start without its continuation': '\xc3',
  'a slash in two bytes': '\xc0\xaf',
  'a slash in three bytes': '\xe0\x80\xaf',
  'half a surrogate pair': '\xed\xa0\x80',
  'a whole surrogate pair': '\xed\xa0\xbd\xed\xb8\x80',
  'three bytes of four': '\xf0\x9f\x98',
  'a character above U+10FFFF': '\xf4\x90\x80\x80',
  'a start of five bytes': '\xf8\x88\x80\x80\x80',
}

describe.each(Object.entries(broken))('%s', (_name, bytes) => {
  test.each([
    ['in the model', `{"model":"gpt-${bytes}","messages":[]}`],
    ['in a text', `{"model":"gpt-test","x":"${bytes}"}`],
    ['in a key', `{"model":"gpt-test","${bytes}":1}`],
  ])('%s', async (_place, text) => {
    const sent = bodyOf(Buffer.from(text, 'latin1'))
    await expectRefusal(['', sent, 400, 'invalid_encoding'])
  })
})

test('at the very end of the body', async () => {
  const sent = bodyOf(Buffer.from('{"model":"gpt-test"}\xc3', 'latin1'))
  const stand = await startStand(answer)
  const { response } = await stand.ask(sent)
  await response.ended()
  expect(response.status).toBe(400)
  expect(stand.upstream.connectionCount).toBe(0)
})

test('what is UTF-8 arrives unchanged, wherever the chunks are cut', async () => {
  const stand = await startStand(answer)
  const text = Buffer.from('{"model":"gpt-test","x":"é€😀\u2028\ufeff\u0000"}'.replace('\0', ''))
  const lines = [host, 'content-type: application/json', 'transfer-encoding: chunked']
  for (let at = 1; at < text.length; at++) {
    const client = await stand.connect()
    const response = client.expect('POST')
    await client.send(raw(`POST ${chatPath}`, lines))
    for (const piece of [text.subarray(0, at), text.subarray(at)]) {
      const size = Buffer.from(`${piece.length.toString(16)}\r\n`)
      await client.sendPieces([Buffer.concat([size, piece, Buffer.from('\r\n')])])
    }
    await client.send('0\r\n\r\n')
    expect(await response.ended()).toBe('complete')
    expect([at, response.status]).toEqual([at, 200])
    const request = await stand.upstream.request(at - 1)
    expect(Buffer.from(await request.bytes()).equals(text)).toBe(true)
    client.close()
  }
})

test('a character cut between two chunks and never finished is refused', async () => {
  const stand = await startStand(answer)
  const client = await stand.connect()
  const response = client.expect('POST')
  const lines = [host, 'content-type: application/json', 'transfer-encoding: chunked']
  await client.send(raw(`POST ${chatPath}`, lines))
  const pieces = ['1b\r\n{"model":"gpt-test","x":"\xf0\x9f\r\n', '2\r\n"}\r\n', '0\r\n\r\n']
  await client.sendPieces(pieces.map((piece) => Buffer.from(piece, 'latin1'))).catch(() => {})
  await response.head()
  await response.until((r) => r.bodyBytes > 0, 'the answer')
  expect(outcomeOf(response)).toEqual([400, 'invalid_encoding'])
  expect(stand.upstream.connectionCount).toBe(0)
})
