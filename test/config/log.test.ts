/** What the environment says of the log and of profiles. */
import { expect, test } from 'bun:test'
import type { Config } from '../../src/config/config.ts'
import { loadConfig } from '../../src/config/env.ts'

function configOf(environment: Record<string, string>): Config {
  const loaded = loadConfig(environment)
  if (!loaded.ok) throw new Error(loaded.problems.join('\n'))
  return loaded.config
}

test('LOG_FORMAT=auto is pretty on a terminal and json elsewhere', () => {
  const formatOn = (terminal: boolean, format: string) => {
    const loaded = loadConfig({ LOG_FORMAT: format }, { terminal })
    return loaded.ok && loaded.config.logFormat
  }
  expect([formatOn(true, 'auto'), formatOn(false, 'auto')]).toEqual(['pretty', 'json'])
  expect([formatOn(true, 'json'), formatOn(false, 'pretty')]).toEqual(['json', 'pretty'])
})

test('a log has colours on a terminal only, and NO_COLOR keeps them out', () => {
  const coloursOn = (terminal: boolean, environment: Record<string, string>) => {
    const loaded = loadConfig(environment, { terminal })
    return loaded.ok && loaded.config.log.colours
  }
  expect([coloursOn(true, {}), coloursOn(false, {})]).toEqual([true, false])
  expect([coloursOn(true, { NO_COLOR: '1' }), coloursOn(true, { NO_COLOR: '' })]).toEqual([
    false,
    true,
  ])
})

test('what is sampled, what is slow, where profiles go', () => {
  const { log, profile } = configOf({
    LOG_SAMPLE_RATE: '.25',
    LOG_SLOW_MS: '90s',
    LOG_SLOW_FIRST_TOKEN_MS: '1500',
    PROFILE_DIR: '/var/profiles',
    PROFILE_SECONDS: '30',
    PROFILE_HEAP_SNAPSHOT: '0',
  })
  expect(log).toEqual({
    colours: false,
    sampleRate: 0.25,
    slowMs: 90_000,
    slowFirstTokenMs: 1500,
  })
  expect(profile).toEqual({ directory: '/var/profiles', seconds: 30, heapSnapshot: false })
})

test.each([
  ['LOG_SAMPLE_RATE', '1.01', 'a number from 0 to 1'],
  ['LOG_SAMPLE_RATE', '-0.5', 'a number from 0 to 1'],
  ['LOG_SAMPLE_RATE', '1e-1', 'a number from 0 to 1'],
  ['PROFILE_SECONDS', '0', 'a whole number from 1 to 600'],
  ['PROFILE_HEAP_SNAPSHOT', 'maybe', '1 or 0'],
])('%s=%s is refused', (name, value, rule) => {
  const loaded = loadConfig({ [name]: value })
  expect(loaded.ok ? [] : loaded.problems).toEqual([
    expect.stringContaining(`${name}: must be ${rule}`),
  ])
})
