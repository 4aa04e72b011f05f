/** One JSON array in pieces: its elements come out whole, wherever it was cut. */
import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { GatewayError } from '../../src/core/errors.ts'
import { JsonArrayDeframer } from '../../src/sse/json-array.ts'
import { describeWithFixtures, listFixtures, readFixture } from '../kit/fixtures.ts'

const utf8 = new TextEncoder()

/** The elements of a body that came in these chunks. */
function elements(chunks: Iterable<Uint8Array>, bytesMax = 1 << 20): string[] {
  const deframer = new JsonArrayDeframer(bytesMax)
  const found: string[] = []
  for (const chunk of chunks) found.push(...deframer.push(chunk))
  return [...found, ...deframer.end()]
}

const whole = (body: string, bytesMax?: number): string[] => elements([utf8.encode(body)], bytesMax)
const bytewise = (bytes: Uint8Array): Uint8Array[] => [...bytes].map((byte) => Uint8Array.of(byte))

function codeOf(run: () => unknown): string | null {
  try {
    run()
    return null
  } catch (thrown) {
    if (thrown instanceof GatewayError) return thrown.code
    throw thrown
  }
}

describe('an array', () => {
  test('is cut into its elements, whatever is between them', () => {
    expect(whole('[{"a":1}\n,\r\n{"b":[1,{"c":"]}"}]}\n]\n')).toEqual([
      '{"a":1}',
      '{"b":[1,{"c":"]}"}]}',
    ])
    expect(whole('[]')).toEqual([])
    expect(whole(' \r\n[ 1 , "a,]" , [2,3] , null ] ')).toEqual(['1', '"a,]"', '[2,3]', 'null'])
  })

  test('gives an element as soon as its bracket closes', () => {
    const deframer = new JsonArrayDeframer(100)
    expect(deframer.push(utf8.encode('[{"a":"\\"}"'))).toEqual([])
    expect(deframer.push(utf8.encode('}'))).toEqual(['{"a":"\\"}"}'])
    expect(deframer.push(utf8.encode('\n,'))).toEqual([])
    expect(deframer.push(utf8.encode('{}]'))).toEqual(['{}'])
    expect(deframer.end()).toEqual([])
  })

  test('may be cut anywhere', () => {
    fc.assert(
      fc.property(fc.array(fc.object()), fc.nat(), fc.boolean(), (list, at, isPretty) => {
        const text = JSON.stringify(list, null, isPretty ? 2 : undefined)
        const bytes = utf8.encode(text)
        const expected = JSON.stringify(list)
        const join = (found: string[]): string =>
          JSON.stringify(found.map((one) => JSON.parse(one)))
        const cut = at % (bytes.length + 1)
        expect(join(elements([bytes.slice(0, cut), bytes.slice(cut)]))).toBe(expected)
        expect(join(elements(bytewise(bytes)))).toBe(expected)
      }),
      { numRuns: 200 },
    )
  })

  test('that is not closed is cut off', () => {
    for (const body of ['[', '[{}', '[{}\n,', '[{"a":1', '[{"a', '["a']) {
      expect([body, codeOf(() => whole(body))]).toEqual([body, 'upstream_truncated'])
    }
  })

  test('whose brackets do not match, or that goes on behind its end, is broken', () => {
    for (const body of ['[}', '[{}]{}', '[]x', ']', '[1]]']) {
      expect([body, codeOf(() => whole(body))]).toEqual([body, 'upstream_protocol_error'])
    }
  })

  test('never holds more of an element than its bound', () => {
    const body = `[{"a":"${'x'.repeat(90)}"}]`
    expect(whole(body, 100)).toHaveLength(1)
    expect(codeOf(() => whole(body, 50))).toBe('upstream_protocol_error')
    expect(codeOf(() => elements(bytewise(utf8.encode(body)), 50))).toBe('upstream_protocol_error')
    const many = `[${Array(50).fill('{"a":1}').join(',')}]`
    expect(whole(many, 10)).toHaveLength(50)
  })
})

test('a body without an array is its own one element', () => {
  expect(whole('{"error":{"code":400}}\n')).toEqual(['{"error":{"code":400}}'])
  expect(whole('')).toEqual([])
})

describeWithFixtures('recorded arrays', () => {
  const arrays = listFixtures({ provider: 'gemini', format: 'json-array' }).filter(({ file }) =>
    file.endsWith('.array.json'),
  )

  test('are all of them', () => {
    expect(arrays.length).toBeGreaterThanOrEqual(4)
  })

  for (const fixture of arrays) {
    test(fixture.file, () => {
      const bytes = readFixture(fixture)
      const list: unknown = JSON.parse(new TextDecoder().decode(bytes))
      expect(elements([bytes]).map((one) => JSON.parse(one))).toEqual(list as unknown[])
      expect(elements(bytewise(bytes))).toEqual(elements([bytes]))
    })
  }
})
