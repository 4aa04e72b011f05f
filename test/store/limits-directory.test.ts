import { expect, test } from 'bun:test'
import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import {
  limitsDirectory,
  removeLimitsDirectory,
  removeStaleDirectories,
  streamsDirectory,
} from '../../src/store/limits-directory.ts'

test('what a parent that was killed has left goes away, and what others use stays', async () => {
  const dead = Bun.spawn(['true'])
  await dead.exited
  const left = [limitsDirectory(dead.pid), streamsDirectory(dead.pid)]
  const used = limitsDirectory(process.pid)
  for (const directory of [...left, used]) {
    mkdirSync(directory, { recursive: true })
    writeFileSync(join(directory, 'file'), 'x')
  }
  removeStaleDirectories()
  expect([...left, used].map(existsSync)).toEqual([false, false, true])
  removeLimitsDirectory(process.pid)
  expect(existsSync(used)).toBe(false)
})
