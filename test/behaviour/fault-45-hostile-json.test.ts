/**
 * JSON that is made to hurt whoever builds objects of it (fault matrix, row 45). The program builds
 * none of a body that it forwards, so what is not nested too deeply costs it nothing, reaches the
 * provider to the byte, and is the provider's to judge: there is no limit of keys, and a key that
 * occurs twice is refused only where it selects the target.
 */
import { afterEach, describe, expect, test } from 'bun:test'
import { endStands, startStand } from './client-stand.ts'
import { answer, bodyOf, type Row, testRefusals } from './request-stand.ts'

afterEach(endStands)

const nested = (depth: number, open = '[', close = ']'): string =>
  `{"model":"gpt-test","x":${open.repeat(depth)}${open === '[' ? '' : '1'}${close.repeat(depth)}}`

const rows: readonly Row[] = [
  ['200 arrays', bodyOf(nested(200)), 400, 'json_too_deep'],
  ['100 000 arrays', bodyOf(nested(100_000)), 400, 'json_too_deep'],
  ['a million arrays', bodyOf(nested(1_000_000)), 400, 'json_too_deep'],
  ['100 000 objects', bodyOf(nested(100_000, '{"a":', '}')), 400, 'json_too_deep'],
  ['arrays that never end', bodyOf(`{"x":${'['.repeat(100_000)}`), 400, 'json_too_deep'],
  ['two models', bodyOf('{"model":"gpt-a","model":"gpt-b"}'), 400, 'duplicate_key'],
  ['a second model in escapes', bodyOf('{"model":"a","m\\u006fdel":"b"}'), 400, 'duplicate_key'],
  ['a model and null', bodyOf('{"model":"gpt-a","model":null}'), 400, 'duplicate_key'],
  [
    'two values of stream',
    bodyOf('{"model":"gpt-a","stream":true,"stream":false}'),
    400,
    'duplicate_key',
  ],
]

describe('refused:', () => {
  testRefusals('%s', rows)
})

const manyKeys = Array.from({ length: 200_000 }, (_, index) => `"k${index}":0`).join(',')
const passed: Readonly<Record<string, string>> = {
  '126 arrays': nested(126),
  '200 000 keys': `{"model":"gpt-test",${manyKeys}}`,
  'a text of 10 MB': `{"model":"gpt-test","x":"${'y'.repeat(10_000_000)}"}`,
  'a key of 1 MB': `{"model":"gpt-test","${'y'.repeat(1_000_000)}":1}`,
  'keys that occur twice': '{"model":"gpt-test","user":"a","user":"b","x":{"model":"c"}}',
  'keys of the prototype':
    '{"model":"gpt-test","__proto__":{"polluted":1},"constructor":{"prototype":{"polluted":1}}}',
  'lone surrogates': '{"model":"gpt-test","x":"\\ud800","\\udfff":"\\udc00\\ud83d"}',
  'numbers beyond all bounds': '{"model":"gpt-test","x":[1e400,-1e-400,12345678901234567890123]}',
  'a number of 100 kB': `{"model":"gpt-test","x":${'9'.repeat(100_000)}}`,
}

test.each(Object.entries(passed))('forwarded to the byte: %s', async (_name, text) => {
  const stand = await startStand(answer)
  const startedAtMs = performance.now()
  const { response } = await stand.ask(bodyOf(text))
  expect(await response.ended()).toBe('complete')
  expect(response.status).toBe(200)
  // A quadratic reader would take minutes.
  expect(performance.now() - startedAtMs).toBeLessThan(3000)
  const request = await stand.upstream.request(0)
  expect(Buffer.from(await request.bytes()).equals(Buffer.from(text))).toBe(true)
  expect(stand.upstream.requestCount).toBe(1)
  expect(Object.keys(Object.prototype)).toEqual([])
})
