/** `alerts` in the configuration file: what holds when nothing is said, and what is refused. */
import { expect, test } from 'bun:test'
import { configOf, loadedOf, problemsOf } from './files.ts'

const environment = {
  OPENAI_API_KEY: 'sk-1',
  SET: 'signing-secret',
  ODD: 'a b',
  HALF: 'whsec_!',
  HOOK: 'https://hooks.test/T0/secret-path',
  SIGNED: 'whsec_c2lnbmluZy1zZWNyZXQ=',
}
const reference = 'must be env:NAME, the name of a variable, so that no secret stands in the file'
const isSet = 'must name a variable that is set, to visible ASCII characters without blanks'
const webhook = (rest: object) => ({
  alerts: { webhook: { url: 'https://a.test/hook', secret: 'env:SET', ...rest } },
})
const webhookAddress = 'must be an http or https address without credentials, or env:NAME'
const rule = (rest: object) => ({
  alerts: { rules: { r: { metric: 'errorRate', above: 0.5, ...rest } } },
})
const metrics =
  'errorRate, firstTokenP95Ms, gapP99Ms, queueWaitP95Ms, spendUsd, breakerOpen, queueWaiting, ' +
  'poolOverflow'

const rows: readonly (readonly [content: unknown, line: string])[] = [
  [{ alerts: [] }, 'alerts: must be an object, got a list'],
  [{ alerts: { rule: {} } }, 'alerts.rule: must be one of everySeconds, webhook, rules'],
  [
    { alerts: { everySeconds: 0 } },
    'alerts.everySeconds: must be a whole number from 1 to 300, got 0',
  ],
  [webhook({ url: 'ftp://a/sk-x' }), `alerts.webhook.url: ${webhookAddress}, got "****"`],
  [webhook({ url: 'https://u:p@a.test/' }), `alerts.webhook.url: ${webhookAddress}, got "****"`],
  [
    webhook({ url: 'env:ODD' }),
    'alerts.webhook.url: must name a variable that is set to an http or https address without ' +
      'credentials, got "env:ODD"',
  ],
  [webhook({ secret: 'whsec_plain' }), `alerts.webhook.secret: ${reference}, got "****"`],
  [webhook({ secret: 'env:ODD' }), `alerts.webhook.secret: ${isSet}, got "env:ODD"`],
  [
    webhook({ secret: 'env:HALF' }),
    'alerts.webhook.secret: must name a variable whose whsec_ is followed by base64, ' +
      'got "env:HALF"',
  ],
  [rule({ metric: 'mood' }), `alerts.rules.r.metric: must be one of ${metrics}, got "mood"`],
  [rule({ above: -1 }), 'alerts.rules.r.above: must be a number from 0 to 1000000000, got -1'],
  [
    rule({ provider: 'groq' }),
    'alerts.rules.r.provider: must be an enabled provider (openai, demo), got "groq"',
  ],
  [
    rule({ metric: 'queueWaiting', route: 'smart' }),
    'alerts.rules.r.route: must not be there with this metric, got "smart"',
  ],
  [
    rule({ route: 'smart' }),
    'alerts.rules.r.route: must be a route of the file (none is), got "smart"',
  ],
  [
    rule({ key: 'team-a' }),
    'alerts.rules.r.key: must be the name of a key of the file, or an id such as key_0a1b2c, ' +
      'got "team-a"',
  ],
  [
    rule({ metric: 'poolOverflow', key: 'key_0a1b2c' }),
    'alerts.rules.r.key: must not be there with this metric, got "key_0a1b2c"',
  ],
  [
    { alerts: { rules: { 'a b': { metric: 'errorRate', above: 1 } } } },
    'alerts.rules["a b"]: must be a name of 1 to 64 letters, digits, dots, _ and -, ' +
      'beginning with none of . _ -',
  ],
]

test.each(rows)('%j', (content, line) => {
  expect(problemsOf(content, environment)).toEqual([line])
})

test('alerts are those of the file, with what holds when nothing is said', () => {
  const alerts = {
    webhook: { url: 'env:HOOK', secret: 'env:SIGNED' },
    rules: {
      errors: { metric: 'errorRate', above: 0.2, provider: 'openai' },
      spend: { metric: 'spendUsd', above: 5, key: 'key_a', windowSeconds: 60, silenceSeconds: 0 },
    },
  }
  const rest = { forSeconds: 60, minimumRequests: 10, route: null }
  expect(configOf({ alerts }, environment).alerts).toEqual({
    everySeconds: 5,
    webhook: { url: environment.HOOK, secret: environment.SIGNED },
    rules: [
      {
        ...{ ...rest, name: 'errors', metric: 'errorRate', above: 0.2, windowSeconds: 300 },
        ...{ provider: 'openai', key: null, silenceSeconds: 3600 },
      },
      {
        ...{ ...rest, name: 'spend', metric: 'spendUsd', above: 5, windowSeconds: 60 },
        ...{ provider: null, key: 'key_a', silenceSeconds: 0 },
      },
    ],
  })
  const loaded = loadedOf({ alerts }, environment)
  const shown = loaded.ok ? JSON.stringify(loaded.settings) : ''
  expect(shown).toContain('alerts.rules.errors')
  expect(shown).toContain('https://hooks.test/****')
  expect(shown).not.toContain('secret-path')
  expect(shown).not.toContain('c2lnbmluZy1zZ')
})
