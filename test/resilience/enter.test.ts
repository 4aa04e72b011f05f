/** What is taken before a target is tried, and given back on every way out. */
import { expect, test } from 'bun:test'
import { GatewayError } from '../../src/core/errors.ts'
import { Pauses } from '../../src/core/pause.ts'
import { Exchange } from '../../src/observe/exchange.ts'
import type { Opened, Target } from '../../src/provider/call.ts'
import { plainTraits } from '../../src/provider/call.ts'
import type { Ask, Open } from '../../src/resilience/ask.ts'
import { noBreakers } from '../../src/resilience/breakers.ts'
import { Resilience } from '../../src/resilience/resilience.ts'
import { configOf } from '../config/file/files.ts'

const limit = () => new GatewayError('rate_limit_exceeded', { retryAfterMs: 5 })

/** Two targets, and a count of what was entered and settled. */
function stand(changes: Partial<Ask> = {}) {
  const config = configOf({})
  const pauses = new Pauses()
  const resilience = new Resilience({ ...config.resilience, retriesMax: 0 }, pauses, noBreakers)
  const [settings] = Object.values(config.stream)
  if (settings === undefined) throw new Error('no settings')
  const target = (name: string) =>
    ({
      provider: { name, settings: {} },
      model: 'm',
      renamedTo: null,
      traits: plainTraits,
    }) as unknown as Target
  const abort = new AbortController()
  const releases: (() => void)[] = []
  const counts = { entered: [] as string[], settled: [] as string[], opened: [] as string[] }
  const ask: Ask = {
    plan: { targets: [target('a'), target('b')], route: null },
    exchange: new Exchange('chat-completions', 'POST'),
    settings,
    signal: abort.signal,
    stream: true,
    replayable: true,
    repeatable: true,
    priority: 'normal',
    tokens: () => 1,
    hold: (release) => void releases.push(release),
    enter: ({ provider }) => {
      counts.entered.push(provider.name)
      return () => void counts.settled.push(provider.name)
    },
    ...changes,
  }
  const open: Open = async ({ provider }) => {
    counts.opened.push(provider.name)
    if (provider.name === 'a') throw new GatewayError('upstream_connect_failed')
    const body = { status: 200, isEventStream: true, headers: new Headers() }
    return { ...body, cancel() {} } as unknown as Opened
  }
  const end = () => {
    for (const release of releases.splice(0)) release()
  }
  return { resilience, ask, open, abort, counts, end }
}

test('what failed is settled at once, what answered when that is over, both once', async () => {
  const { resilience, ask, open, counts, end } = stand()
  const opened = await resilience.attempt(ask, open)
  expect(counts).toEqual({ entered: ['a', 'b'], settled: ['a'], opened: ['a', 'b'] })
  opened.leave?.(null)
  end()
  expect(counts.settled).toEqual(['a', 'b'])
  expect(resilience.standings.inFlight).toBe(0)
})

test('a refused target is not opened; a body that can be sent once goes to the next', async () => {
  const refusing: Partial<Ask> = {
    replayable: false,
    repeatable: false,
    enter: ({ provider }) => {
      if (provider.name === 'a') throw limit()
      return () => {}
    },
  }
  const { resilience, ask, open, counts, end } = stand(refusing)
  await resilience.attempt(ask, open)
  expect(counts.opened).toEqual(['b'])
  expect(ask.exchange.attempts).toBe(1)
  end()
  expect(resilience.standings.inFlight).toBe(0)
})

test('where all refuse it is the last refusal, as it was', async () => {
  const enter: Ask['enter'] = () => Promise.reject(limit())
  const { resilience, ask, open, counts } = stand({ enter })
  const error = await resilience.attempt(ask, open).catch((thrown: GatewayError) => thrown)
  expect(error).toMatchObject({ code: 'rate_limit_exceeded', detail: { retryAfterMs: 5 } })
  expect([counts.opened, resilience.standings.inFlight]).toEqual([[], 0])
})

test('who leaves while it is asked for has it given back, and nobody is asked', async () => {
  const { promise, resolve } = Promise.withResolvers<() => void>()
  let settled = 0
  const enter: Ask['enter'] = () => promise
  const { resilience, ask, open, counts, abort } = stand({ enter })
  const attempt = resilience.attempt(ask, open).catch((thrown: GatewayError) => thrown)
  abort.abort(new GatewayError('client_gone'))
  resolve(() => {
    settled += 1
  })
  expect(await attempt).toMatchObject({ code: 'client_gone' })
  expect([settled, counts.opened, resilience.standings.inFlight]).toEqual([1, [], 0])
})
