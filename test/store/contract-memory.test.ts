/** The store of one process: the contract, and what it holds. */
import { expect, test } from 'bun:test'
import { MemoryStore } from '../../src/store/memory.ts'
import { storeContract } from './contract.ts'
import { budget, lease, ManualClock, rate, type StoreStand } from './stand.ts'

async function openMemory(): Promise<StoreStand> {
  const clock = new ManualClock()
  const store = new MemoryStore(clock)
  const advance = async (ms: number): Promise<void> => clock.advance(ms)
  return { store, other: store, clock, advance, close: () => store.close() }
}

storeContract('memory', openMemory)

test('what expired goes away while others are used', async () => {
  const { store, clock } = await openMemory()
  const memory = store as MemoryStore
  const endsAtMs = clock.wallMs() + 5000
  for (let index = 0; index < 1000; index += 1) {
    const id = String(index)
    store.take([rate(id), lease(id, id), budget(id, 1, 10, endsAtMs)])
  }
  expect(memory.size).toBe(3000)
  clock.advance(15_000)
  const later = clock.wallMs() + 5000
  for (let times = 0; times < 1100; times += 1) {
    store.take([rate('a'), lease('a', 'a'), budget('a', 0, 10, later)])
  }
  expect(memory.size).toBeLessThanOrEqual(3)
})

test('is synchronous', async () => {
  const { store } = await openMemory()
  expect(store.take([rate('a')])).not.toBeInstanceOf(Promise)
})
