/** Every rule of the configuration file, each with its line. */
import { expect, setDefaultTimeout, test } from 'bun:test'
import { mkdirSync } from 'node:fs'
import fc from 'fast-check'
import { configOf, fileOf, loadedOf, problemsOf } from './files.ts'

// The properties take a while on a busy machine.
setDefaultTimeout(60_000)

const environment = {
  OPENAI_API_KEY: 'sk-1',
  SET: 'sk-secret-of-the-file',
  TWO: 'sk-2',
  ODD: 'a b',
}
const route = (rest: object) => ({ routes: { smart: { targets: ['openai/x'], ...rest } } })
const target = (rest: object) => route({ targets: [{ model: 'openai/x', ...rest }] })
const own = (rest: object) => ({
  providers: { own: { protocol: 'openai-chat', baseUrl: 'http://10.0.0.7/v1', ...rest } },
})
const streamKeys =
  'bufferSize, heartbeatIntervalSecs, requestChunkBytes, headersTimeoutMs, firstTokenTimeoutMs, ' +
  'idleTimeoutMs, totalTimeoutMs, clientStallTimeoutMs, eventBytesMax, bufferedBytesMax, ' +
  'flushIntervalMs, holdMs, holdBytes'
const paths =
  '/v1/chat/completions, /v1/completions, /v1/responses, /v1/messages, /v1beta/models/*, ' +
  '/v1/embeddings, /v1/models, /v1/*, /passthrough/*'
const name =
  'must be a name of 1 to 200 characters without control characters, where only the last may be *'
const model = 'must be provider/model, or provider/* to pass the name on that was asked for'
const reference = 'must be env:NAME, the name of a variable, so that no secret stands in the file'
const isSet = 'must name a variable that is set, to visible ASCII characters without blanks'
const address = 'must be an http or https address without credentials, query and fragment'
const clock = 'must be a whole number from 0 to 2147483647'

const rows: readonly (readonly [content: unknown, line: string])[] = [
  [[], 'CONFIG_FILE: must be an object, got a list'],
  [3, 'CONFIG_FILE: must be an object, got 3'],
  [
    { routs: {} },
    'routs: must be one of $schema, streamConfig, endpoints, providers, routes, keys, limits, ' +
      'prices, alerts',
  ],

  [{ routes: [] }, 'routes: must be an object, got a list'],
  [{ routes: { smart: 'openai/x' } }, 'routes.smart: must be an object, got "openai/x"'],
  [{ routes: { smart: {} } }, 'routes.smart.targets: must be a list of 1 to 16'],
  [route({ targets: [] }), 'routes.smart.targets: must be a list of 1 to 16, got a list'],
  [
    route({ targets: Array(17).fill('openai/x') }),
    'routes.smart.targets: must be a list of 1 to 16, got a list',
  ],
  [{ routes: { '': { targets: ['openai/x'] } } }, `routes[""]: ${name}`],
  [{ routes: { 'a*b': { targets: ['openai/x'] } } }, `routes["a*b"]: ${name}`],
  [{ routes: { 'a\u0007': { targets: ['openai/x'] } } }, `routes["a\\u0007"]: ${name}`],
  [
    { routes: { ['n'.repeat(201)]: { targets: ['openai/x'] } } },
    `routes["${'n'.repeat(77)}..."]: ${name}`,
  ],
  [route({ targets: ['gpt-5'] }), `routes.smart.targets[0]: ${model}, got "gpt-5"`],
  [route({ targets: ['openai/'] }), `routes.smart.targets[0]: ${model}, got "openai/"`],
  [route({ targets: ['openai/a*'] }), `routes.smart.targets[0]: ${model}, got "openai/a*"`],
  [
    route({ targets: ['openai/x', 'groq/x'] }),
    'routes.smart.targets[1]: must be of an enabled provider (openai, demo), got "groq/x"',
  ],
  [
    route({ targets: [7] }),
    'routes.smart.targets[0]: must be provider/model, or an object with a model, got 7',
  ],
  [route({ targets: [{}] }), `routes.smart.targets[0].model: ${model}`],
  [
    target({ weight: 'heavy' }),
    'routes.smart.targets[0].weight: must be a number above 0, up to 1000000, got "heavy"',
  ],
  [
    target({ weight: 0 }),
    'routes.smart.targets[0].weight: must be a number above 0, up to 1000000, got 0',
  ],
  [target({ prefill: 1 }), 'routes.smart.targets[0].prefill: must be true or false, got 1'],
  [
    target({ contextTokens: 0.5 }),
    'routes.smart.targets[0].contextTokens: must be a whole number from 1 to 1000000000, got 0.5',
  ],
  [
    target({ concurrency: 0 }),
    'routes.smart.targets[0].concurrency: must be a whole number from 1 to 1000000, got 0',
  ],
  [
    target({ price: { input: -1, output: 2 } }),
    'routes.smart.targets[0].price.input: must be a number from 0 to 1000000, got -1',
  ],
  [
    target({ price: { input: 1 } }),
    'routes.smart.targets[0].price.output: must be a number from 0 to 1000000',
  ],
  [{ limits: [] }, 'limits: must be an object, got a list'],
  [{ limits: { keys: {} } }, 'limits.keys: must be one of models, providers'],
  [
    { limits: { models: { 'gpt*5': {} } } },
    'limits.models["gpt*5"]: must be a name of 1 to 200 characters without control characters, ' +
      'where only the last may be *',
  ],
  [
    { limits: { models: { 'gpt-5': { requestsPerMinute: 0 } } } },
    'limits.models.gpt-5.requestsPerMinute: must be a whole number from 1 to 1000000000, got 0',
  ],
  [
    { limits: { models: { 'gpt-5': { requests: 1 } } } },
    'limits.models.gpt-5.requests: must be one of requestsPerMinute, tokensPerMinute, ' +
      'concurrentStreams',
  ],
  [{ limits: { models: { 'gpt-5': 5 } } }, 'limits.models.gpt-5: must be an object, got 5'],
  [
    { limits: { providers: { groq: { requestsPerMinute: 1 } } } },
    'limits.providers.groq: must be an enabled provider (openai, demo)',
  ],
  [
    { limits: { providers: { openai: { concurrentStreams: 1_000_001 } } } },
    'limits.providers.openai.concurrentStreams: must be a whole number from 1 to 1000000, ' +
      'got 1000001',
  ],
  [
    { limits: { providers: { openai: { tokensPerMinute: '1' } } } },
    'limits.providers.openai.tokensPerMinute: must be a whole number from 1 to 1000000000000, ' +
      'got "1"',
  ],
  [
    { prices: { 'gpt-5': { input: 1, output: 1 } } },
    'prices.gpt-5: must be provider/model, where * at the end is any rest',
  ],
  [
    { prices: { 'openai/gpt-5': { input: 1 } } },
    'prices["openai/gpt-5"].output: must be a number from 0 to 1000000',
  ],
  [
    { prices: { 'openai/*': { input: 1, output: 1, cached: 1 } } },
    'prices["openai/*"].cached: must be one of input, output, cachedInput, ' +
      'cacheWrite, cacheWriteLong, long',
  ],
  [target({ headersTimeoutMs: -1 }), `routes.smart.targets[0].headersTimeoutMs: ${clock}, got -1`],
  [
    target({ firstTokenTimeoutMs: 2 ** 31 }),
    `routes.smart.targets[0].firstTokenTimeoutMs: ${clock}, got 2147483648`,
  ],
  [target({ idleTimeoutMs: '5s' }), `routes.smart.targets[0].idleTimeoutMs: ${clock}, got "5s"`],
  [
    target({ wieght: 1 }),
    'routes.smart.targets[0].wieght: must be one of model, weight, prefill, contextTokens, ' +
      'concurrency, price, headersTimeoutMs, firstTokenTimeoutMs, idleTimeoutMs',
  ],
  [
    route({ strategy: 'random' }),
    'routes.smart.strategy: must be one of priority, weighted, round-robin, least-busy, latency, ' +
      'cost, sticky, got "random"',
  ],
  [route({ midstream: true }), 'routes.smart.midstream: must be one of error, recover, got true'],
  [route({ hedge: 'off' }), 'routes.smart.hedge: must be true or false, got "off"'],
  [
    route({ targts: [] }),
    'routes.smart.targts: must be one of targets, strategy, midstream, hedge',
  ],

  [{ streamConfig: 4 }, 'streamConfig: must be an object, got 4'],
  [
    { streamConfig: { bufferSize: 512 } },
    'streamConfig.bufferSize: must be a whole number from 1024 to 1048576, got 512',
  ],
  [
    { streamConfig: { heartbeatIntervalSecs: -1 } },
    'streamConfig.heartbeatIntervalSecs: must be a number from 0 to 2147483, got -1',
  ],
  [{ streamConfig: { idleTimeout: 1 } }, `streamConfig.idleTimeout: must be one of ${streamKeys}`],
  [{ streamConfig: { idleTimeoutMs: null } }, `streamConfig.idleTimeoutMs: ${clock}, got null`],
  [{ endpoints: { '/v1/chat': {} } }, `endpoints["/v1/chat"]: must be one of ${paths}`],
  [
    { endpoints: { '/v1/messages': { streamConfig: { holdBytes: -1 } } } },
    'endpoints["/v1/messages"].streamConfig.holdBytes: must be a whole number from 0 to 1048576, ' +
      'got -1',
  ],
  [
    { endpoints: { '/v1/messages': { stream: {} } } },
    'endpoints["/v1/messages"].stream: must be one of streamConfig',
  ],

  [
    { providers: { Own: {} } },
    'providers.Own: must be a name of a-z, 0-9 and -, at most 63 characters long, not demo',
  ],
  [
    { providers: { demo: {} } },
    'providers.demo: must be a name of a-z, 0-9 and -, at most 63 characters long, not demo',
  ],
  [
    own({ protocol: 'chat' }),
    'providers.own.protocol: must be one of openai-chat, openai-responses, anthropic-messages, ' +
      'gemini, cohere-chat, ollama-chat, got "chat"',
  ],
  [own({ baseUrl: 'http://u:pw@h/v1' }), `providers.own.baseUrl: ${address}, got "****"`],
  [own({ baseUrl: '' }), `providers.own.baseUrl: ${address}, got "****"`],
  [
    own({ baseUrl: undefined }),
    'providers.own.baseUrl: must be set, because own has no address of its own',
  ],
  [own({ apiKey: 'sk-literal' }), `providers.own.apiKey: ${reference}, got "****"`],
  [own({ apiKey: ['sk-literal'] }), `providers.own.apiKey: ${reference}, got a list`],
  [own({ apiKey: 'env:UNSET' }), `providers.own.apiKey: ${isSet}, got "env:UNSET"`],
  [own({ apiKey: 'env:ODD' }), `providers.own.apiKey: ${isSet}, got "env:ODD"`],
  [own({ apiKey: 'env:toString' }), `providers.own.apiKey: ${isSet}, got "env:toString"`],
  [own({ apiKeys: ['env:SET', 'x'] }), `providers.own.apiKeys[1]: ${reference}, got "****"`],
  [own({ apiKeys: [] }), 'providers.own.apiKeys: must be a list of 1 to 64, got a list'],
  [
    own({ apiKey: 'env:SET', apiKeys: ['env:SET'] }),
    'providers.own.apiKeys: must not be set together with apiKey, got a list',
  ],
  [
    own({ kind: 'openai' }),
    'providers.own.kind: must not be set together with protocol, got "openai"',
  ],
  [
    own({ protocol: undefined }),
    'providers.own.protocol: must be set (or kind), because own is not known by itself',
  ],
  [
    { providers: { groq: { kind: 'groq' } } },
    'providers.groq.kind: must not be set, because groq has one, got "groq"',
  ],
  [
    own({ models: ['a b'] }),
    'providers.own.models[0]: must be a model name, where only the last character may be *, ' +
      'got "a b"',
  ],
  [
    own({ apikey: 'sk-literal' }),
    'providers.own.apikey: must be one of protocol, kind, baseUrl, apiKey, apiKeys, models, ' +
      'concurrency',
  ],
  [
    own({ concurrency: 0 }),
    'providers.own.concurrency: must be a whole number from 1 to 1000000, got 0',
  ],

  [{ keys: [{ name: 'a', key: 'literal' }] }, `keys[0].key: ${reference}, got "****"`],
  [{ keys: [{ name: 'a', key: 'env:UNSET' }] }, `keys[0].key: ${isSet}, got "env:UNSET"`],
  [
    { keys: [{ name: 'a b', key: 'env:SET' }] },
    'keys[0].name: must be a name of letters, digits, ., _ and -, at most 64 characters long, ' +
      'got "a b"',
  ],
  [
    {
      keys: [
        { name: 'a', key: 'env:SET' },
        { name: 'a', key: 'env:TWO' },
      ],
    },
    'keys[1].name: must be there once, got "a"',
  ],
  [
    { keys: ['a', 'b'].map((name) => ({ name, key: 'env:SET' })) },
    'keys[1].key: must not be the key of another, got "env:SET"',
  ],
  [
    { keys: [{ name: 'a', key: 'env:SET', limits: { requestsPerMinute: 0 } }] },
    'keys[0].limits.requestsPerMinute: must be a whole number from 1 to 1000000000, got 0',
  ],
  [
    { keys: [{ name: 'a', key: 'env:SET', limits: { requests: 1 } }] },
    'keys[0].limits.requests: must be one of requestsPerMinute, tokensPerMinute, concurrentStreams',
  ],
  [
    { keys: [{ name: 'a', key: 'env:SET', budget: { daily: -1 } }] },
    'keys[0].budget.daily: must be a number from 0 to 1000000000, got -1',
  ],
  [
    { keys: [{ name: 'a', key: 'env:SET', priority: 'urgent' }] },
    'keys[0].priority: must be one of high, normal, low, got "urgent"',
  ],
  [
    { keys: [{ name: 'a', key: 'env:SET', expiresAt: '2027-01-31' }] },
    'keys[0].expiresAt: must be a moment with a time zone, such as 2027-01-31T12:00:00Z, ' +
      'got "2027-01-31"',
  ],
  [
    { keys: [{ name: 'a', key: 'env:SET', models: ['gpt-*-mini'] }] },
    'keys[0].models[0]: must be a name of 1 to 200 characters without control characters, ' +
      'where only the last may be *, got "gpt-*-mini"',
  ],
]

test.each(rows)('%j is one line with path, rule and value', (content, line) => {
  expect(problemsOf(content, environment)).toEqual([line])
})

test('faults of all parts are told at once, those of the environment first', () => {
  const content = {
    ...own({ apiKey: 'x' }),
    ...route({ strategy: 'x', hedge: 1 }),
    keys: 1,
    more: 2,
  }
  const lines = problemsOf(content, { ...environment, PORT: 'x' })
  expect(lines.map((line) => line.slice(0, line.indexOf(':')))).toEqual([
    'PORT',
    'providers.own.apiKey',
    'routes.smart.strategy',
    'routes.smart.hedge',
    'keys',
    'more',
  ])
})

test('a target at a provider whose entry is wrong is not a second fault', () => {
  const content = { ...own({ apiKey: 'x' }), ...route({ targets: ['own/m'] }) }
  expect(problemsOf(content, environment)).toHaveLength(1)
})

test('a file that is not there, is none, is too large or no JSON is one line', () => {
  expect(problemsOf({}, { CONFIG_FILE: '/nowhere/sluice.json' })).toEqual([
    'CONFIG_FILE: must be a file that can be read, got ENOENT',
  ])
  const directory = `${fileOf({})}.d`
  mkdirSync(directory)
  expect(problemsOf({}, { CONFIG_FILE: directory })).toEqual([
    'CONFIG_FILE: must be a file, got a directory or a device',
  ])
  expect(problemsOf(' '.repeat(5_000_000))).toEqual([
    'CONFIG_FILE: must be 4 MiB at most, got 5000000 bytes',
  ])
  expect(problemsOf('{\n  "routes": }')).toEqual([
    'CONFIG_FILE: must be JSON, unexpected "}" at line 2, column 13',
  ])
  expect(problemsOf('{"routes": {"a": 1, "a": 2}}')).toEqual([
    'routes.a: must be there once, at line 1, column 21',
  ])
})

test('an empty file of braces is a configuration', () => {
  expect(configOf({})).toMatchObject({ routes: [], version: { count: 1, hash: '44136fa3' } })
})

test('any JSON gives a configuration or lines, and never an exception', () => {
  const keys = fc.constantFrom(
    ...['routes', 'providers', 'keys', 'endpoints', 'streamConfig', 'targets', 'model', 'smart'],
    ...['__proto__', 'constructor', 'openai', '/v1/messages', 'apiKey', 'apiKeys', 'price', 'name'],
  )
  const values = fc.constantFrom(
    'openai/x',
    'env:SET',
    '',
    0,
    1,
    -1,
    Number.MAX_VALUE,
    true,
    null,
    'openai',
  )
  const { tree } = fc.letrec((tie) => ({
    tree: fc.oneof({ maxDepth: 6 }, values, tie('object'), tie('object'), tie('list')),
    object: fc.dictionary(keys, tie('tree'), { maxKeys: 5 }),
    list: fc.array(tie('tree'), { maxLength: 3 }),
  }))
  fc.assert(
    fc.property(tree, (value) => {
      const loaded = loadedOf(value, environment)
      if (loaded.ok) return
      expect(loaded.problems.length).toBeGreaterThan(0)
      for (const line of loaded.problems) {
        expect(line).toMatch(/^[^\n]+: must [^\n]+$/)
        expect(line).not.toContain('sk-')
      }
    }),
    { numRuns: 1000 },
  )
})
