/**
 * Two machines that share keys in a PostgreSQL and tell each other by a Redis: what is done to a
 * key on one of them holds on the other at once, and where the news of it could not be heard, when
 * the Redis is back.
 */
import { afterAll, beforeAll, expect, setDefaultTimeout, test } from 'bun:test'
import { ask, jsonRequest, type RawClient } from '../kit/client.ts'
import { describeWithPostgres, type PostgresServer, startPostgres } from '../kit/postgres.ts'
import type { Program } from '../kit/program.ts'
import { describeWithRedis, type RedisServer, startRedis } from '../kit/redis.ts'
import { eventually } from '../kit/signal.ts'
import * as fleet from './fleet.ts'

setDefaultTimeout(60_000)

/** News need no more than a moment; what is remembered of a key would hold for much longer. */
const AT_ONCE_MS = 2000

const refused = '401 invalid_api_key'

interface Key {
  readonly id: string
  readonly secret: string
  readonly secrets: readonly { readonly expiresAt: string | null }[]
}

describeWithPostgres('managed keys in a PostgreSQL', () => {
  describeWithRedis('of two machines that share a Redis', () => {
    let provider: fleet.Provider
    let postgres: PostgresServer
    let redis: RedisServer
    let machines: readonly Program[]
    /** A connection to the machine on which keys are managed, and one to the other. */
    let here: RawClient
    let there: RawClient
    /** The processes of both; a restart would forget everything and prove nothing. */
    let workers: readonly number[]

    beforeAll(async () => {
      provider = fleet.startProvider()
      ;[postgres, redis] = await Promise.all([startPostgres(), startRedis()])
      machines = await fleet.startMachines(2, {
        ...fleet.environmentOf(provider, {}),
        WORKERS: '1',
        REDIS_URL: redis.url,
        DATABASE_URL: await postgres.newDatabase(),
      })
      const [first, second] = await fleet.connect(machines, 2)
      if (first === undefined || second === undefined) throw new Error('there are two machines')
      ;[here, there] = [first, second]
      workers = machines.flatMap((machine) => machine.workerPids())
      await untilNewsTravel()
    })
    afterAll(async () => {
      await fleet.endFleets()
      await redis.close()
      await postgres.close()
    })

    /** What listens and what sends are two connections, which come back each by itself. */
    const untilNewsTravel = async (): Promise<void> => {
      const listen = async (): Promise<boolean> => {
        const channels = (await redis.command('PUBSUB', 'CHANNELS')) as string[]
        const counts = (await redis.command('PUBSUB', 'NUMSUB', ...channels)) as unknown[]
        return channels.length === 1 && Number(counts[1]) === 2
      }
      await eventually(listen, 'both machines hear the news', 15_000)
      const send = async (): Promise<boolean> =>
        (await fleet.limitsOf(here)).store.state === 'ready'
      await eventually(send, 'the news are sent', 15_000)
    }

    /** Asks the first machine for something that an operator does. */
    async function operate<Answer = Key>(method: string, path: string, body?: object) {
      const headers = { authorization: `Bearer ${fleet.adminToken}` }
      const request = body === undefined ? { path, headers } : jsonRequest(path, body, headers)
      const response = await ask(machines[0]?.url ?? '', { ...request, method })
      expect([200, 201], response.text()).toContain(response.status ?? 0)
      return JSON.parse(response.text()) as Answer
    }

    const create = (): Promise<Key> => operate('POST', '/api/keys', { name: 'managed' })
    const revoke = ({ id }: Key): Promise<unknown> => operate('DELETE', `/api/keys/${id}`)
    const rotate = ({ id }: Key, overlapSecs: number): Promise<Key> =>
      operate('POST', `/api/keys/${id}/rotate`, { overlapSecs })

    const outcomeOn = (client: RawClient, secret: string): Promise<string> =>
      fleet.outcomeOf(fleet.chat(client, secret))
    const outcomes = (secret: string): Promise<string[]> =>
      Promise.all([here, there].map((client) => outcomeOn(client, secret)))

    /**
     * A key that both machines remember. That it was made is news too, and makes a machine forget
     * it; news come one after another, so those are heard when those of a later key are.
     */
    async function rememberedKey(): Promise<Key> {
      const [key, later] = [await create(), await create()]
      expect(await outcomes(later.secret)).toEqual(['200', '200'])
      await revoke(later)
      await untilRefused(there, later.secret)
      expect(await outcomes(key.secret)).toEqual(['200', '200'])
      return key
    }

    const untilRefused = (client: RawClient, secret: string, withinMs = AT_ONCE_MS) =>
      eventually(
        async () => (await outcomeOn(client, secret)) === refused,
        'it is refused',
        withinMs,
      )

    test('the first key of all closes the door of the other machine as well', async () => {
      expect(await outcomes('nobody')).toEqual(['200', '200'])
      await create()
      await untilRefused(here, 'nobody')
      await untilRefused(there, 'nobody')
    })

    test('a key that is revoked ends on both, at once', async () => {
      const key = await rememberedKey()
      const { lookups } = (await fleet.limitsOf(there)).keys
      expect(await outcomes(key.secret)).toEqual(['200', '200'])
      // Nobody asks the database for a key that is remembered; so it must be told of the end.
      expect((await fleet.limitsOf(there)).keys.lookups).toBe(lookups)
      await revoke(key)
      expect(await outcomeOn(here, key.secret)).toBe(refused)
      await untilRefused(there, key.secret)
    })

    test('a change of what a key may do holds on both, at once', async () => {
      const key = await rememberedKey()
      await operate('PATCH', `/api/keys/${key.id}`, { models: ['another'] })
      const isOut = async (): Promise<boolean> =>
        (await outcomes(key.secret)).every((outcome) => outcome.startsWith('403'))
      await eventually(isOut, 'the model is out of its scope', AT_ONCE_MS)
    })

    test('a rotated key has its new secret on both, and no old one', async () => {
      const key = await rememberedKey()
      const { secret } = await rotate(key, 0)
      expect(await outcomes(secret)).toEqual(['200', '200'])
      expect(await outcomeOn(here, key.secret)).toBe(refused)
      await untilRefused(there, key.secret)
      expect(await outcomes(secret)).toEqual(['200', '200'])
    })

    test('with an overlap both secrets are good, until it is over', async () => {
      const key = await rememberedKey()
      const long = await rotate(key, 3600)
      for (const secret of [key.secret, long.secret]) {
        expect(await outcomes(secret)).toEqual(['200', '200'])
      }
      const short = await rotate(key, 2)
      const endsAt = Date.parse(short.secrets[0]?.expiresAt ?? '')
      await Promise.all([here, there].map((client) => untilRefused(client, long.secret, 10_000)))
      expect(Date.now()).toBeGreaterThanOrEqual(endsAt)
      expect(await outcomes(short.secret)).toEqual(['200', '200'])
    })

    test('a key that is revoked while Redis is away ends when it is back', async () => {
      const key = await rememberedKey()
      const other = await rememberedKey()
      await redis.kill()
      await revoke(key)
      expect(await outcomeOn(here, key.secret)).toBe(refused)
      // Nobody told it, so it goes by what it remembers; it must not lock out everybody instead.
      expect(await outcomes(other.secret)).toEqual(['200', '200'])
      expect(await outcomeOn(there, key.secret)).toBe('200')
      await redis.restart()
      // Far sooner than what is remembered is over.
      await untilRefused(there, key.secret, 10_000)
      expect(await outcomes(other.secret)).toEqual(['200', '200'])
      await untilNewsTravel()
      const next = await rememberedKey()
      await revoke(next)
      await untilRefused(there, next.secret)
    })

    test('nobody was started again, and nothing is left', async () => {
      expect(machines.flatMap((machine) => machine.workerPids())).toEqual([...workers])
      await fleet.untilNoPlaces([here, there])
    })
  })
})
