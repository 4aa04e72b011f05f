import { describe, expect, test } from 'bun:test'
import { GatewayError } from '../../src/core/errors.ts'
import { JsonScanner } from '../../src/intake/scan.ts'
import { Utf8Check } from '../../src/intake/utf8.ts'
import { randomFrom, randomJson, testSeed } from './random.ts'

/** What the scanner says of `chunks`: its findings, or the code it threw. */
function scan(chunks: readonly Uint8Array[], depthMax = 128): unknown {
  const scanner = new JsonScanner(depthMax)
  try {
    for (const chunk of chunks) scanner.feed(chunk)
    scanner.finish()
  } catch (thrown) {
    if (!(thrown instanceof GatewayError)) throw thrown
    return thrown.code
  }
  const { model, stream, isObject, outputTokensMax } = scanner
  return { model, stream, isObject, outputTokensMax }
}

const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text)

function parses(text: string): boolean {
  try {
    JSON.parse(text)
    return true
  } catch {
    return false
  }
}

describe('finds', () => {
  test.each([
    ['{"model":"a"}', { kind: 'string', text: 'a', start: 9, end: 12 }],
    ['{"mod\\u0065l":"b"}', { kind: 'string', text: 'b', start: 14, end: 17 }],
    ['{"\\u006dODEL":"b"}', { kind: 'absent' }],
    [
      '{"x":{"model":"no"},"model" : "é\\ud83d\\ude00"}',
      { kind: 'string', text: 'é😀', start: 30, end: 46 },
    ],
    ['{"x":["model","no"]}', { kind: 'absent' }],
    ['["model","no"]', { kind: 'absent' }],
    ['{"model":null}', { kind: 'null' }],
    ['{"model":["a"]}', { kind: 'other' }],
    ['{"model":{"model":"a"}}', { kind: 'other' }],
    ['{"model":12}', { kind: 'other' }],
    ['{"modelx":"a"}', { kind: 'absent' }],
    ['{"model":""}', { kind: 'string', text: '', start: 9, end: 11 }],
  ])('the model in %s', (text, model) => {
    expect(scan([bytesOf(text)])).toMatchObject({ model })
  })

  test.each([
    ['{"max_tokens":7}', 7],
    ['{"model":"a","max_completion_tokens" : 8 }', 8],
    ['{"max_output_tokens":9,"max_tokens":10}', 9],
    ['{"generationConfig":{"temperature":1,"maxOutputTokens":11}}', 11],
    ['{"inferenceConfig":{"maxT\\u006fkens":12}}', 12],
    ['{"max_tokens":0}', 0],
    ['{"max_tokens":null,"maxTokens":13}', 13],
    ['{"max_tokens":-1}', null],
    ['{"max_tokens":1.5}', null],
    ['{"max_tokens":1e3}', null],
    ['{"max_tokens":99999999999999999999}', null],
    ['{"max_tokens":"14"}', null],
    ['{"messages":[{"max_tokens":15}]}', null],
    ['{"a":"max_tokens","b":16}', null],
    ['{"max_tokens":{"c":17}}', null],
    ['["max_tokens",18]', null],
  ])('how long the answer may be in %s, wherever it is cut', (text, outputTokensMax) => {
    const bytes = bytesOf(text)
    for (let cut = 0; cut <= bytes.length; cut += 1) {
      const chunks = [bytes.subarray(0, cut), bytes.subarray(cut)]
      expect(scan(chunks)).toMatchObject({ outputTokensMax })
    }
  })

  test('a model that is written in escapes only', () => {
    const text = `{"model":"${'\\u0061'.repeat(256)}"}`
    expect(scan([bytesOf(text)])).toMatchObject({ model: { text: 'a'.repeat(256) } })
  })

  test('a model name that is too long, without keeping it', () => {
    expect(scan([bytesOf(`{"model":"${'x'.repeat(100_000)}"}`)])).toMatchObject({
      model: { kind: 'too-long' },
    })
  })

  test.each([
    ['{"stream":true}', 'true'],
    ['{"stream" :\nfalse}', 'false'],
    ['{"stream":null}', 'null'],
    ['{"stream":"true"}', 'other'],
    ['{"stream":1}', 'other'],
    ['{"a":{"stream":true}}', 'absent'],
    ['{"str\\u0065am":true}', 'true'],
    ['{"\\u0073\\u0074\\u0072\\u0065\\u0061\\u006d":true}', 'true'],
  ])('the stream in %s', (text, stream) => {
    expect(scan([bytesOf(text)])).toMatchObject({ stream })
  })

  test.each([
    '{"model":"a","model":"b"}',
    '{"model":"a","mod\\u0065l":"b"}',
    '{"model":null,"model":"b"}',
    '{"stream":true,"x":{},"stream":false}',
  ])('the duplicate in %s', (text) => {
    expect(scan([bytesOf(text)])).toBe('duplicate_key')
  })
})

describe('refuses what JSON.parse refuses', () => {
  test.each([
    ...['', ' ', '{', '}', '[', ']', '{"a"}', '{"a":}', '{"a":1,}', '{,}', '[1,]', '[,1]', '{1:2}'],
    ...['01', '-', '1.', '.5', '1e', '1e+', '+1', '0x1', 'NaN', 'tru', 'truee', 'nul', 'True'],
    ...[
      '"',
      '"a',
      '"\\',
      '"\\x"',
      '"\\u12"',
      '"\\u12g4"',
      '"\t"',
      '"\n"',
      '"\u0000"',
      "'a'",
      '"\u001f"',
      '"\u007f "',
    ],
    ...['{}{}', '1 2', '[1 2]', '{"a" 1}', '{"a":1 "b":2}', '\ufeff{}', '[1]]', '{]', '[}'],
    ...['// x\n1', '{"a":undefined}', '{"model":"\\ud8"}', '"\u007f"', '0', '-0', '[[]]', '[ ]'],
  ])('%j', (text) => {
    const found = scan([bytesOf(text)])
    expect(found === 'invalid_json').toBe(!parses(text))
  })

  test('and nothing else: random texts, whole and broken', () => {
    const seed = testSeed()
    const random = randomFrom(seed)
    let broken = 0
    for (let round = 0; round < 20_000; round += 1) {
      let text = randomJson(random)
      if (random() < 0.6) {
        const at = Math.floor(random() * (text.length + 1))
        const piece = ['', '"', '\\', '{', '}', ',', ':', '0', 'e', '\u0002', ' ', '-'][round % 12]
        text = text.slice(0, at) + piece + text.slice(at + Math.floor(random() * 3))
      }
      // A cut surrogate pair has no UTF-8 form; the encoder would change it.
      if (!text.isWellFormed()) continue
      const isValid = parses(text)
      if (!isValid) broken += 1
      const found = scan([bytesOf(text)])
      if (found === 'duplicate_key') continue
      if ((found !== 'invalid_json') !== isValid) throw new Error(`seed ${seed}: ${text}`)
    }
    expect(broken).toBeGreaterThan(1000)
  })
})

test('finds the same wherever the chunks are cut', () => {
  const seed = testSeed()
  const random = randomFrom(seed)
  const fixed =
    '{"a":[1.5e-3,"\\u00e9\\n"],"mod\\u0065l":"x\\\\\\"😀","stream":true,"z":{"model":null}}'
  const texts = [fixed, ...Array.from({ length: 300 }, () => randomJson(random))]
  for (const text of texts) {
    const bytes = bytesOf(text)
    const whole = JSON.stringify(scan([bytes]))
    for (let cut = 0; cut <= bytes.length; cut += 1) {
      const found = JSON.stringify(scan([bytes.subarray(0, cut), bytes.subarray(cut)]))
      if (found !== whole) throw new Error(`seed ${seed}, cut ${cut}: ${text}`)
    }
    const single = Array.from(bytes, (byte) => Uint8Array.of(byte))
    expect(JSON.stringify(scan(single))).toBe(whole)
  }
})

describe('depth', () => {
  test('a million levels are refused at once', () => {
    const startedAtMs = performance.now()
    expect(scan([bytesOf('['.repeat(1_000_000))])).toBe('json_too_deep')
    expect(scan([bytesOf('{"a":'.repeat(1_000_000))])).toBe('json_too_deep')
    expect(performance.now() - startedAtMs).toBeLessThan(500)
  })

  test('counts levels, not brackets', () => {
    expect(scan([bytesOf(`[${'[],'.repeat(1000)}[]]`)], 2)).toMatchObject({ isObject: false })
    expect(scan([bytesOf('["[[[[[[[[{{{{{{"]')], 1)).toMatchObject({ isObject: false })
    expect(scan([bytesOf('[[[]]]')], 2)).toBe('json_too_deep')
    expect(scan([bytesOf('[[]]')], 2)).toMatchObject({ isObject: false })
  })
})

describe('UTF-8', () => {
  const check = (chunks: readonly Uint8Array[]): boolean => {
    const utf8 = new Utf8Check()
    try {
      for (const chunk of chunks) utf8.feed(chunk)
      utf8.finish()
      return true
    } catch (thrown) {
      if (thrown instanceof GatewayError && thrown.code === 'invalid_encoding') return false
      throw thrown
    }
  }

  test.each([
    [[0x61, 0xc3, 0xa9, 0xe6, 0xbc, 0xa2, 0xf0, 0x9f, 0x98, 0x80], true],
    [[0xc3], false],
    [[0xf0, 0x9f, 0x98], false],
    [[0x80], false],
    [[0xc0, 0x80], false],
    [[0xed, 0xa0, 0x80], false],
    [[0xf5, 0x80, 0x80, 0x80], false],
    [[0xff], false],
    [[0xe6, 0xbc, 0x41], false],
  ])('%p is judged the same wherever it is cut', (list, valid) => {
    const bytes = Uint8Array.from(list)
    for (let cut = 0; cut <= bytes.length; cut += 1) {
      expect(check([bytes.subarray(0, cut), bytes.subarray(cut)])).toBe(valid)
    }
    expect(check(Array.from(bytes, (byte) => Uint8Array.of(byte)))).toBe(valid)
  })
})
