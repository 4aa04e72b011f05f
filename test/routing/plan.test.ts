import { describe, expect, test } from 'bun:test'
import { GatewayError } from '../../src/core/errors.ts'
import type { Call, Intent } from '../../src/provider/call.ts'
import type { Provider } from '../../src/provider/provider.ts'
import { createPlanner } from '../../src/routing/plan.ts'
import { build, protocols, settingsOf } from '../provider/stand.ts'

const demo = settingsOf('demo')
const openai = settingsOf('openai')
const router = settingsOf('router')
const vllm = settingsOf('vllm', { models: ['meta-llama/*', 'qwen-*', 'gpt-oss-*'] })

/** Plans and says in one line what came out: `provider model <- renamed` or an error's code. */
function outcome(
  providers: ReadonlyMap<string, Provider>,
  defaultProvider: string | null,
  model: string | null,
  provider: string | null = null,
): string {
  const intent: Intent = {
    model,
    stream: false,
    body: null,
    contentType: null,
    outputTokensMax: null,
  }
  const call: Call = {
    endpoint: 'chat-completions',
    path: '/chat/completions',
    search: '',
    provider,
    protocol: protocols.chat,
  }
  try {
    const { targets } = createPlanner(providers, { defaultProvider })(intent, call, new Headers())
    expect(targets).toHaveLength(1)
    const [target] = targets
    const renamed = target.renamedTo === null ? '' : ` renamed ${target.renamedTo}`
    return `${target.provider.name} ${target.model}${renamed}`
  } catch (thrown) {
    if (thrown instanceof GatewayError) return thrown.code
    throw thrown
  }
}

describe('by the model', () => {
  const providers = build(openai, vllm, router, demo)
  const table: readonly [model: string, defaultProvider: string | null, expected: string][] = [
    // provider/model
    ['openai/gpt-5', null, 'openai gpt-5 renamed gpt-5'],
    ['openai/anything', null, 'openai anything renamed anything'],
    ['router/openai/gpt-5', null, 'router openai/gpt-5 renamed openai/gpt-5'],
    ['demo/stream?tokens=5', null, 'demo stream?tokens=5 renamed stream?tokens=5'],
    ['demo/s?retryAfter=a/b', null, 'demo s?retryAfter=a/b renamed s?retryAfter=a/b'],
    ['openai/', null, 'model_not_found'],
    // a slash that names no provider
    ['meta-llama/Llama-4', null, 'vllm meta-llama/Llama-4'],
    ['mistral/large', null, 'model_not_found'],
    ['mistral/large', 'router', 'router mistral/large'],
    ['/gpt-5', null, 'model_not_found'],
    ['OpenAI/gpt-5', null, 'model_not_found'],
    ['__proto__/x', null, 'model_not_found'],
    ['constructor', null, 'model_not_found'],
    // bare names
    ['gpt-5', null, 'openai gpt-5'],
    ['gpt-5', 'router', 'openai gpt-5'],
    ['qwen-3', null, 'vllm qwen-3'],
    ['demo', 'router', 'demo demo'],
    ['demo?tokens=5', null, 'demo demo?tokens=5'],
    ['demo?retryAfter=a/b', null, 'demo demo?retryAfter=a/b'],
    // the operator's pattern beats a known prefix
    ['gpt-oss-120b', null, 'vllm gpt-oss-120b'],
    // nobody
    ['mystery', null, 'model_not_found'],
    ['mystery', 'demo', 'demo mystery'],
    ['openai', null, 'model_not_found'],
  ]
  test.each(table)('%s with default %s: %s', (model, defaultProvider, expected) => {
    expect(outcome(providers, defaultProvider, model)).toBe(expected)
  })

  test('the order of the settings decides between two that claim one name', () => {
    const first = settingsOf('first', { models: ['m-*'] })
    const second = settingsOf('second', { models: ['m-*'] })
    expect(outcome(build(first, second), null, 'm-1')).toBe('first m-1')
    expect(outcome(build(second, first), null, 'm-1')).toBe('second m-1')
  })

  test('the 404 speaks OpenAI`s sentence, names the parameter, and stays short', () => {
    const plan = createPlanner(providers, { defaultProvider: null })
    const call: Call = {
      endpoint: 'responses',
      path: '/responses',
      search: '',
      provider: null,
      protocol: protocols.responses,
    }
    for (const model of ['mystery', 'x'.repeat(100_000)]) {
      const intent: Intent = {
        model,
        stream: true,
        body: null,
        contentType: null,
        outputTokensMax: null,
      }
      try {
        plan(intent, call, new Headers())
        throw new Error('A plan for nobody.')
      } catch (thrown) {
        if (!(thrown instanceof GatewayError)) throw thrown
        expect(thrown.status).toBe(404)
        expect(thrown.detail.param).toBe('model')
        expect(thrown.message).toMatch(
          /^The model `\S+` does not exist or you do not have access to it\.$/,
        )
        expect(thrown.message.length).toBeLessThan(250)
      }
    }
  })
})

describe('by the call', () => {
  const providers = build(openai, vllm, router, demo)
  const table: readonly [provider: string, model: string | null, expected: string][] = [
    ['vllm', 'gpt-5', 'vllm gpt-5'],
    ['vllm', 'vllm/gpt-5', 'vllm gpt-5 renamed gpt-5'],
    ['router', 'openai/gpt-5', 'router openai/gpt-5'],
    ['demo', null, 'demo null'],
    ['vllm', 'vllm/', 'model_not_found'],
    ['nobody', 'gpt-5', 'provider_not_found'],
    ['', 'gpt-5', 'provider_not_found'],
    ['__proto__', null, 'provider_not_found'],
  ]
  test.each(table)('provider %p, model %p: %s', (provider, model, expected) => {
    expect(outcome(providers, 'demo', model, provider)).toBe(expected)
  })
})

describe('without a model', () => {
  test('the default, then openai, then the first real one, then demo', () => {
    const all = build(demo, vllm, router, openai)
    expect(outcome(all, 'router', null)).toBe('router null')
    expect(outcome(all, null, null)).toBe('openai null')
    expect(outcome(build(demo, router, vllm), null, null)).toBe('router null')
    expect(outcome(build(demo), null, null)).toBe('demo null')
    expect(outcome(build(), null, null)).toBe('provider_not_found')
  })
})

test('a default that is not enabled fails at the start, not at a request', () => {
  expect(() => createPlanner(build(demo), { defaultProvider: 'openai' })).toThrow('not enabled')
})
