import { afterEach, beforeEach, describe, expect, test } from 'bun:test'
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { GatewayError } from '../../src/core/errors.ts'
import { openSpool } from '../../src/intake/spool.ts'
import { RawClient } from '../kit/client.ts'
import { eventually } from '../kit/signal.ts'
import { Edge, type Outcome, settings, startReceiver } from './edge.ts'
import { EdgeChild } from './edge-child.ts'

let parent: string
let directory: string
beforeEach(() => {
  parent = mkdtempSync(join(tmpdir(), 'spool-'))
  directory = join(parent, 'a', 'spool')
})
afterEach(() => rmSync(parent, { recursive: true }))

const open = (spoolBytesMax = 1000) =>
  openSpool({ ...settings, spoolDirectory: directory, spoolBytesMax }, 3)

const codeOf = (promise: Promise<unknown>): Promise<string> =>
  promise.then(
    () => 'nothing was thrown',
    (thrown) => (thrown instanceof GatewayError ? thrown.code : String(thrown)),
  )

const modeOf = (path: string): number => statSync(path).mode & 0o777

describe('a file', () => {
  test('can be read by this user only', async () => {
    const spool = open()
    const file = await spool.create()
    expect(modeOf(directory)).toBe(0o700)
    expect(modeOf(file.path)).toBe(0o600)
    file.release()
    expect(readdirSync(directory)).toEqual([])
  })

  test('gives back what was written, at any position', async () => {
    const spool = open()
    const file = await spool.create()
    await file.append(Buffer.from('hello '))
    await file.append(Buffer.from('world'))
    expect(Buffer.from(await file.read(3, 5)).toString()).toBe('lo wo')
    expect(Buffer.from(await file.read(6, 50)).toString()).toBe('world')
    expect(await codeOf(file.read(11, 1))).toBe('spool_failed')
    expect([spool.filesOpen, spool.bytesInUse]).toEqual([1, 11])
    file.release()
    file.release()
    expect([spool.filesOpen, spool.bytesInUse]).toEqual([0, 0])
    expect(await codeOf(file.read(0, 1))).toBe('spool_failed')
    expect(await codeOf(file.append(Buffer.from('x')))).toBe('spool_failed')
    expect([spool.filesOpen, spool.bytesInUse]).toEqual([0, 0])
  })

  test('that is released while it is written and read is closed after that', async () => {
    const spool = open(100_000_000)
    const before = readdirSync('/proc/self/fd').length
    for (let round = 0; round < 50; round += 1) {
      const file = await spool.create()
      await file.append(Buffer.from('content'))
      const works = [file.append(Buffer.alloc(100_000)), file.read(0, 7)]
      const open = readdirSync('/proc/self/fd').length
      file.release()
      expect(readdirSync('/proc/self/fd').length).toBe(open)
      await Promise.allSettled(works)
    }
    expect(readdirSync('/proc/self/fd').length).toBeLessThanOrEqual(before)
    expect([spool.filesOpen, spool.bytesInUse]).toEqual([0, 0])
    expect(readdirSync(directory)).toEqual([])
  })

  test('is not needed by its name to be read', async () => {
    const spool = open()
    const file = await spool.create()
    await file.append(Buffer.from('content'))
    rmSync(file.path)
    writeFileSync(file.path, 'planted')
    expect(Buffer.from(await file.read(0, 7)).toString()).toBe('content')
    file.release()
  })
})

describe('the budget', () => {
  test('holds for one file and for all together', async () => {
    const spool = open(1000)
    const first = await spool.create()
    const second = await spool.create()
    await first.append(Buffer.alloc(600))
    expect(await codeOf(first.append(Buffer.alloc(401)))).toBe('body_too_large')
    expect(await codeOf(second.append(Buffer.alloc(401)))).toBe('spool_failed')
    await second.append(Buffer.alloc(400))
    expect(spool.bytesInUse).toBe(1000)
    first.release()
    await second.append(Buffer.alloc(600))
    expect(spool.bytesInUse).toBe(1000)
    spool.close()
    expect([spool.filesOpen, spool.bytesInUse]).toEqual([0, 0])
    expect(readdirSync(directory)).toEqual([])
  })

  test.each([
    [150_000, 413, 'body_too_large'],
    [250_000, 200, undefined],
  ])('of %d bytes answers a body of 200 kB with %d', async (spoolBytesMax, status, code) => {
    const edge = new Edge({ spoolBytesMax })
    const body = `{"model":"m","x":"${'x'.repeat(200_000)}"}`
    const headers = { 'content-type': 'application/json' }
    const answered = await edge.post('chat-completions', { body, headers })
    expect(answered.status).toBe(status)
    expect(answered.outcome.code).toBe(code)
    await edge.close()
  })

  test('that others use up is a 503', async () => {
    const edge = new Edge({ spoolBytesMax: 300_000 })
    const held = await edge.spool.create()
    await held.append(Buffer.alloc(200_000))
    const body = `{"model":"m","x":"${'x'.repeat(200_000)}"}`
    const headers = { 'content-type': 'application/json' }
    const found = await edge.post('chat-completions', { body, headers })
    expect(found).toMatchObject({ status: 503, outcome: { code: 'spool_failed' } })
    held.release()
    expect((await edge.post('chat-completions', { body, headers })).status).toBe(200)
    await edge.close()
  })
})

describe('a disk', () => {
  const json = { 'content-type': 'application/json' }
  const body = `{"model":"m","x":"${'x'.repeat(3_000_000)}"}`

  test('that is full is a 503, and leaves nothing', async () => {
    const receiver = startReceiver()
    const child = await EdgeChild.start(directory, receiver.url.href, 2048)
    try {
      const { url } = await child.ask()
      for (let round = 0; round < 3; round += 1) {
        const answer = await fetch(`${url}chat-completions`, {
          method: 'POST',
          body,
          headers: json,
        })
        expect(answer.status).toBe(503)
        expect(((await answer.json()) as Outcome).code).toBe('spool_failed')
        expect(await child.ask()).toMatchObject({ files: 0, bytes: 0, underway: 0 })
        expect(readdirSync(directory)).toEqual([])
      }
      const small = `{"model":"m","x":"${'x'.repeat(1_500_000)}"}`
      const answer = await fetch(`${url}chat-completions`, {
        method: 'POST',
        body: small,
        headers: json,
      })
      expect(answer.status).toBe(200)
    } finally {
      await child.kill()
      await receiver.stop(true)
    }
  })

  test('where the directory cannot be made is a 503, and the start goes on', async () => {
    mkdirSync(parent, { recursive: true })
    writeFileSync(join(parent, 'a'), 'a file where the directory should be')
    expect(await codeOf(open().create())).toBe('spool_failed')
    const edge = new Edge()
    const spool = openSpool({ ...settings, spoolDirectory: directory }, 0)
    expect([spool.filesOpen, spool.bytesInUse]).toEqual([0, 0])
    await edge.close()
  })

  test('where somebody removes the directory still works', async () => {
    const spool = open()
    rmSync(directory, { recursive: true })
    const file = await spool.create()
    await file.append(Buffer.from('x'))
    file.release()
    expect(spool.filesOpen).toBe(0)
  })
})

describe('after a crash', () => {
  /** Uploads half a body that has to go to a file. */
  async function halfUpload(url: string): Promise<RawClient> {
    const client = await RawClient.connect(url)
    await client.send(
      'POST /chat-completions HTTP/1.1\r\nhost: localhost\r\ncontent-length: 9000000\r\n\r\n',
    )
    await client.send(`{"x":"${'x'.repeat(3_000_000)}`)
    return client
  }

  test('the next start removes the files of the dead, and only those', async () => {
    const receiver = startReceiver()
    const dead = await EdgeChild.start(directory, receiver.url.href)
    const living = await EdgeChild.start(directory, receiver.url.href)
    const own = open()
    const ownFile = await own.create()
    try {
      const clients = [
        await halfUpload((await dead.ask()).url),
        await halfUpload((await living.ask()).url),
      ]
      await eventually(() => readdirSync(directory).length === 3, 'both have a file')
      await dead.kill()
      const start = /^\d+-(\d+)-/.exec(
        readdirSync(directory).find((name) => name.startsWith(`${process.pid}-`)) ?? '',
      )
      // The number of a process that lives, but of one that started at another time.
      const reused = `${process.pid}-${Number(start?.[1]) + 1}-0-${'a'.repeat(16)}.spool`
      writeFileSync(join(directory, reused), 'left by an earlier process of our number')
      writeFileSync(join(directory, 'notes.txt'), "somebody's")
      symlinkSync(
        join(directory, 'notes.txt'),
        join(directory, `999999999-1-0-${'b'.repeat(16)}.spool`),
      )
      expect(readdirSync(directory).length).toBe(6)

      open().close()

      const left = readdirSync(directory)
        .map((name) => name.split('-')[0])
        .sort()
      expect(left).toEqual([String(living.pid), String(process.pid), 'notes.txt'].sort())
      for (const client of clients) if (!client.isClosed) client.reset()
      await eventually(async () => (await living.ask()).files === 0, 'the living one cleans up')
    } finally {
      ownFile.release()
      await dead.kill()
      await living.kill()
      await receiver.stop(true)
    }
    expect(readdirSync(directory)).toEqual(['notes.txt'])
  })
})
