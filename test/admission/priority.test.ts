import { expect, test } from 'bun:test'
import { priorityOf } from '../../src/admission/priority.ts'
import type { KeyPriority } from '../../src/config/client-key.ts'

const headers = (value?: string): Headers =>
  new Headers(value === undefined ? {} : { 'x-sluice-priority': value })

test.each<[string, string | undefined, KeyPriority | undefined, KeyPriority]>([
  ['nothing is said', undefined, undefined, 'normal'],
  ['only the key says', undefined, 'high', 'high'],
  ['the request wants less', 'low', 'high', 'low'],
  ['the request wants as much', 'high', 'high', 'high'],
  ['the request wants more than its key has', 'high', 'low', 'low'],
  ['a request without a key wants more', 'high', undefined, 'normal'],
])('where %s', (_, wanted, own, expected) => {
  expect(priorityOf(headers(wanted), own)).toBe(expected)
})

test.each(['urgent', 'LOW', '', 'low, high'])('there is no priority %p', (value) => {
  expect(() => priorityOf(headers(value))).toThrow(
    expect.objectContaining({ code: 'invalid_header' }),
  )
})
