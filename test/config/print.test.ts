import { expect, test } from 'bun:test'
import { join } from 'node:path'
import { parseEnv } from 'node:util'
import { loadConfig } from '../../src/config/env.ts'
import {
  dotenvExample,
  effectiveText,
  environmentTable,
  environmentText,
} from '../../src/config/print.ts'
import type { Environment } from '../../src/config/variable.ts'
import { fixedVariables } from '../../src/config/variables.ts'

function effectiveOf(environment: Environment): string {
  const loaded = loadConfig(environment)
  if (!loaded.ok) throw new Error(loaded.problems.join('\n'))
  return effectiveText(loaded.config, loaded.settings)
}

test('.env.example is what the table says', async () => {
  const file = Bun.file(join(import.meta.dir, '..', '..', '.env.example'))
  expect(await file.text()).toBe(dotenvExample())
})

test('.env.example changes nothing as it is, nor when every line of it is taken into use', () => {
  expect(parseEnv(dotenvExample())).toEqual({})
  const used = dotenvExample()
    .replace(/^#([A-Z_]+=)/gm, '$1')
    .replace(/^#<NAME>.*$/gm, '')
  const environment = parseEnv(used)
  expect(Object.keys(environment)).toHaveLength(fixedVariables.length)
  // The address of openai enables it, and a database that is named gets a ledger: those two lines
  // mean something when they are there.
  const loaded = loadConfig({ ...environment, OPENAI_BASE_URL: '', DATABASE_URL: '' })
  const plain = loadConfig({})
  expect(loaded.ok && loaded.config).toEqual(plain.ok && plain.config)
})

test('every variable is in every form, with its meaning', () => {
  for (const text of [environmentText(), dotenvExample(), environmentTable()]) {
    for (const { name, meaning } of fixedVariables) {
      expect(text).toContain(name)
      expect(text).toContain(meaning)
    }
    for (const name of ['<NAME>_BASE_URL', '<NAME>_API_KEY', '<NAME>_MODELS', 'CHAT_COMPLETIONS']) {
      expect(text).toContain(name)
    }
  }
})

test('every meaning is a sentence that keeps its row of the table whole', () => {
  for (const { name, meaning } of fixedVariables) {
    expect(`${name} ${/^[A-Za-z][^|\n]*\.$/.test(meaning)}`).toBe(`${name} true`)
  }
})

test('what is in effect is shown, defaults marked and secrets masked', () => {
  const text = effectiveOf({
    API_KEYS: 'first-key-of-a-client, short',
    ADMIN_TOKEN: 'an-admin-token-of-some-length',
    OPENAI_API_KEY: 'sk-proj-0123456789abcdef',
    OPENAI_COMPATIBLE_PROVIDERS: 'my-vllm',
    MY_VLLM_BASE_URL: 'http://10.0.0.7/v1',
    MY_VLLM_API_KEY: 'vllm-secret',
    UPSTREAM_PROXY: 'http://user:password@proxy.example:3128',
    STREAM_IDLE_TIMEOUT_MS__MODELS: '9s',
    WORKERS: 'auto',
  })
  const lines = text.split('\n')
  expect(lines).toContain('API_KEYS=****ient,****')
  expect(lines).toContain('ADMIN_TOKEN=****ngth')
  expect(lines).toContain('OPENAI_API_KEY=****cdef')
  expect(lines).toContain('MY_VLLM_API_KEY=****')
  expect(lines).toContain('UPSTREAM_PROXY=http://****@proxy.example:3128')
  expect(lines).toContain('STREAM_IDLE_TIMEOUT_MS__MODELS=9s')
  expect(lines).toContain(`WORKERS=${navigator.hardwareConcurrency}`)
  expect(lines).toContain('LOG_FORMAT=json  # default')
  expect(lines).toContain('PORT=3000  # default')
  for (const secret of ['first-key', 'short', 'an-admin', 'sk-proj', 'vllm-secret', 'password']) {
    expect(text).not.toContain(secret)
  }
})

test('every variable with a fixed name is among what is in effect', () => {
  const names = effectiveOf({}).match(/^[A-Z_]+(?==)/gm)
  expect(names?.toSorted()).toEqual(fixedVariables.map(({ name }) => name).toSorted())
})
