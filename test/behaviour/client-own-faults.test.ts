/** A fault of our own costs one request, has its own name, and tells nothing of itself (row 65). */
import { afterEach, expect, test } from 'bun:test'
import type { BufferPool } from '../../src/buffer/lease.ts'
import { createBufferPool } from '../../src/buffer/pool.ts'
import { bufferPoolDefaults } from '../../src/buffer/settings.ts'
import { chatEvents, eventsText, replay } from '../kit/answers.ts'
import { jsonRequest } from '../kit/client.ts'
import { toBytes } from '../kit/http.ts'
import { parseSse } from '../kit/sse.ts'
import { chatRequest, endStands, startStand } from './client-stand.ts'

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
