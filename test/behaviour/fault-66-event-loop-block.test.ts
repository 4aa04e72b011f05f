/**
 * The event loop stands still for two seconds: what arrived meanwhile counts, no clock runs out
 * for it, heartbeats go on, and the operator sees how long it was (fault matrix, row 66). The
 * worker is held up by a signal, so that the provider and the clients go on.
 */
import { afterEach, describe, expect, setDefaultTimeout, test } from 'bun:test'
import { chatEvents, eventsText, eventText } from '../kit/answers.ts'
import { eventually } from '../kit/signal.ts'
import type { UpstreamScript } from '../kit/upstream.ts'
import { endWorkerStands, startWorkers, type WorkerStand } from './worker-stand.ts'

setDefaultTimeout(30_000)
afterEach(endWorkerStands)

const tokens = Array.from({ length: 40 }, (_, index) => ` ${index}`)
const events = chatEvents(tokens)

/** A token each 100 ms. */
const steady: UpstreamScript = async (_request, connection) => {
  await connection.head(200, { 'content-type': 'text/event-stream' })
  for (const event of events) {
    await connection.chunk(eventText(event))
    await Bun.sleep(100)
  }
  await connection.chunk(eventText('[DONE]'))
  await connection.end()
}

const silent: UpstreamScript = async (_request, connection) => {
  await connection.head(200, { 'content-type': 'text/event-stream' })
  await connection.chunk(eventText(events[0] ?? '') + eventText(events[1] ?? ''))
  await connection.closed
}

const heldUpMs = 2000

/** Lets the worker stand still; other processes and this one go on. */
async function holdUp({ program }: WorkerStand): Promise<void> {
  const pid = program.workerPids().at(-1) ?? 0
  process.kill(pid, 'SIGSTOP')
  await Bun.sleep(heldUpMs)
  process.kill(pid, 'SIGCONT')
}

const clocks = { STREAM_IDLE_TIMEOUT_MS: '1000', STREAM_HEARTBEAT_INTERVAL_MS: '500' }

describe('a worker that stood still for two seconds', () => {
  test('loses no stream whose provider went on, though the idle clock is shorter', async () => {
    const stand = await startWorkers(steady, clocks)
    const streams = await Promise.all([stand.stream(), stand.stream(), stand.stream()])
    await holdUp(stand)
    for (const stream of streams) {
      expect(await stream.ended()).toBe('complete')
      expect(stream.text().replaceAll(': ping\n', '')).toBe(eventsText(events, true))
    }
    const { eventLoop, stage } = JSON.parse((await stand.get('/api/overload')).text())
    expect(stage).toBe('normal')
    expect(eventLoop.worstMs).toBeGreaterThan(heldUpMs - 500)
    expect(eventLoop.lagMs).toBeLessThan(1000)
  })

  test('sends heartbeats again, and ends a provider that is really silent', async () => {
    const stand = await startWorkers(silent, { ...clocks, STREAM_IDLE_TIMEOUT_MS: '3500' })
    const stream = await stand.stream()
    await holdUp(stand)
    const before = stream.bodyBytes
    await eventually(() => stream.bodyBytes > before, 'a heartbeat', 2000)
    expect(await stream.ended()).toBe('complete')
    expect(stream.text()).toContain(': ping\n')
    expect(stream.text()).toContain('upstream_idle_timeout')
  })
})
