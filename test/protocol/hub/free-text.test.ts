/** The text of custom tools out of JSON arguments, in whatever pieces those come. */
import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { FreeText } from '../../../src/protocol/hub/free-text.ts'

/** The pieces of text that pieces of arguments give. */
function piecesOf(pieces: readonly string[]): string[] {
  const text = new FreeText()
  return [...pieces.map((piece) => text.push(piece)), text.end()]
}

const textOf = (...pieces: readonly string[]): string => piecesOf(pieces).join('')

/** That the text is `expected` whole, character by character, and cut at every place. */
function expectText(written: string, expected: string): void {
  expect(textOf(written)).toBe(expected)
  expect(textOf(...written.split(''))).toBe(expected)
  for (let at = 0; at <= written.length; at += 1) {
    const pieces = piecesOf([written.slice(0, at), written.slice(at)])
    expect(pieces.join('')).toBe(expected)
    // Nobody is sent one half of a pair, unless half of one is all there is.
    if (expected.isWellFormed()) expect(pieces.every((piece) => piece.isWellFormed())).toBe(true)
  }
}

/** A character as JSON may have it. */
const escaped = (char: string): string =>
  char
    .split('')
    .map((unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`)
    .join('')

const char = fc.constantFrom(
  ...['a', '"', '\\', '/', '\n', '\t', '\u0000', '\u2028', 'é', '−', '🏔', '\ud83d', '\udfd4'],
  ...['{', '}', ':', ',', 'u', '*** Begin Patch'],
)
const text = fc.array(char, { maxLength: 12 }).map((chars) => chars.join(''))
const space = fc.constantFrom('', ' ', '\n', '\t \r\n')

/** A string of JSON, written as a model might. */
const written = fc
  .tuple(text, fc.infiniteStream(fc.boolean()))
  .map(([value, ways]): { readonly value: string; readonly json: string } => {
    const json = [...value].map((each) => {
      const isEscaped = ways.next().value === true
      return isEscaped ? escaped(each) : JSON.stringify(each).slice(1, -1)
    })
    return { value, json: `"${json.join('')}"` }
  })

const member = fc.tuple(
  fc.constantFrom('"note"', '"in\\"put"', '"Input"', '""', '"x\\\\"'),
  fc.jsonValue({ maxDepth: 2 }).map((value) => JSON.stringify(value)),
)

describe('the text of a call', () => {
  test('is what JSON says, whatever stands around it and wherever it is cut', () => {
    const property = fc.property(
      fc.array(member, { maxLength: 2 }),
      fc.array(member, { maxLength: 2 }),
      written,
      fc.constantFrom('"input"', '"\\u0069nput"', '"inpu\\u0074"'),
      space,
      (before, after, { value, json }, key, gap) => {
        const members = [...before, [key, json] as const, ...after]
        const inside = members.map(([name, said]) => `${gap}${name}${gap}:${gap}${said}${gap}`)
        const whole = `${gap}{${inside.join(',')}}${gap}`
        expect(JSON.parse(whole).input).toBe(value)
        expectText(whole, value)
      },
    )
    fc.assert(property, { numRuns: 150, verbose: true })
  })

  test('is the arguments themselves where they are not that shape', () => {
    const property = fc.property(fc.jsonValue({ maxDepth: 3 }), space, (value, gap) => {
      const isObject = typeof value === 'object' && value !== null && !Array.isArray(value)
      const isEmpty = isObject && Object.keys(value).length === 0
      const isShape = isObject && 'input' in value
      if (isShape || isEmpty) return
      const whole = `${gap}${JSON.stringify(value)}`
      expectText(whole, whole)
    })
    fc.assert(property, { numRuns: 300, verbose: true })
  })

  test.each([
    ['*** Begin Patch\n🏔'],
    ['  plain words'],
    ['"a string"'],
    ['{"input":42}'],
    ['{"input":{"input":"x"}}'],
    ['{"patch":"x"}'],
    ['{ not JSON'],
    ['{"inp'],
    ['{"note":{"a":[1,"}'],
    ['{"input" "x"}'],
    ['{"note":1}{,"input":"x"}'],
    ['{"note":1} {"input":"x"}'],
  ])('is all of %p', (raw) => {
    expectText(raw, raw)
  })

  test.each([[''], ['{}'], [' { \n} '], ['  ']])('is empty for %p', (nothing) => {
    expectText(nothing, '')
  })

  test.each([
    ['{"input":"', ''],
    ['{"input":"ab', 'ab'],
    ['{"input":"ab\\', 'ab'],
    ['{"input":"ab\\u00e', 'ab'],
    ['{"input":"ab\\ud83c', 'ab\ud83c'],
    ['{"input":"ab\\ud83c\\udf', 'ab\ud83c'],
  ])('is what came of %p, which was cut off', (cut, expected) => {
    expectText(cut, expected)
    const reader = new FreeText()
    reader.push(cut)
    expect(reader.isCut).toBe(true)
  })

  test.each([
    ['{"input":"a\\xb"}', 'a\\xb'],
    ['{"input":"a\\u12"}', 'a\\u12'],
    ['{"input":"a\nb"}', 'a\nb'],
    ['{"input":"a"} and more', 'a'],
    ['{"input":"a","input":"b"}', 'a'],
  ])('makes the best of %p', (odd, expected) => {
    expectText(odd, expected)
  })

  test('comes as soon as it is known', () => {
    const reader = new FreeText()
    expect(reader.push('{"input')).toBe('')
    expect(reader.push('": "*** Be')).toBe('*** Be')
    expect(reader.push('gin\\nPatch\\')).toBe('gin\nPatch')
    expect(reader.push('n')).toBe('\n')
    expect(reader.push('"}')).toBe('')
    expect(reader.isCut).toBe(false)
    const raw = new FreeText()
    expect(raw.push(' ls')).toBe(' ls')
    expect(raw.push(' -l')).toBe(' -l')
  })

  test('does not hold what never becomes one', () => {
    const reader = new FreeText()
    const piece = 'x'.repeat(700_000)
    expect(reader.push(`{"note":"${piece}`)).toBe('')
    expect(reader.push(piece)).toHaveLength(1_400_009)
    expect(reader.push(piece)).toBe(piece)
    expect(reader.end()).toBe('')
  })
})
