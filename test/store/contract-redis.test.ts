/** The store of all machines: the contract, over two connections to a real Redis. */
import { afterAll, beforeAll } from 'bun:test'
import { RedisStore } from '../../src/store/redis.ts'
import { describeWithRedis, type RedisServer, startRedis } from '../kit/redis.ts'
import { clockStepTests } from './clock-steps.ts'
import { storeContract } from './contract.ts'
import { ManualClock, type StoreStand } from './stand.ts'

describeWithRedis('redis', () => {
  let server: RedisServer
  beforeAll(async () => {
    server = await startRedis()
  })
  afterAll(() => server.close())

  const open = async (): Promise<StoreStand> => {
    await server.command('FLUSHALL')
    const clock = new ManualClock()
    const setTime = async (): Promise<void> => {
      await server.command('SET', 'clock', String(clock.monotonicUs()))
    }
    await setTime()
    const options = { url: server.url, timeKey: 'clock', boundMs: 5000 }
    const [store, other] = [new RedisStore(options), new RedisStore(options)]
    await Promise.all([store.open(), other.open()])
    return {
      store,
      other,
      clock,
      advance: async (ms) => {
        clock.advance(ms)
        await setTime()
      },
      close: async () => {
        await Promise.all([store.close(), other.close()])
      },
    }
  }

  storeContract('redis', open)
  clockStepTests('redis', open)
})
