/** Redis slow, away, read-only, full, or with something else under our keys. */
import { afterEach, beforeEach, expect, test } from 'bun:test'
import { GatewayError } from '../../src/core/errors.ts'
import { RedisStore } from '../../src/store/redis.ts'
import type { Claim } from '../../src/store/store.ts'
import { describeWithRedis, type RedisServer, startRedis } from '../kit/redis.ts'
import { eventually } from '../kit/signal.ts'
import { backToBudget, backToRate, budget, lease, rate, remaining } from './stand.ts'

/** The bound is 100 ms; the machine of the tests may be busy. */
const GENEROUS_MS = 1500

const settings = ['--maxmemory-policy', 'noeviction', '--enable-debug-command', 'local']

describeWithRedis('a Redis that fails', () => {
  let server: RedisServer
  let store: RedisStore
  const states: string[] = []
  beforeEach(async () => {
    server = await startRedis(...settings)
    states.length = 0
    store = new RedisStore({
      url: server.url,
      heartbeatMs: 200,
      onState: (state, reason) => states.push(`${state} ${reason}`),
    })
    await store.open()
    // The first run may be slow where the machine is; what is measured comes after it.
    await eventually(async () => (await take(rate('warm', 0))).ok && isReady(), 'it is not there')
  })
  afterEach(async () => {
    server.resume()
    await store.close()
    await server.close()
  })

  const isReady = (): boolean => store.view().state === 'ready'
  const take = (...claims: Claim[]) => store.take(claims)
  const spend = (): Claim => budget('b', 10, 100, Date.now() + 60_000)

  /** What `work` comes to, or the code it failed with; fails where it took too long. */
  async function timely<Value>(work: Promise<Value>): Promise<Value | string> {
    const startedAtMs = performance.now()
    const outcome = await work.catch((thrown: unknown) => {
      if (!(thrown instanceof GatewayError)) throw thrown
      return `${thrown.status} ${thrown.code}`
    })
    expect(performance.now() - startedAtMs).toBeLessThan(GENEROUS_MS)
    return outcome
  }

  async function expectLocalDecisions(): Promise<void> {
    const before = store.view()
    const many = await timely(Promise.all(Array.from({ length: 50 }, () => take(rate('local')))))
    expect(typeof many === 'string' ? many : many.filter(({ ok }) => ok).length).toBe(10)
    expect(await timely(take(rate('r'), spend()))).toBe('503 store_unavailable')
    const after = store.view()
    expect(after.decidedLocally - before.decidedLocally).toBe(50)
    expect(after.undecided - before.undecided).toBe(1)
    expect(after.failures).toBeGreaterThan(before.failures)
  }

  async function expectRecovery(): Promise<void> {
    await eventually(isReady, 'Redis is not used again', 10_000)
    const before = store.view().decidedLocally
    const budgets = await timely(take(rate('again', 10), spend()))
    expect(budgets).toMatchObject({ ok: true })
    expect(store.view().decidedLocally).toBe(before)
    expect(await server.command('EXISTS', '{sluice}:r:again')).toBe(1)
  }

  test('is not waited for while it is paused, and used again when it goes on', async () => {
    server.pause()
    await expectLocalDecisions()
    expect(store.view().timeouts).toBeGreaterThan(0)
    await timely(store.settle([backToRate(rate('r'), 1)]))
    await timely(store.renew([{ key: 'l', id: 'x', ttlMs: 15_000 }]))
    server.resume()
    await expectRecovery()
    expect(states.map((state) => state.split(' ')[0]).slice(0, 3)).toEqual([
      'ready',
      'away',
      'ready',
    ])
  })

  test('does not carry out what it was sent before a pause', async () => {
    server.pause()
    const pending = [budget('late', 10, 100, Date.now() + 60_000), rate('late', 10)]
    expect(await timely(take(...pending))).toBe('503 store_unavailable')
    await Bun.sleep(300)
    server.resume()
    await eventually(isReady, 'Redis is not used again', 10_000)
    expect(await server.command('EXISTS', '{sluice}:b:late', '{sluice}:r:late')).toBe(0)
  })

  test('is done without after it was killed, and used when it is there again, empty', async () => {
    await server.kill()
    await expectLocalDecisions()
    await server.restart()
    await expectRecovery()
    expect(store.view().reconnects).toBeGreaterThan(0)
  })

  test('is done without while it takes no writes, as after a failover', async () => {
    await server.command('REPLICAOF', '127.0.0.1', '1')
    await expectLocalDecisions()
    expect(states.some((state) => /^away (READONLY|MASTERDOWN)/.test(state))).toBe(true)
    await server.command('REPLICAOF', 'NO', 'ONE')
    await expectRecovery()
  })

  test('is done without while it is full', async () => {
    await server.command('CONFIG', 'SET', 'maxmemory', '1')
    await expectLocalDecisions()
    await server.command('CONFIG', 'SET', 'maxmemory', '0')
    await expectRecovery()
  })

  test('may forget the script', async () => {
    await server.command('SCRIPT', 'FLUSH')
    expect(await timely(take(spend()))).toMatchObject({ ok: true })
    expect(store.view().failures).toBe(0)
  })

  test('with another type under a key concerns that key alone, and takes nothing', async () => {
    await server.command('LPUSH', '{sluice}:r:wrong', 'x')
    const mixed = [rate('right', 4), rate('wrong', 4), lease('l', 'x')]
    expect(await timely(take(...mixed))).toMatchObject({ ok: true })
    expect(store.view().decidedLocally).toBe(1)
    expect(await timely(take(rate('wrong', 1), spend()))).toBe('503 store_unavailable')
    expect(isReady()).toBe(true)
    expect(await server.command('EXISTS', '{sluice}:r:right', '{sluice}:l:l', '{sluice}:b:b')).toBe(
      0,
    )
    expect(remaining(await take(rate('right', 1)))).toEqual([9])
  })

  test('gets what was spent on budgets while it was away', async () => {
    const claim = budget('b', 60, 100, Date.now() + 60_000)
    await take(claim)
    await server.kill()
    await eventually(() => !isReady(), 'it is not noticed')
    await timely(store.settle([backToBudget(claim, 10)]))
    await timely(store.settle([backToBudget(claim, -45)]))
    expect(store.view().lostSettlements).toBe(0)
    await server.restart()
    await eventually(isReady, 'Redis is not used again', 10_000)
    // The server came back empty, so what is there is what was settled late.
    const rest = { ...claim, amount: 1 }
    await eventually(async () => remaining(await take(rest))[0] !== 99, 'it was not settled')
    expect(await server.command('GET', '{sluice}:b:b')).toMatch(/^3[67] /)
  })

  test('leaves each process its part of the limits, and the places it has', async () => {
    const other = new RedisStore({ url: server.url, heartbeatMs: 200 })
    await other.open()
    await eventually(() => store.view().processes === 2, 'the other is not known')
    expect((await take(lease('l', 'x', 4))).ok).toBe(true)
    await server.kill()
    await eventually(() => !isReady() && other.view().state === 'away', 'it is not noticed')
    const admitted = async (of: RedisStore, claim: (index: number) => Claim): Promise<number> => {
      const taken = Array.from({ length: 20 }, (_, index) => of.take([claim(index)]))
      return (await Promise.all(taken)).filter(({ ok }) => ok).length
    }
    for (const each of [store, other]) expect(await admitted(each, () => rate('r'))).toBe(5)
    expect(await admitted(store, (index) => lease('l', `s${index}`, 4))).toBe(1)
    expect(await admitted(other, (index) => lease('l', `o${index}`, 4))).toBe(2)
    expect(await admitted(store, () => rate('few', 1, 1))).toBe(1)
    // More than a part, but not more than the whole, is possible when all is idle.
    expect((await other.take([rate('dear', 8)])).ok).toBe(true)
    expect((await other.take([rate('dear', 1)])).ok).toBe(false)
    await other.close()
  })

  test('that refuses the password is away, and what is told has no secret in it', async () => {
    await server.command('CONFIG', 'SET', 'requirepass', 'the-right-one')
    const told: string[] = []
    const url = server.url.replace('//', '//:the-wrong-one@')
    const other = new RedisStore({
      url,
      onState: (state, reason) => told.push(`${state} ${reason}`),
    })
    await other.open()
    expect(told).toHaveLength(1)
    expect(told[0]).toMatch(/^away ERR_REDIS_[A-Z_]+$/)
    expect((await other.take([rate('r')])).ok).toBe(true)
    expect(other.view().decidedLocally).toBe(1)
    await other.close()
  })

  test('is not asked again and again by one who cannot reach it', async () => {
    await server.kill()
    await eventually(() => !isReady(), 'it is not noticed')
    const startedAtMs = performance.now()
    for (let times = 0; times < 2000; times += 1) await take(rate('r', 0))
    expect(performance.now() - startedAtMs).toBeLessThan(GENEROUS_MS)
    expect(store.view().decidedLocally).toBe(2000)
  })
})

describeWithRedis('news', () => {
  test('reach other processes, never their sender, and again after Redis was away', async () => {
    const server = await startRedis()
    const [one, other] = [1, 2].map(() => new RedisStore({ url: server.url, heartbeatMs: 100 }))
    if (one === undefined || other === undefined) throw new Error('there are two')
    await Promise.all([one.open(), other.open()])
    const heard: string[] = []
    one.subscribe('keys', (text) => heard.push(`one ${text}`))
    const forget = other.subscribe('keys', (text) => heard.push(`other ${text}`))
    other.subscribe('breakers', (text) => heard.push(`breakers ${text}`))
    const isListening = () => one.isListening && other.isListening
    await eventually(isListening, 'nobody listens')
    one.publish('keys', 'revoked  a b')
    one.publish('nobody', 'x')
    other.publish('keys', '')
    await eventually(() => heard.length >= 2, 'nothing is heard')
    expect(heard.sort()).toEqual(['one ', 'other revoked  a b'])

    await server.restart()
    await eventually(
      () => isListening() && [one, other].every((store) => store.view().state === 'ready'),
      'nobody listens again',
      10_000,
    )
    heard.length = 0
    one.publish('keys', 'again')
    await eventually(() => heard.length > 0, 'nothing is heard')
    forget()
    one.publish('keys', 'unheard')
    one.publish('breakers', 'last')
    await eventually(() => heard.includes('breakers last'), 'nothing is heard')
    expect(heard).toEqual(['other again', 'breakers last'])
    await Promise.all([one.close(), other.close()])
    await server.close()
  })
  test('that must arrive are kept, and who could not hear them is told', async () => {
    const server = await startRedis()
    const [one, other] = [1, 2].map(() => new RedisStore({ url: server.url, heartbeatMs: 100 }))
    if (one === undefined || other === undefined) throw new Error('there are two')
    await Promise.all([one.open(), other.open()])
    const heard: string[] = []
    let missed = 0
    other.subscribe(
      'keys',
      (text) => heard.push(text),
      () => {
        missed += 1
      },
    )
    await eventually(() => other.isListening, 'nobody listens')
    expect(missed).toBe(1)
    // Those that listen are of another type, and stay.
    await server.command('CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes')
    await eventually(() => one.view().state === 'away', 'the connection is not seen to end')
    one.publish('keys', 'soon')
    one.publish('keys', 'surely', 'surely')
    one.publish('keys', 'surely', 'surely')
    await eventually(() => heard.length > 0, 'what was kept is not told', 10_000)
    expect([heard, one.view().lostNews, missed]).toEqual([['surely'], 1, 1])
    await server.command('CLIENT', 'KILL', 'TYPE', 'pubsub')
    await eventually(() => missed === 2, 'it is not told that it could not hear', 10_000)
    await Promise.all([one.close(), other.close()])
    await server.close()
  })
})
