/**
 * A full disk: traffic that needs no file does not notice, a body that needs one is told to come
 * back, never 500, and what was taken of the disk is given back (fault matrix, row 58). A body is
 * not kept in memory instead, because that would take the bound off it. Lines of the log that
 * cannot be written are lost; see test/observe/line-sink.test.ts for how they are counted.
 */
import { afterEach, describe, expect, setDefaultTimeout, test } from 'bun:test'
import { mkdirSync, mkdtempSync, readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { chatEvents, eventsText, sse } from '../kit/answers.ts'
import { binaryPath } from '../kit/binary.ts'
import { ask, jsonRequest, RawClient } from '../kit/client.ts'
import { Program, startCommand } from '../kit/program.ts'
import type { RawResponse } from '../kit/response.ts'
import { runDirectory } from '../kit/run-directory.ts'
import { eventually } from '../kit/signal.ts'
import { startUpstream } from '../kit/upstream.ts'
import { chatRequest, endStands, type Stand, startStand } from './client-stand.ts'

setDefaultTimeout(60_000)
afterEach(endStands)

const whole = eventsText(chatEvents(['Hello']), true)
const answer = sse(chatEvents(['Hello']), { done: true })
const directory = (): string => mkdtempSync(join(runDirectory(), 'disk-'))

/** A chat with so many bytes in it. */
const chatOf = (bytes: number) =>
  jsonRequest('/v1/chat/completions', { ...chatRequest, user: 'x'.repeat(bytes) })
const small = chatOf(0)

async function expectServed(response: RawResponse): Promise<void> {
  expect(await response.ended()).toBe('complete')
  expect([response.status, response.text()]).toEqual([200, whole])
}

async function expectRefused(response: RawResponse): Promise<void> {
  expect(await response.ended()).toBe('complete')
  expect([response.status, JSON.parse(response.text()).error.code]).toEqual([503, 'spool_failed'])
  expect(response.text()).not.toMatch(/ENOSPC|ENOTDIR|\.spool|sluice-test/)
}

const outcome = async (stand: Stand, bytes: number) => (await stand.ask(chatOf(bytes))).response

describe('a spool', () => {
  test('that may hold no more: a large body comes back later, small ones pass', async () => {
    const spool = directory()
    const stand = await startStand(answer, {
      STREAM_SPOOL_DIRECTORY: spool,
      STREAM_SPOOL_MAX_BYTES: '3m',
      STREAM_REPLAY_MEMORY_BYTES: '64k',
    })
    // Half of a body holds its place in the spool for as long as the other half is not there.
    const holder = await stand.connect()
    const held = holder.expect('POST')
    const body = JSON.stringify({ ...chatRequest, user: 'x'.repeat(2_500_000) })
    const type = 'host: localhost\r\ncontent-type: application/json'
    const head = `POST /v1/chat/completions HTTP/1.1\r\n${type}\r\n`
    await holder.send(`${head}content-length: ${body.length}\r\n\r\n`)
    await holder.send(body.slice(0, 2_400_000))
    const isSpooled = (): boolean => {
      const [name] = readdirSync(spool)
      return name !== undefined && statSync(join(spool, name)).size === 2_400_000
    }
    await eventually(isSpooled, 'the file')
    await expectRefused(await outcome(stand, 1_000_000))
    for (let index = 0; index < 5; index++) await expectServed((await stand.ask(small)).response)
    await holder.send(body.slice(2_400_000))
    await expectServed(held)
    await expectServed(await outcome(stand, 1_000_000))
  })

  test.each([
    ['whose directory is a file', '/dev/null/spool'],
    ['whose directory cannot be made', '/proc/sluice-spool'],
  ])('%s', async (_name, path) => {
    const stand = await startStand(answer, {
      STREAM_SPOOL_DIRECTORY: path,
      STREAM_REPLAY_MEMORY_BYTES: '64k',
    })
    await expectRefused(await outcome(stand, 1_000_000))
    await expectServed((await stand.ask(small)).response)
  })
})

/** Whether a file system of our own can be mounted here. */
const command = 'mount -t tmpfs -o size=1m none "$0" && exec "$@"'
function mounts(): boolean {
  try {
    const words = ['unshare', '-rm', 'sh', '-c', command, directory(), 'true']
    return Bun.spawnSync(words).exitCode === 0
  } catch {
    return false
  }
}

test.skipIf(!mounts())('a file system of one megabyte that is full', async () => {
  const disk = directory()
  const upstream = startUpstream(answer)
  const environment = {
    OPENAI_API_KEY: 'sk-test',
    OPENAI_BASE_URL: `${upstream.url}/v1`,
    STREAM_SPOOL_DIRECTORY: join(disk, 'spool'),
    STREAM_REPLAY_MEMORY_BYTES: '64k',
  }
  const words = ['unshare', '-rm', 'sh', '-c', command, disk, await binaryPath()]
  const program = await startCommand(words, environment)
  try {
    for (let round = 0; round < 3; round++) {
      await expectRefused(await ask(program.url, chatOf(3_000_000)))
      await expectServed(await ask(program.url, small))
      // It fits as long as nothing is left of the one that did not.
      await expectServed(await ask(program.url, chatOf(700_000)))
    }
    await program.stop()
  } finally {
    program.kill()
    upstream.stop()
  }
})

test.skipIf(process.platform !== 'linux')('a log that cannot be written', async () => {
  const probe = Bun.listen({ hostname: '127.0.0.1', port: 0, socket: { data() {} } })
  const { port } = probe
  probe.stop(true)
  const cwd = directory()
  mkdirSync(join(cwd, 'spool'))
  const program = new Program(
    ['sh', '-c', 'exec "$0" > /dev/full', await binaryPath()],
    { HOST: '127.0.0.1', PORT: String(port), STREAM_SPOOL_DIRECTORY: join(cwd, 'spool') },
    { cwd },
  )
  try {
    const url = `http://127.0.0.1:${port}`
    const isUp = (): Promise<boolean> =>
      RawClient.connect(url).then(
        (client) => {
          client.close()
          return true
        },
        () => false,
      )
    await eventually(isUp, 'the listener', 10_000)
    const before = program.workerPids()
    const demo = { model: 'demo/stream?tokens=3&tokensPerSecond=0', stream: true, messages: [] }
    for (let index = 0; index < 50; index++) {
      const response = await ask(url, jsonRequest('/v1/chat/completions', demo))
      expect(response.text()).toEndWith('data: [DONE]\n\n')
    }
    expect(program.workerPids()).toEqual(before)
    expect(readdirSync(join(cwd, 'spool'))).toEqual([])
    await program.stop()
  } finally {
    program.kill()
  }
})
