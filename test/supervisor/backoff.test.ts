import { expect, test } from 'bun:test'
import { Backoff } from '../../src/supervisor/backoff.ts'

test('the wait doubles from 100 ms to 5 s and stays there', () => {
  const backoff = new Backoff()
  const waits = Array.from({ length: 8 }, () => backoff.afterCrash(0))
  expect(waits).toEqual([100, 200, 400, 800, 1600, 3200, 5000, 5000])
})

test('ten seconds of service make the next crash the first one again', () => {
  const backoff = new Backoff()
  for (let crash = 0; crash < 5; crash++) backoff.afterCrash(9999)
  expect(backoff.afterCrash(10_000)).toBe(100)
  expect(backoff.afterCrash(0)).toBe(200)
})
