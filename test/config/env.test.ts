import { expect, test } from 'bun:test'
import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Config, endpointNames } from '../../src/config/config.ts'
import { loadConfig } from '../../src/config/env.ts'
import type { Environment } from '../../src/config/variable.ts'
import { runDirectory } from '../kit/run-directory.ts'
import { resilienceDefaults } from './defaults.ts'

function configOf(environment: Environment): Config {
  const loaded = loadConfig(environment)
  if (!loaded.ok) throw new Error(loaded.problems.join('\n'))
  return loaded.config
}

function problemsOf(environment: Environment): readonly string[] {
  const loaded = loadConfig(environment)
  return loaded.ok ? [] : loaded.problems
}

const openStream = {
  requestChunkBytes: 65_536,
  responseChunkBytes: 32_768,
  heartbeatIntervalMs: 10_000,
  headersTimeoutMs: 60_000,
  firstTokenTimeoutMs: 120_000,
  idleTimeoutMs: 120_000,
  totalTimeoutMs: 1_800_000,
  clientStallTimeoutMs: 30_000,
  eventBytesMax: 1_048_576,
  bufferedBytesMax: 1_048_576,
  flushIntervalMs: 0,
  holdMs: 0,
  holdBytes: 0,
}

const streams = Object.fromEntries(
  endpointNames.map((name) => [name, openStream]),
) as Config['stream']

test('an empty environment gives every default', () => {
  expect(configOf({})).toEqual({
    host: '127.0.0.1',
    port: 3000,
    workers: 1,
    tls: null,
    logLevel: 'info',
    logFormat: 'json',
    log: { colours: false, sampleRate: 1, slowMs: 0, slowFirstTokenMs: 0 },
    profile: { directory: tmpdir(), seconds: 10, heapSnapshot: true },
    shutdownGraceMs: 25_000,
    apiKeys: [],
    keys: [],
    requireApiKey: false,
    keySecrets: [],
    redisUrl: null,
    limitsTimeoutMs: 100,
    databaseUrl: 'sluice.db',
    ledger: { enabled: false, retentionDays: 90 },
    adminToken: null,
    corsOrigins: [],
    upstreamProxy: null,
    providers: [{ name: 'demo', kind: 'demo', baseUrl: '', apiKey: null, models: [] }],
    defaultProvider: null,
    routes: [],
    prices: {},
    limits: { models: [], providers: [] },
    alerts: { everySeconds: 5, webhook: null, rules: [] },
    configFile: null,
    version: { count: 1, hash: '' },
    resilience: resilienceDefaults,
    telemetry: null,
    metrics: true,
    resume: {
      ...{ enabled: true, graceMs: 30_000, keepMs: 300_000 },
      ...{ bytesMax: 4 << 20, totalBytesMax: 256 << 20 },
    },
    overload: { memoryBytesMax: null, eventLoopLagMaxMs: 1000, concurrentRequestsMax: 20_000 },
    demo: { tokens: 64, tokensPerSecond: 20 },
    stream: streams,
    intake: {
      requestBytesMax: 512 * 1_048_576,
      memoryBytesMax: 1_048_576,
      spoolDirectory: join(tmpdir(), 'sluice-spool'),
      spoolBytesMax: 1024 * 1_048_576,
      jsonDepthMax: 128,
      bodyIdleTimeoutMs: 30_000,
    },
    bufferPool: {
      enabled: true,
      tiersBytes: [4096, 8192, 16_384, 32_768, 65_536, 131_072],
      bytesMax: 256 * 1_048_576,
      idleTrimMs: 30_000,
    },
  })
})

test('the configuration is frozen all the way down', () => {
  const isFrozen = (value: unknown): boolean =>
    typeof value !== 'object' ||
    value === null ||
    (Object.isFrozen(value) && Object.values(value).every(isFrozen))
  expect(isFrozen(configOf({ OPENAI_API_KEY: 'sk-1', API_KEYS: 'a,b' }))).toBe(true)
})

test('an empty value is no value', () => {
  expect(configOf({ PORT: '', WORKERS: ' ', STREAM_IDLE_TIMEOUT_MS__MODELS: '' })).toEqual(
    configOf({}),
  )
})

test.each([
  ['STREAM_RESPONSE_CHUNK_SIZE', '4096', 'responseChunkBytes', 4096],
  ['STREAM_RESPONSE_CHUNK_SIZE', '64k', 'responseChunkBytes', 65_536],
  ['STREAM_MAX_EVENT_BYTES', '2M', 'eventBytesMax', 2_097_152],
  ['STREAM_IDLE_TIMEOUT_MS', '1500', 'idleTimeoutMs', 1500],
  ['STREAM_IDLE_TIMEOUT_MS', '250ms', 'idleTimeoutMs', 250],
  ['STREAM_IDLE_TIMEOUT_MS', '10s', 'idleTimeoutMs', 10_000],
  ['STREAM_IDLE_TIMEOUT_MS', '2m', 'idleTimeoutMs', 120_000],
  ['STREAM_IDLE_TIMEOUT_MS', '0', 'idleTimeoutMs', 0],
  ['STREAM_IDLE_TIMEOUT_MS', '2147483647', 'idleTimeoutMs', 2_147_483_647],
] as const)('%s=%s is %s %i on every endpoint', (name, text, setting, value) => {
  const { stream } = configOf({ [name]: text })
  for (const endpoint of endpointNames) expect(stream[endpoint][setting]).toBe(value)
})

test('an override holds for its endpoint only, over the common value', () => {
  const { stream } = configOf({
    STREAM_HEARTBEAT_INTERVAL_MS: '5s',
    STREAM_HEARTBEAT_INTERVAL_MS__CHAT_COMPLETIONS: '15s',
  })
  expect(stream['chat-completions'].heartbeatIntervalMs).toBe(15_000)
  expect(stream.responses.heartbeatIntervalMs).toBe(5000)
  expect(stream['chat-completions'].idleTimeoutMs).toBe(120_000)
})

test('providers: openai by key or address, others by name, demo unless switched off', () => {
  const { providers, defaultProvider } = configOf({
    OPENAI_BASE_URL: 'http://127.0.0.1:8000/v1/',
    OPENAI_COMPATIBLE_PROVIDERS: 'my-vllm, other',
    MY_VLLM_BASE_URL: 'http://10.0.0.7:8000/v1',
    MY_VLLM_MODELS: 'llama-*, qwen3',
    OTHER_BASE_URL: 'https://other.example/openai/v1',
    OTHER_API_KEY: 'gsk-1',
    GROQ_API_KEY: 'gsk-2',
    DEFAULT_PROVIDER: 'my-vllm',
    DEMO_ENABLED: '0',
  })
  expect(defaultProvider).toBe('my-vllm')
  const kind = 'openai-compatible'
  expect(providers).toEqual([
    {
      name: 'openai',
      kind: 'openai',
      baseUrl: 'http://127.0.0.1:8000/v1',
      apiKey: null,
      models: [],
      options: {},
    },
    {
      name: 'groq',
      kind: 'groq',
      baseUrl: 'https://api.groq.com/openai/v1',
      apiKey: 'gsk-2',
      models: [],
      options: {},
    },
    {
      name: 'my-vllm',
      kind,
      baseUrl: 'http://10.0.0.7:8000/v1',
      apiKey: null,
      models: ['llama-*', 'qwen3'],
    },
    {
      name: 'other',
      kind,
      baseUrl: 'https://other.example/openai/v1',
      apiKey: 'gsk-1',
      models: [],
    },
  ])
  const [openai] = configOf({ OPENAI_API_KEY: 'sk-1' }).providers
  expect(openai).toMatchObject({ baseUrl: 'https://api.openai.com/v1', apiKey: 'sk-1' })
})

test('an address that only repeats the default enables nothing', () => {
  const { providers } = configOf({ OPENAI_BASE_URL: 'https://api.openai.com/v1' })
  expect(providers.map(({ name }) => name)).toEqual(['demo'])
})

test('WORKERS=auto counts cores, lists drop blanks and repeats, hosts lose their brackets', () => {
  const config = configOf({ WORKERS: 'auto', API_KEYS: ' a ,b,,a', HOST: '[::1]' })
  expect(config.workers).toBe(navigator.hardwareConcurrency)
  expect(config.apiKeys).toEqual(['a', 'b'])
  expect(config.host).toBe('::1')
})

test('the limits of a worker: a size, none, or what the machine has', () => {
  const limitOf = (text: string) => configOf({ MEMORY_LIMIT_BYTES: text }).overload.memoryBytesMax
  expect(['auto', '0', '1g'].map(limitOf)).toEqual([null, 0, 1024 * 1_048_576])
})

test.each([
  ['HOST', 'http://0.0.0.0', 'an IP address or a host name'],
  ['HOST', 'a b', 'an IP address or a host name'],
  ['PORT', '65536', 'a whole number from 0 to 65535'],
  ['PORT', '-1', 'a whole number'],
  ['PORT', '80.5', 'a whole number'],
  ['PORT', '0x50', 'a whole number'],
  ['WORKERS', '0', 'from 1 to 256, or auto'],
  ['LOG_LEVEL', 'loud', 'one of debug, info, warn, error, silent'],
  ['CORS_ORIGINS', 'https://a.example/path', 'origins'],
  ['CORS_ORIGINS', 'a.example', 'origins'],
  ['SHUTDOWN_GRACE_MS', '2147483648', '2147483647'],
  ['SHUTDOWN_GRACE_MS', '36000m', '2147483647'],
  ['STREAM_IDLE_TIMEOUT_MS', '1e3', 'a duration'],
  ['STREAM_IDLE_TIMEOUT_MS', '10k', 'a duration'],
  ['STREAM_IDLE_TIMEOUT_MS__MODELS', 'soon', 'a duration'],
  ['STREAM_RESPONSE_CHUNK_SIZE', '1023', 'from 1k to 1m'],
  ['STREAM_RESPONSE_CHUNK_SIZE', '2m', 'from 1k to 1m'],
  ['STREAM_RESPONSE_CHUNK_SIZE', '32kb', 'a size'],
  ['MAX_REQUEST_BYTES', '99999999999999999999', 'a size'],
  ['MEMORY_LIMIT_BYTES', '64m', 'from 128m to 1024g'],
  ['MEMORY_LIMIT_BYTES', 'all', 'auto, 0, or a size'],
  ['EVENT_LOOP_LAG_MAX_MS', '-1', 'a duration'],
  ['MAX_CONCURRENT_REQUESTS', '0', 'a whole number from 1'],
  ['STREAM_BUFFER_POOL_TIERS', '8k,4k', 'ascending'],
  ['STREAM_BUFFER_POOL_TIERS', '4k,4k', 'ascending'],
  ['STREAM_BUFFER_POOL_TIERS', '4k,', 'ascending'],
  ['STREAM_BUFFER_POOL_TIERS', '512', 'from 1k to 16m'],
  ['STREAM_BUFFER_POOL_ENABLED', 'maybe', '1 or 0'],
  ['OPENAI_BASE_URL', 'ftp://a.example', 'http or https address'],
  ['OPENAI_BASE_URL', 'api.openai.com/v1', 'http or https address'],
  ['OPENAI_BASE_URL', 'https://', 'http or https address'],
  ['OPENAI_COMPATIBLE_PROVIDERS', 'openai', 'names'],
  ['OPENAI_COMPATIBLE_PROVIDERS', 'My_vLLM', 'names'],
  ['UPSTREAM_PROXY', 'socks5://127.0.0.1', 'proxy'],
  ['DEFAULT_PROVIDER', 'openai', 'an enabled provider (demo)'],
])('%s=%s is one line with variable, rule and value', (name, text, rule) => {
  const problems = problemsOf({ [name]: text })
  expect(problems).toHaveLength(1)
  expect(problems[0]).toStartWith(`${name}: must be `)
  expect(problems[0]).toContain(rule)
  expect(problems[0]).toEndWith(`, got ${JSON.stringify(text)}`)
})

test('all wrong values are told at once, each on one line whatever it holds', () => {
  const problems = problemsOf({
    PORT: 'x\ny',
    WORKERS: 'z'.repeat(5000),
    DEMO_TOKENS: '-1',
    STREAM_TYPO: '1',
    STREAM_IDLE_TIMEOUT_MS__MODELS: 'x',
  })
  expect(problems.map((line) => line.slice(0, line.indexOf(':')))).toEqual([
    'PORT',
    'WORKERS',
    'DEMO_TOKENS',
    'STREAM_IDLE_TIMEOUT_MS__MODELS',
    'STREAM_TYPO',
  ])
  for (const line of problems) {
    expect(line).not.toContain('\n')
    expect(line.length).toBeLessThan(250)
  }
})

test('no secret stands in a problem line, wherever it was put', () => {
  const canary = 'canary-canary-canary'
  const problems = problemsOf({
    API_KEYS: `${canary} x`,
    ADMIN_TOKEN: `${canary}\u0007`,
    OPENAI_API_KEY: `${canary}\n`.repeat(2),
    OPENAI_BASE_URL: `https://user:${canary}@a.example/v1?key=${canary}`,
    UPSTREAM_PROXY: `user:${canary}@proxy:3128`,
  })
  expect(problems).toHaveLength(5)
  expect(problems.join('\n')).not.toContain(canary)
})

test.each([
  [{ STREAM_IDLE_TIMEOUT: '1' }, 'did you mean STREAM_IDLE_TIMEOUT_MS?'],
  [{ STREAM_HEARTBEAT_INTERVALL_MS: '1' }, 'did you mean STREAM_HEARTBEAT_INTERVAL_MS?'],
  [
    { STREAM_IDLE_TIMEOUT_MS__CHATCOMPLETIONS: '1' },
    'did you mean STREAM_IDLE_TIMEOUT_MS__CHAT_COMPLETIONS?',
  ],
  [{ STREAM_IDEL_TIMEOUT_MS__MODELS: '1' }, 'did you mean STREAM_IDLE_TIMEOUT_MS__MODELS?'],
  [{ PORT__MODELS: '1' }, 'must be PORT, which cannot differ between endpoints'],
  [
    { STREAM_BUFFER_POOL_ENABLED__MODELS: '1' },
    'must be STREAM_BUFFER_POOL_ENABLED, which cannot differ between endpoints',
  ],
])('a name that looks like ours and is not, %p, is told', (environment, hint) => {
  const problems = problemsOf(environment)
  expect(problems).toHaveLength(1)
  expect(problems[0]).toStartWith(`${Object.keys(environment)[0]}: `)
  expect(problems[0]).toContain(hint)
})

test('names of other programs are left alone', () => {
  expect(
    problemsOf({ PATH: '/bin', HTTP_PROXY: 'x', MY__NAME: '1', __A: '1', HOSTS: '?' }),
  ).toEqual([])
})

test('a public address with a provider key needs client keys, or leave to do without', () => {
  const open = { HOST: '0.0.0.0', OPENAI_API_KEY: 'sk-1' }
  expect(problemsOf(open)).toHaveLength(1)
  expect(problemsOf(open)[0]).toStartWith('API_KEYS: must be set when HOST is 0.0.0.0')
  expect(problemsOf({ ...open, API_KEYS: 'k' })).toEqual([])
  expect(problemsOf({ ...open, ALLOW_ANONYMOUS: '1' })).toEqual([])
  expect(problemsOf({ ...open, REQUIRE_API_KEY: '1' })).toEqual([])
  expect(problemsOf({ HOST: '0.0.0.0' })).toEqual([])
  for (const HOST of ['127.0.0.1', '127.8.8.8', '::1', '[::1]', 'localhost']) {
    expect(problemsOf({ ...open, HOST })).toEqual([])
  }
  for (const HOST of ['::', '10.0.0.1', '127.example.com']) {
    expect(problemsOf({ ...open, HOST })).toHaveLength(1)
  }
})

test('a listed provider needs an address', () => {
  expect(problemsOf({ OPENAI_COMPATIBLE_PROVIDERS: 'my-vllm' })).toEqual([
    'MY_VLLM_BASE_URL: must be set, because provider my-vllm is listed, got ""',
  ])
})

test('the pool must have room for its largest buffer', () => {
  const problems = problemsOf({ STREAM_BUFFER_POOL_MAX_BYTES: '64k' })
  expect(problems).toEqual([
    'STREAM_BUFFER_POOL_MAX_BYTES: must be at least the largest tier, 131072, got "65536"',
  ])
})

test('TLS takes both files, and both must be readable', () => {
  const file = join(mkdtempSync(join(runDirectory(), 'tls-')), 'file.pem')
  writeFileSync(file, '')
  const tls = { certFile: file, keyFile: file }
  expect(configOf({ TLS_CERT_FILE: file, TLS_KEY_FILE: file }).tls).toEqual(tls)
  expect(problemsOf({ TLS_KEY_FILE: file })).toEqual([
    'TLS_CERT_FILE: must be set together with its counterpart, got ""',
  ])
  expect(problemsOf({ TLS_CERT_FILE: file, TLS_KEY_FILE: `${file}.no` })).toEqual([
    `TLS_KEY_FILE: must be a file that can be read, got ${JSON.stringify(`${file}.no`)}`,
  ])
})

const [firstSecret, secondSecret] = ['a'.repeat(32), `${'b'.repeat(31)}!`]

test('secrets of keys are long, newest first, that of the database last', () => {
  const list = `${firstSecret}, ${secondSecret},database`
  expect(configOf({ KEY_SECRET: list }).keySecrets).toEqual([firstSecret, secondSecret, 'database'])
  for (const wrong of [
    'a'.repeat(31),
    `${firstSecret},`,
    `${firstSecret},${firstSecret}`,
    'database',
    `database,${firstSecret}`,
  ]) {
    const [problem] = problemsOf({ KEY_SECRET: wrong })
    expect(problem, wrong).toStartWith('KEY_SECRET: must be secrets of at least 32 visible')
    expect(problem).not.toContain(firstSecret)
  }
})

test.each([
  'postgres://u:p@db.example/x',
  'postgresql://h/x',
  'a.db',
  '/v/a.db',
  'sqlite:///v/a.db',
])('%s is a database', (text) => {
  expect(configOf({ DATABASE_URL: text }).databaseUrl).toBe(text)
})

test.each(['mysql://u:canary@h/x', 'postgres://[', ':memory:', 'sqlite::memory:', 'a.db?mode=ro'])(
  '%s is none',
  (text) => {
    const [problem] = problemsOf({ DATABASE_URL: text })
    expect(problem).toStartWith('DATABASE_URL: must be postgres://')
    expect(problem).not.toContain('canary')
  },
)
