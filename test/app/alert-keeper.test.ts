/** Who looks after the rules, of several workers that answer each other in one process. */
import { afterEach, expect, test } from 'bun:test'
import { AlertKeeper } from '../../src/app/alert-keeper.ts'
import type { Kept } from '../../src/app/kept.ts'
import type { AlertSettings } from '../../src/config/alert-rules.ts'
import type { Fleet, Responder } from '../../src/core/fleet.ts'
import { emptySpread } from '../../src/observe/histogram.ts'
import type { FinishedListener } from '../../src/observe/observer.ts'
import { eventually } from '../kit/signal.ts'
import { type Receiver, startReceiver } from '../kit/webhook-receiver.ts'
import { finishedOf, ruleOf } from '../observe/alerts/rules.ts'

const secret = 'what-messages-are-signed-with'
const failed = finishedOf({ errorCode: 'upstream_error', status: 500 })

/** One worker as far as alerts see it. */
interface Member {
  readonly keeper: AlertKeeper
  readonly responders: Map<string, Responder>
  /** Counts one failure there. */
  fail(): void
}

/** Workers that ask each other; what is told travels as JSON, as between processes. */
class Machine {
  readonly members = new Map<number, Member>()

  start(id: number, settings: AlertSettings): Member {
    const responders = new Map<string, Responder>()
    const listeners: FinishedListener[] = []
    const copy = (value: unknown): unknown => JSON.parse(JSON.stringify(value ?? null))
    const fleet: Fleet = {
      answer: (topic, respond) => void responders.set(topic, respond),
      ask: async (topic, detail) => {
        const all = [...this.members.values()]
        const isThere = all.some((member) => member.responders === responders)
        if (!isThere) return []
        return all.map((member) => copy(member.responders.get(topic)?.(copy(detail))))
      },
    }
    const kept = {
      fleet,
      observer: { onFinished: (listener: FinishedListener) => void listeners.push(listener) },
      keys: { ring: { configured: () => [] } },
      pool: { getMetrics: () => ({ overflow: 0 }) },
      breakers: { list: () => [] },
      resilience: { slots: { view: () => [] } },
      log: { line: () => {}, request: () => {} },
    } as unknown as Kept
    const keeper = new AlertKeeper(kept, { id, total: 3 }, settings)
    const fail = (): void => {
      for (const listener of listeners) listener(failed, {} as never, emptySpread)
    }
    const member = { keeper, responders, fail }
    this.members.set(id, member)
    return member
  }

  /** It is gone without a word. */
  kill(id: number): void {
    const member = this.members.get(id)
    this.members.delete(id)
    void member?.keeper.resign()
  }
}

let machine = new Machine()
afterEach(async () => {
  await Promise.all([...machine.members.values()].map(({ keeper }) => keeper.resign()))
  machine = new Machine()
})

const settingsOf = (receiver: Receiver): AlertSettings => ({
  everySeconds: 0.03,
  webhook: { url: receiver.url, secret },
  rules: [ruleOf({ minimumRequests: 3, windowSeconds: 1, forSeconds: 0 })],
})

const typesOf = ({ received }: Receiver): string[] => received.map(({ body }) => body.type)

test('one of all tells what all have counted together', async () => {
  await using receiver = startReceiver(secret)
  const members = [3, 1, 2].map((id) => machine.start(id, settingsOf(receiver)))
  for (const { fail } of members) fail()
  await eventually(() => receiver.received.length > 0, 'somebody is told')
  expect(receiver.received[0]?.body.data).toMatchObject({ requests: 3, value: 1 })
  await eventually(() => receiver.received.length > 1, 'the window is over')
  const isKnown = ({ keeper: { shared } }: Member): boolean =>
    shared.board[0]?.state.phase === 'resolved' && shared.delivery.delivered === 2
  await eventually(() => members.every(isKnown), 'all of them know of it')
  // Several looks longer: nobody tells it again.
  await Bun.sleep(200)
  expect(typesOf(receiver)).toEqual(['alert.firing', 'alert.resolved'])
  expect(members.every(isKnown)).toBe(true)
})

test('whoever takes over tells nothing twice, and goes on with what waited', async () => {
  let isDown = false
  await using receiver = startReceiver(
    secret,
    () => new Response(null, { status: isDown ? 503 : 200 }),
  )
  const settings = settingsOf(receiver)
  const [first, second] = [machine.start(1, settings), machine.start(2, settings)]
  for (let count = 0; count < 3; count++) second.fail()
  await eventually(() => second.keeper.shared.delivery.delivered === 1, 'the other knows of it')
  machine.kill(1)
  expect(first.keeper.shared.board[0]?.state.phase).toBe('firing')

  isDown = true
  const refused = () => typesOf(receiver).includes('alert.resolved')
  await eventually(refused, 'the second looks now, and is not heard')
  const third = machine.start(1, settings)
  isDown = false
  await eventually(() => third.keeper.shared.delivery.delivered === 2, 'the end is delivered')
  const ids = new Map(receiver.received.map(({ id, body }) => [id, body.type]))
  expect([...ids.values()]).toEqual(['alert.firing', 'alert.resolved'])
  expect(receiver.received.filter(({ body }) => body.type === 'alert.firing')).toHaveLength(1)
})

test('an operator who silences a rule silences it everywhere', async () => {
  await using receiver = startReceiver(secret)
  const members = [1, 2].map((id) => machine.start(id, settingsOf(receiver)))
  await members[1]?.keeper.silence('r', Date.now() + 60_000)
  for (let count = 0; count < 3; count++) members[0]?.fail()
  const phases = () => members.map(({ keeper }) => keeper.shared.board[0]?.state.phase)
  await eventually(() => phases().every((phase) => phase === 'firing'), 'it fires')
  await eventually(() => phases().every((phase) => phase === 'resolved'), 'it is over')
  expect(receiver.received).toEqual([])
})
