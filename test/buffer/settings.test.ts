import { expect, test } from 'bun:test'
import { bufferPoolDefaults } from '../../src/buffer/settings.ts'
import { loadConfig } from '../../src/config/env.ts'

test('the defaults are those of the configuration', () => {
  const loaded = loadConfig({})
  if (!loaded.ok) throw new Error(loaded.problems.join('\n'))
  expect(loaded.config.bufferPool).toEqual({ ...bufferPoolDefaults })
})
