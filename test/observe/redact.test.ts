import { describe, expect, test } from 'bun:test'
import { loadConfig } from '../../src/config/env.ts'
import { secretsOf } from '../../src/config/secrets.ts'
import { Redactor } from '../../src/observe/redact.ts'

const plainKey = '0123456789abcdef0123456789abcdef'

describe('exact secrets', () => {
  const redactor = new Redactor([plainKey, 'pass phrase', 'pass phrase of more', 'short'])

  test.each([
    [`before ${plainKey} behind`, 'before *** behind'],
    [`${plainKey}${plainKey}`, '******'],
    [`x${plainKey}`, 'x***'],
    // The longer of two with one beginning, so that no end of it stays.
    ['a pass phrase of more', 'a ***'],
    ['a pass phrase of', 'a *** of'],
    // What is so short is a word, and not a secret.
    ['a short text', 'a short text'],
    [plainKey.slice(0, 31), plainKey.slice(0, 31)],
  ])('%p is %p', (text, clean) => {
    expect(redactor.clean(text, 200)).toBe(clean)
    // The second time it is remembered.
    expect(redactor.clean(text, 200)).toBe(clean)
  })

  test('a secret across the place where a text is cut leaves nothing', () => {
    const text = `${'x'.repeat(190)}${plainKey}${'y'.repeat(400)}`
    const clean = redactor.clean(text, 200)
    expect(clean).toBe(`${'x'.repeat(190)}***yyyyyy…`)
    expect(redactor.clean(`${'x'.repeat(9000)}${plainKey}`, 200)).toBe('(9032 characters)')
  })

  test('others take their place, and what was remembered is forgotten', () => {
    const changing = new Redactor(['first-secret'])
    expect(changing.clean('first-secret second-secret', 200)).toBe('*** second-secret')
    changing.renew(['second-secret'])
    expect(changing.clean('first-secret second-secret', 200)).toBe('first-secret ***')
  })

  test('ten thousand secrets cost no more than a few', () => {
    const many = Array.from({ length: 10_000 }, (_, index) => `key-${index}-${'k'.repeat(24)}`)
    const large = new Redactor(many)
    const text = `${'m'.repeat(300)} ${many[7777]}`
    const startedAtMs = performance.now()
    for (let round = 0; round < 100; round += 1) {
      expect(large.clean(text, 1000)).toBe(`${'m'.repeat(300)} ***`)
    }
    expect(performance.now() - startedAtMs).toBeLessThan(1000)
  })
})

test.each([
  'sk-proj-0123456789abcdef',
  'sk-ant-api03-abcdefghijkl',
  `sk-sluice-${'a'.repeat(43)}`,
  'AIzaSyA0123456789abcdefghijklmnopqrstuv',
  'gsk_0123456789abcdef',
  'AKIAIOSFODNN7EXAMPLE',
  'hf_abcdefghijklmnopqrst',
  'ghp_abcdefghijklmnopqrst',
  'xoxb-12345-abcdefgh',
  'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw',
  'eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl',
  'Bearer abcdefghijkl',
])('the shape of %p is known', (key) => {
  const secret = key.split(' ').at(-1) ?? key
  expect(new Redactor().clean(`a model (${key})`, 200)).not.toContain(secret)
})

test('what steers a terminal or ends a line is replaced', () => {
  const text = 'a\r\nb\u001b[31mc\u009bd\u2028e\u202ef\u2066g\u200fh\ufeffi\0\ud800'
  expect(new Redactor().clean(text, 200)).toBe('a??b?[31mc?d?e?f?g?h?i?\ufffd')
})

test('names of models and providers stay as they are', () => {
  const names = [
    'gpt-5-mini',
    'claude-sonnet-4-5',
    'meta-llama/Llama-3.3-70B',
    'ECONNRESET',
    '模型',
  ]
  for (const name of names) expect(new Redactor([plainKey]).clean(name, 200)).toBe(name)
})

test('texts are found in lists and objects', () => {
  const value = { list: [{ text: plainKey, count: 1 }, null], flag: true }
  expect(new Redactor([plainKey]).cleanAll(value, 200)).toEqual({
    list: [{ text: '***', count: 1 }, null],
    flag: true,
  })
})

test('a configuration gives all the secrets that are in it', () => {
  const loaded = loadConfig({
    API_KEYS: 'client-key-one,client-key-two',
    ADMIN_TOKEN: 'the-admin-token',
    KEY_SECRET: plainKey,
    OPENAI_API_KEY: 'the-provider-key',
    AWS_REGION: 'eu-central-1',
    AWS_ACCESS_KEY_ID: 'the-access-key-id',
    AWS_SECRET_ACCESS_KEY: 'the-secret-access-key',
    DATABASE_URL: 'postgres://user:data%2Fbase@127.0.0.1/x',
    REDIS_URL: 'redis://:redis-password@127.0.0.1:6379',
    UPSTREAM_PROXY: 'http://user:proxy-password@proxy.example:3128',
  })
  const secrets = loaded.ok ? secretsOf(loaded.config) : []
  for (const secret of [
    ...['client-key-one', 'client-key-two', 'the-admin-token', plainKey, 'the-provider-key'],
    ...['the-secret-access-key', 'data%2Fbase', 'data/base', 'redis-password', 'proxy-password'],
  ]) {
    expect(secrets).toContain(secret)
  }
  expect(secrets).not.toContain('eu-central-1')
})
