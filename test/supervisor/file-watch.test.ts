/** The watch of the configuration file: when it speaks, and when it must not. */
import { afterEach, expect, test } from 'bun:test'
import { mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { FileWatch } from '../../src/supervisor/file-watch.ts'
import { runDirectory } from '../kit/run-directory.ts'
import { eventually } from '../kit/signal.ts'

const watches: FileWatch[] = []
afterEach(() => {
  for (const watch of watches.splice(0)) watch.close()
})

/** A watched file in a directory of its own, and how often its watch has spoken. */
function watched(path = 'file.json') {
  const directory = mkdtempSync(join(runDirectory(), 'watch-'))
  const file = join(directory, path)
  writeFileSync(join(directory, 'file.json'), 'first')
  const seen = { directory, file, changes: 0 }
  watches.push(new FileWatch(file, () => seen.changes++))
  return seen
}

test('a write, a rename over it, its removal and its return are a change each', async () => {
  const seen = watched()
  writeFileSync(seen.file, 'other')
  await eventually(() => seen.changes === 1, 'the write')
  writeFileSync(`${seen.file}.new`, 'third')
  renameSync(`${seen.file}.new`, seen.file)
  await eventually(() => seen.changes === 2, 'the rename')
  rmSync(seen.file)
  await eventually(() => seen.changes === 3, 'the removal')
  writeFileSync(seen.file, 'back')
  await eventually(() => seen.changes === 4, 'the return')
})

test('many writes in quick succession are one change', async () => {
  const seen = watched()
  for (let count = 0; count < 20; count++) writeFileSync(seen.file, `content ${count}`)
  await eventually(() => seen.changes > 0, 'a change')
  expect(seen.changes).toBe(1)
})

test('other files of the directory are none, and do not hide a change', async () => {
  const seen = watched()
  const other = join(seen.directory, 'other.log')
  const scribble = (): void => writeFileSync(other, String(Math.random()))
  scribble()
  // Longer than a watch waits for quiet: it has looked by then.
  await Bun.sleep(300)
  expect(seen.changes).toBe(0)
  const scribbling = setInterval(scribble, 20)
  try {
    writeFileSync(seen.file, 'changed')
    await eventually(() => seen.changes === 1, 'the change, in a directory that is never quiet')
  } finally {
    clearInterval(scribbling)
  }
})

test('a link into another directory is followed, without an event', async () => {
  const elsewhere = mkdtempSync(join(runDirectory(), 'elsewhere-'))
  const real = join(elsewhere, 'real.json')
  writeFileSync(real, 'first')
  const directory = mkdtempSync(join(runDirectory(), 'watch-'))
  const link = join(directory, 'link.json')
  symlinkSync(real, link)
  let changes = 0
  watches.push(new FileWatch(link, () => changes++))
  writeFileSync(real, 'second')
  await eventually(() => changes === 1, 'the change behind the link')
})

test('a directory that comes later is watched when it is there', async () => {
  const parent = mkdtempSync(join(runDirectory(), 'watch-'))
  const file = join(parent, 'later', 'file.json')
  let changes = 0
  watches.push(new FileWatch(file, () => changes++))
  mkdirSync(join(parent, 'later'))
  writeFileSync(file, 'there')
  await eventually(() => changes === 1, 'the file', 10_000)
})

test('a closed watch says nothing more', async () => {
  const seen = watched()
  const [watch] = watches.splice(0)
  writeFileSync(seen.file, 'other')
  watch?.close()
  const second = watched()
  writeFileSync(second.file, 'other')
  await eventually(() => second.changes === 1, 'the other watch')
  expect(seen.changes).toBe(0)
})
