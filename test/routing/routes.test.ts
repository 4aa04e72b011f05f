import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import {
  type RouteSettings,
  type RouteStrategy,
  routeStrategies,
  type TargetSettings,
} from '../../src/config/config.ts'
import {
  type Call,
  type Intent,
  plainTraits,
  type Target,
  type TargetStanding,
  targetKey,
} from '../../src/provider/call.ts'
import { createPlanner, type PlannerOptions } from '../../src/routing/plan.ts'
import { build, protocols, settingsOf } from '../provider/stand.ts'

const providers = build(
  settingsOf('openai'),
  settingsOf('anthropic'),
  settingsOf('vllm', { models: ['qwen-*'] }),
)

const call: Call = {
  endpoint: 'chat-completions',
  path: '/chat/completions',
  search: '',
  provider: null,
  protocol: protocols.chat,
}

const target = (model: string, traits: Partial<TargetSettings> = {}): TargetSettings => ({
  ...plainTraits,
  model,
  ...traits,
})

const route = (
  name: string,
  targets: readonly TargetSettings[],
  strategy: RouteStrategy = 'priority',
): RouteSettings => ({ name, targets, strategy, midstream: 'error', hedge: true })

/** The targets of a request, as keys. */
function plan(
  options: Partial<PlannerOptions>,
  model: string,
  headers: Readonly<Record<string, string>> = {},
  body: object | null = null,
): string[] {
  const planner = createPlanner(providers, { defaultProvider: null, ...options })
  return ask(planner, model, headers, body)
}

function ask(
  planner: ReturnType<typeof createPlanner>,
  model: string,
  headers: Readonly<Record<string, string>> = {},
  body: object | null = null,
): string[] {
  const bytes = body === null ? null : new TextEncoder().encode(JSON.stringify(body))
  const intent = {
    model,
    stream: true,
    body: bytes && { bytes },
    contentType: null,
    outputTokensMax: null,
  }
  return planner(intent as Intent, call, new Headers(headers)).targets.map(targetKey)
}

describe('a name', () => {
  const exact = route('claude-opus', [target('openai/exact')])
  const long = route('claude-o*', [target('openai/long')])
  const short = route('claude-*', [target('anthropic/*')])
  const routes = [short, long, exact]
  test.each([
    ['claude-opus', 'openai/exact'],
    ['claude-o3', 'openai/long'],
    ['claude-haiku', 'anthropic/claude-haiku'],
    ['anthropic/claude-haiku', 'anthropic/claude-haiku'],
    ['qwen-3', 'vllm/qwen-3'],
  ])('%s goes to %s', (model, expected) => {
    expect(plan({ routes }, model)).toEqual([expected])
  })

  test('that is replaced is replaced in the body as well, and only then', () => {
    const planner = createPlanner(providers, { defaultProvider: null, routes })
    const renamed = (model: string) => {
      const intent: Intent = {
        model,
        stream: false,
        body: null,
        contentType: null,
        outputTokensMax: null,
      }
      return planner(intent, call, new Headers()).targets[0].renamedTo
    }
    expect([renamed('claude-opus'), renamed('claude-haiku')]).toEqual(['exact', null])
  })

  test('with its provider said by the caller is no route', () => {
    const planner = createPlanner(providers, { defaultProvider: null, routes })
    const intent: Intent = {
      model: 'claude-opus',
      stream: false,
      body: null,
      contentType: null,
      outputTokensMax: null,
    }
    const made = planner(intent, { ...call, provider: 'vllm' }, new Headers())
    expect([made.route, made.targets.map(targetKey)]).toEqual([null, ['vllm/claude-opus']])
  })
})

describe('fallbacks', () => {
  const routes = [route('smart', [target('openai/one'), target('vllm/two')])]
  test('come behind, by name, claim or route', () => {
    const fallbacks = { 'x-sluice-fallbacks': 'anthropic/c , qwen-3,smart' }
    expect(plan({ routes }, 'gpt-5', fallbacks)).toEqual([
      'openai/gpt-5',
      'anthropic/c',
      'vllm/qwen-3',
      'openai/one',
      'vllm/two',
    ])
  })

  test.each([
    ['a,,b', 'invalid_header'],
    [Array(9).fill('openai/x').join(','), 'invalid_header'],
    ['nobody-knows', 'model_not_found'],
  ])('%s is refused', (value, code) => {
    expect(() => plan({ routes }, 'smart', { 'x-sluice-fallbacks': value })).toThrow(
      expect.objectContaining({ code }),
    )
  })
})

describe('strategies', () => {
  const three = [target('openai/a'), target('openai/b'), target('openai/c')]
  const standingOf = (all: Record<string, Partial<TargetStanding>>) => (each: Target) => ({
    inFlight: 0,
    firstTokenMs: null,
    share: 1,
    ...all[each.model ?? ''],
  })
  const count = (strategy: RouteStrategy, targets: TargetSettings[], rest = {}, times = 4000) => {
    const planner = createPlanner(providers, {
      defaultProvider: null,
      routes: [route('r', targets, strategy)],
      ...rest,
    })
    const counts: Record<string, number> = {}
    for (let index = 0; index < times; index += 1) {
      const [first = ''] = ask(planner, 'r')
      counts[first] = (counts[first] ?? 0) + 1 / times
    }
    return counts
  }

  test.each(routeStrategies)('%s gives every target once', (strategy) => {
    const routes = [route('r', three, strategy)]
    fc.assert(
      fc.property(fc.array(fc.float({ min: 0, max: 1, noNaN: true })), fc.string(), (s, user) => {
        const shares = { a: { share: s[0] ?? 1 }, b: { share: s[1] ?? 1 }, c: { share: s[2] ?? 1 } }
        const body = { messages: [{ role: 'user', content: user }] }
        const given = plan({ routes, standing: standingOf(shares) }, 'r', {}, body)
        expect(given.toSorted()).toEqual(['openai/a', 'openai/b', 'openai/c'])
      }),
    )
  })

  test('priority keeps the order, and lets one that returns have a part of its share', () => {
    expect(count('priority', three)).toEqual({ 'openai/a': expect.closeTo(1) })
    const counts = count('priority', three, { standing: standingOf({ a: { share: 0.25 } }) })
    expect(counts['openai/a']).toBeCloseTo(0.25, 1)
    expect(counts['openai/b']).toBeCloseTo(0.75, 1)
  })

  test('weighted draws by weight', () => {
    const weights = [target('openai/a', { weight: 3 }), target('openai/b', { weight: 1 })]
    expect(count('weighted', weights)['openai/a']).toBeCloseTo(0.75, 1)
    const broken = { standing: standingOf({ a: { share: 0 } }) }
    expect(count('weighted', weights, broken)['openai/b']).toBeGreaterThan(0.99)
  })

  test('round-robin takes turns', () => {
    const planner = createPlanner(providers, {
      defaultProvider: null,
      routes: [route('r', three, 'round-robin')],
    })
    const firsts = [1, 2, 3, 4].map(() => ask(planner, 'r')[0])
    expect(firsts).toEqual(['openai/a', 'openai/b', 'openai/c', 'openai/a'])
  })

  test('least-busy looks at what is under way, for its weight', () => {
    const busy = standingOf({ a: { inFlight: 3 }, b: { inFlight: 1 }, c: { inFlight: 2 } })
    expect(count('least-busy', three, { standing: busy })).toEqual({
      'openai/b': expect.closeTo(1),
    })
    const weighty = [target('openai/a', { weight: 10 }), target('openai/b')]
    expect(count('least-busy', weighty, { standing: busy })).toEqual({
      'openai/a': expect.closeTo(1),
    })
  })

  test('latency takes the fastest, tries the unknown, and looks again now and then', () => {
    const known = standingOf({
      a: { firstTokenMs: 900 },
      b: { firstTokenMs: 200 },
      c: { firstTokenMs: 500 },
    })
    const counts = count('latency', three, { standing: known })
    expect(counts['openai/b']).toBeGreaterThan(0.9)
    expect(counts['openai/a']).toBeGreaterThan(0)
    const unknown = standingOf({ a: { firstTokenMs: 900 }, b: { firstTokenMs: 200 } })
    expect(count('latency', three, { standing: unknown })['openai/c']).toBeGreaterThan(0.9)
  })

  test('cost takes the cheapest, and one without a price last', () => {
    const priced = [
      target('openai/a'),
      target('openai/b', { price: { input: 2, output: 8 } }),
      target('openai/c', { price: { input: 1, output: 4 } }),
    ]
    expect(plan({ routes: [route('r', priced, 'cost')] }, 'r')).toEqual([
      'openai/c',
      'openai/b',
      'openai/a',
    ])
  })

  test('cost knows what the route does not say, and believes the route', () => {
    const priceOf: PlannerOptions['priceOf'] = (provider, model) =>
      provider === 'openai' && model !== 'a' ? { input: model === 'b' ? 1 : 3, output: 1 } : null
    const own = { price: { input: 2, output: 1 } }
    const known = [target('openai/a'), target('openai/b', own), target('openai/c')]
    const cheap = [target('openai/a'), target('openai/c'), target('openai/b')]
    const order = (targets: readonly TargetSettings[]) =>
      plan({ routes: [route('r', targets, 'cost')], priceOf }, 'r')
    expect(order(known)).toEqual(['openai/b', 'openai/c', 'openai/a'])
    expect(order(cheap)).toEqual(['openai/b', 'openai/c', 'openai/a'])
  })

  describe('sticky', () => {
    const routes = [route('r', three, 'sticky')]
    const chat = (system: string, first: string, ...more: string[]) => ({
      model: 'r',
      messages: [
        { role: 'system', content: system },
        ...[first, ...more].map((content) => ({ role: 'user', content })),
      ],
    })
    const orderOf = (body: object, headers = {}) => plan({ routes }, 'r', headers, body)

    test('keeps a conversation where it was, while it grows', () => {
      for (let index = 0; index < 50; index += 1) {
        const began = orderOf(chat('You help.', `question ${index}`))
        expect(orderOf(chat('You help.', `question ${index}`, 'and then?'))).toEqual(began)
      }
    })

    test('spreads conversations over the targets', () => {
      const firsts = Array.from({ length: 300 }, (_, index) => orderOf(chat('s', `${index}`))[0])
      for (const { model } of three) {
        expect(firsts.filter((first) => first === model).length).toBeGreaterThan(60)
      }
    })

    test('obeys a session that is named, whatever is asked', () => {
      const session = { 'x-sluice-session': 'u-1' }
      expect(orderOf(chat('a', 'b'), session)).toEqual(orderOf(chat('c', 'd'), session))
    })

    test.each([
      ['messages', { system: 's', messages: [{ role: 'user', content: 'u' }] }],
      ['responses', { instructions: 's', input: 'u' }],
      ['gemini', { systemInstruction: { parts: [] }, contents: [{ parts: [{ text: 'u' }] }] }],
      ['completions', { prompt: 'u' }],
    ])('finds the beginning of %s', (_, body) => {
      const orders = new Set(Array.from({ length: 20 }, () => orderOf(body).join()))
      expect(orders.size).toBe(1)
    })

    test('moves only the sessions of a target that goes away', () => {
      const fewer = [route('r', three.slice(0, 2), 'sticky')]
      for (let index = 0; index < 100; index += 1) {
        const body = chat('s', `${index}`)
        const [before] = orderOf(body)
        const [after] = plan({ routes: fewer }, 'r', {}, body)
        if (before !== 'openai/c') expect(after).toBe(before as string)
      }
    })
  })
})

test('a provider with several keys is a target for each, beginning with another each time', () => {
  const [openai] = [...providers.values()]
  if (openai === undefined) throw new Error('no provider')
  const several = { ...openai, name: 'openai', others: [{ ...openai, credential: '2' }] }
  const planner = createPlanner(new Map([['openai', several]]) as typeof providers, {
    defaultProvider: null,
  })
  expect(ask(planner, 'openai/m')).toEqual(['openai/m', 'openai/m#2'])
  expect(ask(planner, 'openai/m')).toEqual(['openai/m#2', 'openai/m'])
})
