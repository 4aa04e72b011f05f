/** What a right file gives: routes, providers, streams and keys, laid over the environment. */
import { expect, test } from 'bun:test'
import { effectiveText } from '../../../src/config/print.ts'
import { configOf, loadedOf, problemsOf } from './files.ts'

const keys = { A: 'sk-first-0123456789', B: 'sk-second-012345678', C: 'sk-c' }

test('routes keep their order and get their defaults', () => {
  const { routes } = configOf(
    {
      routes: {
        smart: {
          targets: [
            'openai/gpt-5',
            {
              model: 'demo/stream',
              weight: 2.5,
              prefill: true,
              contextTokens: 200_000,
              concurrency: 4,
              price: { input: 1.25, output: 10 },
              headersTimeoutMs: 1000,
              firstTokenTimeoutMs: 0,
              idleTimeoutMs: 3000,
            },
          ],
          strategy: 'weighted',
          midstream: 'recover',
          hedge: false,
        },
        'claude-*': { targets: ['openai/*'] },
        'a/b': { targets: [{ model: 'demo/x', idleTimeoutMs: 5 }] },
      },
    },
    { OPENAI_API_KEY: 'sk' },
  )
  const plain = {
    weight: 1,
    prefill: false,
    contextTokens: null,
    concurrencyMax: null,
    price: null,
    clocks: {},
  }
  const defaults = { strategy: 'priority', midstream: 'error', hedge: true } as const
  expect(routes).toEqual([
    {
      name: 'smart',
      targets: [
        { model: 'openai/gpt-5', ...plain },
        {
          model: 'demo/stream',
          weight: 2.5,
          prefill: true,
          contextTokens: 200_000,
          concurrencyMax: 4,
          price: { input: 1.25, output: 10 },
          clocks: { headersTimeoutMs: 1000, firstTokenTimeoutMs: 0, idleTimeoutMs: 3000 },
        },
      ],
      strategy: 'weighted',
      midstream: 'recover',
      hedge: false,
    },
    { name: 'claude-*', targets: [{ model: 'openai/*', ...plain }], ...defaults },
    {
      name: 'a/b',
      targets: [{ model: 'demo/x', ...plain, clocks: { idleTimeoutMs: 5 } }],
      ...defaults,
    },
  ])
})

test.each([
  ['openai-chat', { kind: 'openai-compatible' }],
  ['openai-responses', { kind: 'openai-compatible', options: { dialect: 'responses' } }],
  ['anthropic-messages', { kind: 'anthropic' }],
  ['gemini', { kind: 'gemini' }],
  ['cohere-chat', { kind: 'cohere' }],
  ['ollama-chat', { kind: 'ollama' }],
])('a place that speaks %s is of a kind that speaks it at any address', (protocol, rest) => {
  const own = { protocol, baseUrl: 'http://10.0.0.7:8000/v1/', apiKey: 'env:C' }
  expect(configOf({ providers: { 'my-own': own } }, keys).providers).toEqual([
    { name: 'my-own', baseUrl: 'http://10.0.0.7:8000/v1', apiKey: 'sk-c', models: [], ...rest },
    { name: 'demo', kind: 'demo', baseUrl: '', apiKey: null, models: [] },
  ])
})

test('a second instance of a known provider has its address, a described place never has', () => {
  const { providers } = configOf({ providers: { eu: { kind: 'openai', apiKey: 'env:C' } } }, keys)
  expect(providers[0]).toMatchObject({ name: 'eu', kind: 'openai' })
  expect(providers[0]?.baseUrl).toBe('https://api.openai.com/v1')
  const described = { mirror: { protocol: 'anthropic-messages', apiKey: 'env:C' } }
  expect(problemsOf({ providers: described }, keys)).toEqual([
    'providers.mirror.baseUrl: must be set, because mirror has no address of its own',
  ])
})

test('an entry lies over what the environment says of the provider', () => {
  const environment = { ...keys, OPENAI_API_KEY: 'sk-env', OPENAI_DIALECT: 'responses' }
  const file = { providers: { openai: { apiKeys: ['env:A', 'env:B', 'env:A'], models: ['x-*'] } } }
  expect(configOf(file, environment).providers[0]).toEqual({
    name: 'openai',
    kind: 'openai',
    baseUrl: 'https://api.openai.com/v1',
    apiKey: keys.A,
    furtherApiKeys: [keys.B],
    models: ['x-*'],
    options: { dialect: 'responses' },
  })
  const moved = { providers: { openai: { baseUrl: 'http://127.0.0.1:9/v1' } } }
  expect(configOf(moved, environment).providers[0]).toMatchObject({
    apiKey: 'sk-env',
    baseUrl: 'http://127.0.0.1:9/v1',
  })
  expect(configOf(moved, environment).providers[0]).not.toHaveProperty('concurrencyMax')
  const bounded = { providers: { openai: { concurrency: 40 } } }
  expect(configOf(bounded, environment).providers[0]?.concurrencyMax).toBe(40)
})

test('an entry enables a known provider by itself, which may then be the default', () => {
  const { providers, defaultProvider } = configOf(
    { providers: { groq: { apiKey: 'env:C' } } },
    { ...keys, DEFAULT_PROVIDER: 'groq' },
  )
  expect(providers.map(({ name }) => name)).toEqual(['groq', 'demo'])
  expect(defaultProvider).toBe('groq')
})

test('an entry may say more of a provider that OPENAI_COMPATIBLE_PROVIDERS lists', () => {
  const environment = {
    ...keys,
    OPENAI_COMPATIBLE_PROVIDERS: 'my-vllm',
    MY_VLLM_BASE_URL: 'http://10.0.0.7/v1',
  }
  const { providers } = configOf({ providers: { 'my-vllm': { apiKey: 'env:C' } } }, environment)
  expect(providers[0]).toMatchObject({ baseUrl: 'http://10.0.0.7/v1', apiKey: 'sk-c' })
})

test('for each value the first that speaks counts, from the narrowest to the widest', () => {
  const file = {
    streamConfig: { bufferSize: 2048, heartbeatIntervalSecs: 1.5, idleTimeoutMs: 1, holdMs: 2 },
    endpoints: {
      '/v1/chat/completions': {
        streamConfig: { bufferSize: 4096, heartbeatIntervalSecs: 15, idleTimeoutMs: 10 },
      },
      '/v1beta/models/*': { streamConfig: { bufferSize: 8192 } },
      '/v1/messages': {},
    },
  }
  const { stream } = configOf(file, {
    STREAM_HEARTBEAT_INTERVAL_MS__CHAT_COMPLETIONS: '7s',
    STREAM_IDLE_TIMEOUT_MS: '5s',
    STREAM_HOLD_MS__RESPONSES: '9',
  })
  const chat = stream['chat-completions']
  // Its own variable; else the endpoint in the file, though a variable for all is set.
  expect(chat.heartbeatIntervalMs).toBe(7000)
  expect(chat.responseChunkBytes).toBe(4096)
  expect(chat.idleTimeoutMs).toBe(10)
  // A variable for all goes before the file's common value; the default is last.
  expect(stream.messages.idleTimeoutMs).toBe(5000)
  expect(stream.messages.responseChunkBytes).toBe(2048)
  expect(stream.messages.heartbeatIntervalMs).toBe(1500)
  expect(stream.messages.holdMs).toBe(2)
  expect(stream.responses.holdMs).toBe(9)
  expect(stream.messages.headersTimeoutMs).toBe(60_000)
  expect(stream.gemini.responseChunkBytes).toBe(8192)
})

test('keys of the file are accepted besides those of API_KEYS, each once', () => {
  const file = {
    keys: [
      { name: 'team-a', key: 'env:A' },
      { name: 'team-b', key: 'env:C' },
    ],
  }
  expect(configOf(file, { ...keys, API_KEYS: 'sk-c, other' }).apiKeys).toEqual([
    'sk-c',
    'other',
    keys.A,
  ])
})

test('a key of the file has what the file says, and nothing of what it does not say', () => {
  const file = {
    keys: [
      {
        ...{ name: 'team-a', key: 'env:A', models: ['smart', 'gpt-*'], owner: 'Ann', tags: ['x'] },
        ...{ priority: 'high', limits: { tokensPerMinute: 5 }, budget: { daily: 2.5 } },
        expiresAt: '2027-01-31T12:00:00+01:00',
      },
      { name: 'team-b', key: 'env:B' },
    ],
  }
  const limits = { requestsPerMinute: null, tokensPerMinute: null, concurrentStreams: null }
  const plain = {
    name: 'team-b',
    key: keys.B,
    owner: null,
    tags: [],
    scopes: { models: null, routes: null, providers: null },
    priority: 'normal' as const,
    limits,
    budget: { dailyUsd: null, monthlyUsd: null },
    expiresAt: null,
  }
  expect(configOf(file, keys).keys).toEqual([
    {
      ...plain,
      ...{ name: 'team-a', key: keys.A, owner: 'Ann', tags: ['x'], priority: 'high' },
      scopes: { models: ['smart', 'gpt-*'], routes: null, providers: null },
      limits: { ...limits, tokensPerMinute: 5 },
      budget: { dailyUsd: 2.5, monthlyUsd: null },
      expiresAt: Date.UTC(2027, 0, 31, 11),
    },
    plain,
  ])
})

test('keys of the file permit a public address, a key of a provider in the file needs some', () => {
  const providers = { openai: { apiKey: 'env:A' } }
  const environment = { ...keys, HOST: '0.0.0.0' }
  expect(problemsOf({ providers }, environment)[0]).toStartWith('API_KEYS: must be set when HOST')
  expect(problemsOf({ providers, keys: [{ name: 'a', key: 'env:B' }] }, environment)).toEqual([])
})

test('what is in effect shows what the file says, and no secret', () => {
  const file = {
    streamConfig: { bufferSize: 4096 },
    endpoints: { '/v1/messages': { streamConfig: { heartbeatIntervalSecs: 3 } } },
    providers: { openai: { apiKeys: ['env:A', 'env:B'], concurrency: 8 } },
    routes: { 'smart-*': { targets: ['openai/*', { model: 'demo/x', weight: 3, prefill: true }] } },
    keys: [{ name: 'team-a', key: 'env:A' }],
    limits: { models: { 'gpt-5*': { requestsPerMinute: 5, concurrentStreams: 2 } } },
  }
  const loaded = loadedOf(file, keys)
  if (!loaded.ok) throw new Error(loaded.problems.join('\n'))
  const text = effectiveText(loaded.config, loaded.settings)
  expect(text.split('\n')).toEqual(
    expect.arrayContaining([
      'STREAM_RESPONSE_CHUNK_SIZE=4096  # streamConfig.bufferSize',
      'STREAM_HEARTBEAT_INTERVAL_MS__MESSAGES=3000  # ' +
        'endpoints["/v1/messages"].streamConfig.heartbeatIntervalSecs',
      'providers.openai=openai https://api.openai.com/v1 ****6789,****5678 concurrency=8',
      'routes["smart-*"]=priority midstream=error hedge=1',
      'routes["smart-*"].targets[0]=openai/*',
      'routes["smart-*"].targets[1]=demo/x weight=3 prefill=true',
      'keys[0]=team-a ****6789',
      'limits.models["gpt-5*"]=requestsPerMinute=5 concurrentStreams=2',
    ]),
  )
  expect(text).not.toMatch(/sk-(first|second)/)
})

test('the version tells one content of the file from another', () => {
  const [first, second] = [{ routes: {} }, { keys: [] }].map((file) => configOf(file).version)
  expect(first).toEqual({ count: 1, hash: expect.stringMatching(/^[\da-f]{8}$/) })
  expect(second?.hash).not.toBe(first?.hash)
})

test('prices are those of the file, by model and by wildcard', () => {
  const prices = {
    'openai/gpt-5': { input: 1, output: 8, cachedInput: 0.1 },
    'my-vllm/*': { input: 0, output: 0 },
    'gemini/g': {
      input: 1,
      output: 2,
      long: { aboveInputTokens: 1000, input: 2, output: 4 },
    },
  }
  expect(configOf({ prices }).prices).toEqual(prices)
})

test('limits are those of the file, in its order; what is not said is no limit', () => {
  const limits = {
    models: { 'gpt-5*': { requestsPerMinute: 600 }, smart: { tokensPerMinute: 7 } },
    providers: { openai: { concurrentStreams: 3 }, own: {} },
  }
  const providers = { own: { protocol: 'openai-chat', baseUrl: 'http://10.0.0.7/v1' } }
  const none = { requestsPerMinute: null, tokensPerMinute: null, concurrentStreams: null }
  expect(configOf({ limits, providers }, { OPENAI_API_KEY: keys.A }).limits).toEqual({
    models: [
      { name: 'gpt-5*', limits: { ...none, requestsPerMinute: 600 } },
      { name: 'smart', limits: { ...none, tokensPerMinute: 7 } },
    ],
    providers: [
      { name: 'openai', limits: { ...none, concurrentStreams: 3 } },
      { name: 'own', limits: none },
    ],
  })
  expect(configOf({}).limits).toEqual({ models: [], providers: [] })
})
