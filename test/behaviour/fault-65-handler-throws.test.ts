/**
 * A fault of our own costs one request, has its own name, and tells nothing of itself (fault
 * matrix, row 65). What nobody caught is logged by the worker, which stays.
 */
import { afterEach, expect, setDefaultTimeout, test } from 'bun:test'
import { join } from 'node:path'
import type { BufferPool } from '../../src/buffer/lease.ts'
import { createBufferPool } from '../../src/buffer/pool.ts'
import { bufferPoolDefaults } from '../../src/buffer/settings.ts'
import { chatEvents, eventsText, replay } from '../kit/answers.ts'
import { jsonRequest } from '../kit/client.ts'
import { toBytes } from '../kit/http.ts'
import { startCommand } from '../kit/program.ts'
import { parseSse } from '../kit/sse.ts'
import { chatRequest, endStands, startStand } from './client-stand.ts'

setDefaultTimeout(30_000)
afterEach(endStands)

test('a pool that fails ends the one stream that asked it with an internal error', async () => {
  const inner = createBufferPool(bufferPoolDefaults, { assertZeroed: true })
  let isBroken = false
  const pool: BufferPool = {
    acquire(sizeBytes) {
      if (isBroken) throw new RangeError('secret of the house')
      return inner.acquire(sizeBytes)
    },
    getMetrics: () => inner.getMetrics(),
    trim: (nowMs) => inner.trim(nowMs),
  }
  const whole = eventsText(chatEvents(['Hello', ' there']), true)
  const middle = eventsText(chatEvents(['Hello']).slice(0, 2)).length + 20
  const script = replay(toBytes(whole), [middle], { gapMs: 30 })
  const stand = await startStand(script, {}, pool)
  const request = jsonRequest('/v1/chat/completions', chatRequest)

  isBroken = true
  const broken = (await stand.ask(request)).response
  expect(await broken.ended()).toBe('complete')
  const last = parseSse(broken.body()).at(-1)
  expect(JSON.parse(last?.data ?? '').error).toMatchObject({
    code: 'internal_error',
    type: 'server_error',
  })
  expect(broken.text()).not.toContain('secret')
  expect(broken.text()).not.toContain('[DONE]')
  expect((await stand.record(0)).errorCode).toBe('internal_error')
  await stand.upstream.until((upstream) => upstream.openConnections === 0, 'the close')

  isBroken = false
  const sound = (await stand.ask(request)).response
  await sound.ended()
  expect(sound.text()).toBe(whole)
})

test('a stage that throws before the response opens is a 500 for that request only', async () => {
  const stand = await startStand(replay(toBytes(eventsText(chatEvents(['Hello']), true))))
  // A header whose reading throws: whatever a stage throws ends as this envelope.
  const original = Headers.prototype.get
  Headers.prototype.get = function (this: Headers, name: string) {
    if (name === 'x-sluice-priority') throw new TypeError('secret of the house')
    return original.call(this, name)
  }
  try {
    const { response } = await stand.ask(jsonRequest('/v1/chat/completions', chatRequest))
    await response.ended()
    expect([response.status, JSON.parse(response.text()).error.code]).toEqual([
      500,
      'internal_error',
    ])
    expect(response.text()).not.toContain('secret')
  } finally {
    Headers.prototype.get = original
  }
  const { response } = await stand.ask(jsonRequest('/v1/chat/completions', chatRequest))
  await response.ended()
  expect(response.status).toBe(200)
})

test('what nobody caught is logged without its message, and the worker stays', async () => {
  const scripted = join(import.meta.dir, '..', 'supervisor', 'scripted-main.ts')
  const program = await startCommand([process.execPath, scripted], { LOG_FORMAT: 'json' })
  try {
    const before = program.workerPids()
    for (const path of ['/reject', '/throw', '/reject', '/throw']) {
      expect((await fetch(program.url + path)).status).toBe(200)
    }
    await program.untilLog(/unhandled rejection.*uncaught exception.*uncaught exception/s)
    expect(program.log).not.toContain('secret')
    expect((await fetch(`${program.url}/pid`)).status).toBe(200)
    expect(program.workerPids()).toEqual(before)
    await program.stop()
  } finally {
    program.kill()
  }
})
