/**
 * A worker is killed: its streams break where everybody notices, those of its peers go on, and
 * another one takes its place (fault matrix, row 63). The places that it held are free again when
 * their time is over: test/sharing has that.
 */
import { afterEach, expect, setDefaultTimeout, test } from 'bun:test'
import { chatEvents, eventsText, eventText } from '../kit/answers.ts'
import type { RawResponse } from '../kit/response.ts'
import { Changes, eventually } from '../kit/signal.ts'
import type { UpstreamScript } from '../kit/upstream.ts'
import { endWorkerStands, startWorkers, type WorkerStand } from './worker-stand.ts'

setDefaultTimeout(30_000)
afterEach(endWorkerStands)

const events = chatEvents(['Hello', ' there'])
const [role = '', token = '', ...rest] = events
const whole = eventsText(events, true)

/** Stops after the first token until all may go on. */
class Halfway {
  readonly #changes = new Changes()
  #isFree = false

  goOn(): void {
    this.#isFree = true
    this.#changes.notify()
  }

  readonly script: UpstreamScript = async (_request, connection) => {
    await connection.head(200, { 'content-type': 'text/event-stream' })
    await connection.chunk(eventText(role) + eventText(token))
    const freed = this.#changes.until(() => this.#isFree, 'the rest', 20_000)
    await Promise.race([freed, connection.closed])
    if (connection.isClosed) return
    await connection.chunk(eventsText(rest, true))
    await connection.end()
  }
}

/** Which worker answers new connections, by its number. */
async function workersThatAnswer(stand: WorkerStand, times: number): Promise<Set<number>> {
  const ids = new Set<number>()
  for (let index = 0; index < times; index++) {
    const response = await stand.get('/api/overload')
    if (response.status === 200) ids.add(JSON.parse(response.text()).worker.id)
  }
  return ids
}

test('the streams of the other worker are whole, and the killed one is replaced', async () => {
  const provider = new Halfway()
  const stand = await startWorkers(provider.script, { WORKERS: '2' })
  const { program } = stand
  await eventually(async () => (await workersThatAnswer(stand, 8)).size === 2, 'two workers')
  const before = program.workerPids()
  // The kernel shares connections out, so it takes some until both workers have streams.
  const streams: RawResponse[] = []
  for (let index = 0; index < 24; index++) streams.push(await stand.stream())

  const [killed = 0, survivor = 0] = before
  process.kill(killed, 'SIGKILL')
  await stand.upstream.until((upstream) => upstream.busyConnections < 24, 'closed connections')
  await eventually(() => streams.some(({ ending }) => ending !== null), 'broken streams')
  provider.goOn()
  const endings = await Promise.all(streams.map((stream) => stream.ended()))
  const broken = streams.filter((_, index) => endings[index] !== 'complete')
  const sound = streams.filter((_, index) => endings[index] === 'complete')
  expect([broken.length > 0, sound.length > 0]).toEqual([true, true])
  for (const stream of sound) expect(stream.text()).toBe(whole)
  for (const stream of broken) {
    // Chunked, without its last chunk: no client takes that for the whole.
    expect(stream.text()).toBe(eventText(role) + eventText(token))
    expect(stream.text()).not.toContain('[DONE]')
  }
  await stand.upstream.until((upstream) => upstream.busyConnections === 0, 'nothing at work')

  await program.untilLog(/worker ended, starting another.*SIGKILL/)
  await eventually(async () => (await workersThatAnswer(stand, 8)).size === 2, 'two again', 10_000)
  const after = program.workerPids()
  expect(after.length).toBe(2)
  expect(after).toContain(survivor)
  expect(after).not.toContain(killed)
  const again = await stand.stream()
  expect(await again.ended()).toBe('complete')
  expect(again.text()).toBe(whole)
})

test('with one worker, clients that come back are served again', async () => {
  const provider = new Halfway()
  const stand = await startWorkers(provider.script)
  const [killed = 0] = stand.program.workerPids()
  const stream = await stand.stream()
  process.kill(killed, 'SIGKILL')
  expect(['reset', 'truncated']).toContain(await stream.ended())
  provider.goOn()
  await eventually(
    async () => {
      const response = await stand.get('/readyz').catch(() => null)
      return response?.status === 200
    },
    'service',
    10_000,
  )
  const again = await stand.stream()
  expect(await again.ended()).toBe('complete')
  expect(again.text()).toBe(whole)
  expect(stand.program.workerPids()).not.toContain(killed)
})
