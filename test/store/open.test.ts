/** Which store a configuration leads to. */
import { expect, test } from 'bun:test'
import { randomUUID } from 'node:crypto'
import { statSync } from 'node:fs'
import { join } from 'node:path'
import { openStore } from '../../src/store/open.ts'
import { runDirectory } from '../kit/run-directory.ts'
import { eventually } from '../kit/signal.ts'
import { budget, rate } from './stand.ts'

const directory = (): string => join(runDirectory(), `store-${randomUUID()}`)

test('one worker counts in memory and makes no file', async () => {
  const where = directory()
  const store = await openStore({ redisUrl: null, workers: 1, directory: where })
  expect(store.name).toBe('memory')
  expect(() => statSync(where)).toThrow()
  await store.close()
})

test('several workers share a file that nobody else may read', async () => {
  const where = directory()
  const options = { redisUrl: null, workers: 2, directory: where }
  const [one, other] = [await openStore(options), await openStore(options)]
  expect([one.name, one.view().processes]).toEqual(['sqlite', 2])
  await one.take([rate('a', 10)])
  expect((await other.take([rate('a', 1)])).ok).toBe(false)
  expect(statSync(where).mode & 0o777).toBe(0o700)
  await Promise.all([one.close(), other.close()])
})

test('a Redis that is not there keeps nobody from starting', async () => {
  const told: string[] = []
  const options = { redisUrl: 'redis://127.0.0.1:1', workers: 2, directory: directory() }
  const store = await openStore({ ...options, onState: (state) => told.push(state) })
  expect([store.name, store.view().state, told]).toEqual(['redis', 'away', ['away']])
  expect((await store.take([rate('a', 10)])).ok).toBe(true)
  const spent = async () => store.take([budget('b', 1, 10, Date.now() + 5000)])
  await expect(spent()).rejects.toThrow('A shared store cannot be reached.')
  store.publish('keys', 'x')
  await eventually(() => store.view().lostNews === 1, 'lost news are not counted')
  await store.close()
})
