/** The comparison of what was read with what is expected. */
import { expect } from 'bun:test'
import type { Account } from './account.ts'

/** Ids that the provider did not give are made, and only have to be there. */
function sameIds(read: Account, wanted: Account): Account {
  const choices = read.choices.map((choice, index) => ({
    ...choice,
    calls: choice.calls.map((call, at) => {
      if (wanted.choices[index]?.calls[at]?.id !== null) return call
      expect(call.id ?? '').not.toBe('')
      return { ...call, id: null }
    }),
  }))
  return { ...read, choices }
}

/** The text of an answer that failed is all that can be compared of it. */
const textOf = ({ choices }: Account): string => choices.map(({ text }) => text).join('')

/** Expects equal accounts; of an answer that failed, equal text and a failure. */
export function expectSame(read: Account, wanted: Account): void {
  expect(read.failed).toBe(wanted.failed)
  if (wanted.failed) expect(textOf(read)).toBe(textOf(wanted))
  else expect(sameIds(read, wanted)).toEqual(wanted)
}
