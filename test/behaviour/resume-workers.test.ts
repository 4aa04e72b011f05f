/**
 * A client comes back to a machine with several workers, and reaches another one than that which
 * has its stream: while that one serves, while it drains, and when it is gone.
 */

import { afterEach, expect, setDefaultTimeout, test } from 'bun:test'
import { existsSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { chatEvents, eventText } from '../kit/answers.ts'
import { jsonRequest, RawClient } from '../kit/client.ts'
import type { RawResponse } from '../kit/response.ts'
import { eventually } from '../kit/signal.ts'
import { chatRequest } from './client-stand.ts'
import * as resume from './resume-stand.ts'
import { endWorkerStands, startWorkers, type WorkerStand } from './worker-stand.ts'

setDefaultTimeout(60_000)
const clients: RawClient[] = []
afterEach(async () => {
  for (const client of clients.splice(0)) client.close()
  await endWorkerStands()
})

const texts = [...chatEvents(['Hello', ' there']), '[DONE]'].map(eventText)
const chat = () => resume.resumable(jsonRequest('/v1/chat/completions', chatRequest))

/** A connection, and the number of the worker that has it. */
async function connect({ program }: WorkerStand): Promise<readonly [number, RawClient]> {
  const client = await RawClient.connect(program.url)
  clients.push(client)
  const response = client.request({ path: '/api/overload' })
  await response.ended()
  return [JSON.parse(response.text()).worker.id, client]
}

/** A connection to the worker of that number, or to any other. It may take until that one is up. */
async function connectTo(stand: WorkerStand, number: number, isSame: boolean): Promise<RawClient> {
  let wanted: RawClient | null = null
  await eventually(
    async () => {
      const [found, client] = await connect(stand)
      if ((found === number) === isSame) wanted = client
      else client.close()
      return wanted !== null
    },
    `no connection to worker ${number}: ${isSame}`,
    20_000,
  )
  if (wanted === null) throw new Error('there is a connection')
  return wanted
}

/** A stream of which two events have been read, and at which worker it is. */
async function halfway(stand: WorkerStand) {
  const [worker, client] = await connect(stand)
  const response = client.request(chat())
  await resume.untilEvents(response, 2)
  return { worker, client, response, id: resume.streamIdOf(response) }
}

const path = (id: string, cursor?: number): { path: string } => ({
  path: `/v1/streams/${id}${cursor === undefined ? '' : `?starting_after=${cursor}`}`,
})

async function ended(response: RawResponse): Promise<RawResponse> {
  await response.ended()
  return response
}

/** Where the sockets of a program's workers are. */
const socketsOf = ({ program }: WorkerStand): string =>
  join(existsSync('/dev/shm') ? '/dev/shm' : tmpdir(), `sluice-streams-${program.pid}`)

test('the other worker has the stream, its answers, and its end', async () => {
  const steps = new resume.Steps(texts, 2)
  const stand = await startWorkers(steps.script, { WORKERS: '2' })
  const first = await halfway(stand)
  const other = await connectTo(stand, first.worker, false)
  first.client.reset()
  const again = other.request(path(first.id, 1))
  await resume.untilEvents(again, 1)
  expect(again.header('x-sluice-stream-state')).toBe('live')
  expect(again.header('x-sluice-replay-from')).toBe('2')
  expect(again.header('x-request-id')).toBe(first.response.header('x-request-id'))
  steps.allow()
  expect(await again.ended()).toBe('complete')
  const whole = resume.eventsOf(texts.join(''))
  expect(resume.readIn(again.body()).events).toEqual(whole.slice(1))
  expect(again.header('x-sluice-dialect')).toBeNull()

  const count = texts.length
  expect((await ended(other.request(path(first.id, count)))).status).toBe(204)
  const ahead = await ended(other.request(path(first.id, count + 1)))
  resume.expectCode(ahead, 409, 'stream_cursor_ahead')
  const similar = `${first.id.slice(0, -1)}${first.id.endsWith('a') ? 'b' : 'a'}`
  const unknown = await ended(other.request(path(similar)))
  resume.expectCode(unknown, 404, 'stream_not_found')
  const forgotten = await ended(other.request({ method: 'DELETE', ...path(first.id) }))
  expect(forgotten.status).toBe(204)
  resume.expectCode(await ended(other.request(path(first.id))), 404, 'stream_not_found')
  expect(stand.upstream.requestCount).toBe(1)
  expect(existsSync(socketsOf(stand))).toBe(true)
  await stand.program.stop()
  expect(existsSync(socketsOf(stand))).toBe(false)
})

test('who leaves the other worker has left the stream', async () => {
  const steps = new resume.Steps(texts, 2)
  const stand = await startWorkers(steps.script, { WORKERS: '2', STREAM_RESUME_GRACE_MS: '300' })
  const first = await halfway(stand)
  const other = await connectTo(stand, first.worker, false)
  const again = other.request(path(first.id, 2))
  await again.head()
  first.client.reset()
  await Bun.sleep(500)
  // It is read over there: nothing has ended.
  expect(stand.upstream.busyConnections).toBe(1)
  other.reset()
  await stand.upstream.until((upstream) => upstream.busyConnections === 0, 'it is cancelled')
})

test('the worker with the stream is killed: nobody takes that for the end', async () => {
  const steps = new resume.Steps(texts, 2)
  const stand = await startWorkers(steps.script, { WORKERS: '2' })
  const one = await halfway(stand)
  const otherClient = await connectTo(stand, one.worker, false)
  const response = otherClient.request(chat())
  await resume.untilEvents(response, 2)
  const two = { client: otherClient, response, id: resume.streamIdOf(response), worker: -1 }
  const toOther = (await connectTo(stand, one.worker, false)).request(path(one.id))
  const toOne = (await connectTo(stand, one.worker, true)).request(path(two.id))
  await Promise.all([resume.untilEvents(toOther, 2), resume.untilEvents(toOne, 2)])

  const [killed = 0] = stand.program.workerPids()
  process.kill(killed, 'SIGKILL')
  await eventually(() => [one, two].some(({ response }) => response.ending !== null), 'a break')
  const isOne = one.response.ending !== null
  const [lost, kept] = isOne ? [one, two] : [two, one]
  const told = isOne ? toOther : toOne
  expect(['reset', 'truncated']).toContain(lost.response.ending ?? '')
  expect(await told.ended()).toBe('complete')
  const last = resume.eventsOf(told.body()).at(-1)
  expect(JSON.parse(last?.data ?? '').error.code).toBe('stream_lost')
  expect(told.text()).not.toContain('[DONE]')
  const again = await ended((await connect(stand))[1].request(path(lost.id, 2)))
  resume.expectCode(again, 410, 'stream_lost')
  // Streams of the other worker go on.
  steps.allow()
  expect(await kept.response.ended()).toBe('complete')
  expect(kept.response.text()).toContain('[DONE]')
})

test('a worker that drains has its streams for who comes back to its successor', async () => {
  const steps = new resume.Steps(texts, 2)
  const stand = await startWorkers(steps.script, { WORKERS: '1', SHUTDOWN_GRACE_MS: '20000' })
  const first = await halfway(stand)
  const before = stand.program.workerPids()
  stand.program.signal('SIGHUP')
  await eventually(
    () => stand.program.workerPids().some((pid) => !before.includes(pid)),
    'a successor',
  )
  first.client.reset()
  let again: RawResponse | null = null
  await eventually(async () => {
    const client = await RawClient.connect(stand.program.url)
    clients.push(client)
    again = client.request(path(first.id, 2))
    await again.head()
    return again.status === 200
  }, 'the stream')
  steps.allow()
  const response = again as RawResponse | null
  expect(await response?.ended()).toBe('complete')
  const whole = resume.eventsOf(texts.join(''))
  expect(resume.readIn(response?.body() ?? new Uint8Array()).events).toEqual(whole.slice(2))
  // When it is over, the one that has drained leaves; what it kept goes with it.
  await eventually(() => stand.program.workerPids().length === 1, 'the successor alone', 10_000)
  const late = await ended((await connect(stand))[1].request(path(first.id)))
  resume.expectCode(late, 410, 'stream_lost')
})
