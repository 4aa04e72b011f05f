/** The published schema says what the program does: an independent validator is asked, too. */
import { expect, setDefaultTimeout, test } from 'bun:test'
import Ajv2020 from 'ajv/dist/2020.js'
import fc from 'fast-check'
import { publishedSchema } from '../../../src/config/file/schema.ts'
import { isObject, type JsonObject } from '../../../src/core/json.ts'
import { loadedOf } from './files.ts'

// The properties take a while on a busy machine.
setDefaultTimeout(60_000)

const schema: JsonObject = JSON.parse(publishedSchema())
const isValid = new Ajv2020({ strict: true, strictTypes: false, allErrors: true }).compile(schema)

const environment = {
  OPENAI_API_KEY: 'sk-1',
  ANTHROPIC_API_KEY: 'sk-2',
  AWS_BEARER_TOKEN_BEDROCK: 'b',
  AWS_REGION: 'us-east-1',
  VLLM_KEY: 'v',
  TEAM_A_KEY: 't',
}

const example = {
  streamConfig: { bufferSize: 32768, heartbeatIntervalSecs: 10 },
  endpoints: {
    '/v1/chat/completions': { streamConfig: { bufferSize: 4096, heartbeatIntervalSecs: 15 } },
  },
  providers: {
    'my-vllm': {
      protocol: 'openai-chat',
      baseUrl: 'http://10.0.0.7:8000/v1',
      apiKey: 'env:VLLM_KEY',
    },
  },
  routes: {
    smart: {
      targets: [
        'openai/gpt-5',
        { model: 'anthropic/claude-sonnet-4-5', weight: 1, prefill: false },
      ],
      strategy: 'priority',
      midstream: 'error',
      hedge: true,
    },
    'claude-*': { targets: ['anthropic/*', 'bedrock/*'] },
  },
  keys: [
    {
      name: 'team-a',
      key: 'env:TEAM_A_KEY',
      models: ['smart'],
      priority: 'high',
      limits: { requestsPerMinute: 600, tokensPerMinute: 200_000, concurrentStreams: 50 },
      budget: { daily: 25 },
    },
  ],
  limits: {
    models: { 'gpt-5*': { requestsPerMinute: 600 } },
    providers: { openai: { concurrentStreams: 200 } },
  },
  alerts: {
    webhook: { url: 'https://hooks.test/sluice', secret: 'env:TEAM_A_KEY' },
    rules: {
      'openai-errors': { metric: 'errorRate', above: 0.1, provider: 'openai', forSeconds: 120 },
    },
  },
}

test('the example of the design is valid for both', () => {
  expect(isValid(example)).toBe(true)
  expect(loadedOf(example, environment)).toMatchObject({ ok: true })
})

test('what a key cannot have is valid for neither', () => {
  const later = { keys: [{ ...example.keys[0], budget: { weekly: 25 } }] }
  expect(isValid(later)).toBe(false)
  expect(loadedOf(later, environment).ok).toBe(false)
})

test('it is a draft of 2020-12 in which everything is described', () => {
  expect(schema.$schema).toBe('https://json-schema.org/draft/2020-12/schema')
  expect(schema.title).toBe('Configuration of sluice')
  const silent: string[] = []
  const visit = (value: unknown, path: string): void => {
    if (!isObject(value)) return
    if (typeof value.description !== 'string' && value.anyOf === undefined) silent.push(path)
    if (isObject(value.properties) && typeof value.title !== 'string') silent.push(`${path} title`)
    for (const [key, inner] of Object.entries(isObject(value.properties) ? value.properties : {})) {
      visit(inner, `${path}.${key}`)
    }
    for (const key of ['items', 'additionalProperties', 'propertyNames']) {
      visit(value[key], `${path}.${key}`)
    }
    if (Array.isArray(value.anyOf)) for (const inner of value.anyOf) visit(inner, `${path}.anyOf`)
  }
  visit(schema, '')
  expect(silent).toEqual([])
})

test('what the schema refuses the program refuses', () => {
  const change = fc.record({
    path: fc.constantFrom(
      ...['streamConfig', 'endpoints', 'providers', 'routes', 'keys'],
      ...['streamConfig.bufferSize', 'streamConfig.heartbeatIntervalSecs', 'routes.smart.targets'],
      ...['routes.smart.targets.0', 'routes.smart.targets.1.weight', 'routes.smart.targets.1'],
      ...['routes.smart.targets.1.model', 'routes.smart.strategy', 'routes.smart.hedge'],
      ...['providers.my-vllm', 'providers.my-vllm.apiKey', 'providers.my-vllm.protocol'],
      ...['keys.0', 'keys.0.name', 'keys.0.key', 'keys.0.limits', 'routes.x', 'routes.a*b'],
      ...['limits', 'limits.models', 'limits.models.gpt-5*', 'limits.models.a*b'],
      ...['limits.providers.openai', 'limits.providers.openai.concurrentStreams'],
      ...['alerts', 'alerts.webhook', 'alerts.webhook.url', 'alerts.webhook.secret'],
      ...['alerts.rules', 'alerts.rules.openai-errors', 'alerts.rules.openai-errors.metric'],
      ...['alerts.rules.openai-errors.above', 'alerts.rules.openai-errors.windowSeconds'],
    ),
    value: fc.oneof(
      fc.constantFrom(null, true, 0, 1, 4096, 1e9, 'openai/x', 'env:VLLM_KEY', 'x', '', 'error'),
      fc.constantFrom([], {}, ['openai/x'], { targets: ['openai/x'] }, { model: 'openai/x' }),
    ),
  })
  let refused = 0
  fc.assert(
    fc.property(change, ({ path, value }) => {
      const changed: unknown = structuredClone(example)
      const keys = path.split('.')
      const last = keys.pop() ?? ''
      const holder = keys.reduce<unknown>((inner, key) => (inner as JsonObject)[key], changed)
      Object.assign(holder as JsonObject, { [last]: value })
      if (isValid(changed)) return
      refused++
      expect(`${path} ${loadedOf(changed, environment).ok}`).toBe(`${path} false`)
    }),
    { numRuns: 300 },
  )
  expect(refused).toBeGreaterThan(50)
})
