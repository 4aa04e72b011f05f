/** The strict reader of JSON, held against the runtime's. */
import { expect, test } from 'bun:test'
import fc from 'fast-check'
import { readJson } from '../../../src/config/file/json.ts'

const problemOf = (text: string): string => {
  const read = readJson(text)
  return read.ok
    ? 'none'
    : read.problems.map(({ path, rule }) => `${path.join('/')} ${rule}`.trim()).join('\n')
}

test('it reads every JSON as the runtime does, however it is spaced', () => {
  fc.assert(
    fc.property(fc.json(), fc.constantFrom(0, 2, '\t'), (text, space) => {
      const value = JSON.parse(text)
      const spaced = JSON.stringify(value, null, space)
      if (/"__proto__":/.test(spaced)) return
      expect(readJson(spaced)).toEqual({ ok: true, value })
    }),
  )
})

test('what the runtime refuses it refuses, and it never throws', () => {
  const characters = fc.constantFrom(...'{}[]",:\\ tfn01-+.eEu"\n\u0000é')
  fc.assert(
    fc.property(fc.array(characters, { maxLength: 24 }), (parts) => {
      const text = parts.join('')
      const isRight = (() => {
        try {
          JSON.parse(text)
          return true
        } catch {
          return false
        }
      })()
      const read = readJson(text)
      const isTwice = !read.ok && read.problems.some(({ rule }) => rule.includes('be there once'))
      expect(read.ok || isTwice).toBe(isRight)
    }),
    { numRuns: 2000 },
  )
})

test.each([
  ['', 'must be JSON, unexpected the end at line 1, column 1'],
  ['{"a": 1,\n  "b": x}', 'must be JSON, unexpected "x" at line 2, column 8'],
  ['{"a": 1,}', 'must be JSON, unexpected "}" at line 1, column 9'],
  ['{"a": 1 // why\n}', 'must be JSON, unexpected "/" at line 1, column 9'],
  ['{"a": "\n"}', 'must be JSON, unexpected "\\"" at line 1, column 7'],
  ['{} {}', 'must be JSON, unexpected "{" at line 1, column 4'],
  ['[01]', 'must be JSON, unexpected "1" at line 1, column 3'],
  ['{"a": {"b": 1,\n "b": 2}}', 'a/b must be there once, at line 2, column 2'],
  ['{"__proto__": {}}', '__proto__ must not be the name of anything, at line 1, column 2'],
  [`${'['.repeat(70)}`, 'must be nested 64 levels deep at most, at line 1, column 66'],
])('%j is refused with its position', (text, problem) => {
  expect(problemOf(text)).toBe(problem)
})

test('a byte order mark is left out, and names of object members are names like any other', () => {
  expect(readJson('\uFEFF{"constructor": 1, "toString": 2}')).toEqual({
    ok: true,
    value: { constructor: 1, toString: 2 },
  })
  const read = readJson('{"__proto__": {"isAdmin": true}}')
  expect(read.ok).toBe(false)
  expect(Object.hasOwn(Object.prototype, 'isAdmin')).toBe(false)
})
