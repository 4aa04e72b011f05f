/** Ids that are made: legal, the same every time, and different where it matters. */
import { expect, test } from 'bun:test'
import {
  fittedToolCallId,
  hashText,
  madeAnswerId,
  madeToolCallId,
  toolCallIdChars,
} from '../../../src/protocol/hub/ids.ts'

test('an id of a tool call is legal everywhere, stable, and its own', () => {
  const ids = [
    madeToolCallId('a', 0, 0),
    madeToolCallId('a', 0, 1),
    madeToolCallId('a', 1, 0),
    madeToolCallId('b', 0, 0),
    madeToolCallId('', 0, 0),
  ]
  expect(new Set(ids).size).toBe(ids.length)
  for (const id of ids) expect(id).toMatch(/^call_[0-9a-f]{24}$/)
  expect(madeToolCallId('a', 0, 0)).toBe(ids[0] ?? '')
})

test('an id that is legal stays, another becomes one that is', () => {
  expect(fittedToolCallId('toolu_01', toolCallIdChars)).toBe('toolu_01')
  const fitted = fittedToolCallId('functions.f:0', toolCallIdChars)
  expect(fitted).toMatch(toolCallIdChars)
  expect(fittedToolCallId('functions.f:0', toolCallIdChars)).toBe(fitted)
  expect(fittedToolCallId('functions.f:1', toolCallIdChars)).not.toBe(fitted)
  expect(fittedToolCallId('x'.repeat(65), toolCallIdChars)).toMatch(toolCallIdChars)
})

test('a hash has the length that was asked for', () => {
  expect(hashText('a', 9)).toMatch(/^[0-9a-f]{9}$/)
})

test('the id of an answer is made from the one of the request', () => {
  expect(madeAnswerId('chatcmpl-', 'req_0abc')).toBe('chatcmpl-0abc')
  expect(madeAnswerId('msg_', 'own')).toBe('msg_own')
})
