import { expect, test } from 'bun:test'
import { createModelLimits } from '../../src/admission/model-limits.ts'
import type { Plan } from '../../src/provider/call.ts'

const limits = { requestsPerMinute: 1, tokensPerMinute: null, concurrentStreams: null }
const named = (...names: string[]) => createModelLimits(names.map((name) => ({ name, limits })))
const planOf = (provider: string, route: string | null = null) =>
  ({
    targets: [{ provider: { name: provider } }],
    route: route && { name: route },
  }) as unknown as Plan

test.each([
  [['gpt-5', 'gpt-5*'], 'gpt-5', 'gpt-5'],
  [['gpt-*', 'gpt-5*', '*'], 'gpt-5-mini', 'gpt-5*'],
  [['gpt-5*', 'gpt-*'], 'gpt-4', 'gpt-*'],
  [['gpt-5*'], 'gpt-5', 'gpt-5*'],
  [['gpt-5'], 'gpt-5-mini', null],
  [['toString'], 'constructor', null],
  [[], 'gpt-5', null],
])('of %j %s has %p', (names, model, found) => {
  expect(named(...names)(model, planOf('openai'))?.name ?? null).toBe(found)
})

test('the provider before a name is no way around its limit, unless it has one of its own', () => {
  const plan = planOf('openai')
  expect(named('gpt-5*')('openai/gpt-5', plan)?.name).toBe('gpt-5*')
  expect(named('gpt-5*', '*')('openai/gpt-5', plan)?.name).toBe('gpt-5*')
  expect(named('*')('openai/gpt-5', plan)?.name).toBe('*')
  expect(named('gpt-5*', 'openai/*')('openai/gpt-5', plan)?.name).toBe('openai/*')
})

test('a slash is a part of the name where no provider is before it', () => {
  expect(named('gpt-5*')('other/gpt-5', planOf('openai'))).toBeNull()
  expect(named('gpt-5*')('openai/gpt-5', planOf('openai', 'openai/gpt-5'))).toBeNull()
  expect(named('*')(null, planOf('openai'))).toBeNull()
})
