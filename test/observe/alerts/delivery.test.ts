/** Messages on their way to a real receiver: signed, tried again, given up, handed on. */
import { expect, test } from 'bun:test'
import { Deliveries, type DeliveryView } from '../../../src/observe/alerts/delivery.ts'
import type { AlertMessage } from '../../../src/observe/alerts/message.ts'
import { eventually } from '../../kit/signal.ts'
import { startReceiver } from '../../kit/webhook-receiver.ts'

const secret = 'a-secret-as-people-make-them'
const quick = { backoffMs: 5, backoffMaxMs: 20 }

const messageOf = (id: string): AlertMessage => ({
  ...{ id, rule: 'r', notice: 'firing', at: 1 },
  body: JSON.stringify({ type: 'alert.firing', data: { id, text: 'é "quoted"' } }),
})

const status = (code: number, headers: Record<string, string> = {}) =>
  new Response('whatever it says', { status: code, headers })

/** Sends messages and waits until none is left. */
async function delivered(url: string, ids: readonly string[], settings = quick, own = secret) {
  const deliveries = new Deliveries({ url, secret: own }, () => {}, settings)
  deliveries.send(ids.map(messageOf))
  await eventually(() => deliveries.view().waiting.length === 0, 'no message waits')
  return deliveries.view()
}

test.each([
  ['a text', secret],
  ['base64', 'whsec_c2lnbmluZy1zZWNyZXQtb2YtYmFzZTY0'],
])('messages come in their order, signed with %s', async (_name, own) => {
  await using receiver = startReceiver(own)
  const view = await delivered(receiver.url, ['a', 'b', 'c'], quick, own)
  expect(receiver.faults).toEqual([])
  expect(receiver.received.map(({ id }) => id)).toEqual(['a', 'b', 'c'])
  expect(receiver.received[0]).toMatchObject({
    body: { type: 'alert.firing', data: { id: 'a', text: 'é "quoted"' } },
    contentType: 'application/json',
  })
  expect(view).toMatchObject({ delivered: 3, lost: 0 })
  expect(view.last[0]).toMatchObject({ id: 'c', outcome: 'delivered', attempts: 1, status: 200 })
})

test('another secret is noticed', async () => {
  await using receiver = startReceiver('another-secret-than-that')
  await delivered(receiver.url, ['a'])
  expect([receiver.received.length, receiver.faults.length]).toEqual([0, 1])
})

test('what fails is tried again under the same id, and those behind it wait', async () => {
  await using receiver = startReceiver(secret, (before) => status(before < 2 ? 500 : 204))
  const view = await delivered(receiver.url, ['a', 'b'])
  expect(receiver.received.map(({ id }) => id)).toEqual(['a', 'a', 'a', 'b'])
  expect(view.last.map(({ attempts }) => attempts)).toEqual([1, 3])
})

test('who has too much to do is asked again when it says', async () => {
  const at: number[] = []
  await using receiver = startReceiver(secret, (before) => {
    at.push(performance.now())
    return before === 0 ? status(429, { 'retry-after': '1' }) : status(200)
  })
  await delivered(receiver.url, ['a'])
  expect((at[1] ?? 0) - (at[0] ?? 0)).toBeGreaterThan(900)
})

test('a receiver that refuses is not asked again', async () => {
  for (const code of [400, 401, 404, 410]) {
    await using receiver = startReceiver(secret, () => status(code))
    const view = await delivered(receiver.url, ['a'])
    expect(receiver.received).toHaveLength(1)
    expect(view).toMatchObject({ delivered: 0, lost: 1 })
    expect(view.last[0]).toMatchObject({ outcome: 'refused', status: code, attempts: 1 })
  }
})

test('a redirect is not followed', async () => {
  await using elsewhere = startReceiver(secret)
  for (const code of [301, 302, 307, 308]) {
    const answer = () => status(code, { location: elsewhere.url })
    await using receiver = startReceiver(secret, answer)
    const view = await delivered(receiver.url, ['a'])
    expect(view.last[0]).toMatchObject({ outcome: 'refused', status: code })
    expect(receiver.received).toHaveLength(1)
  }
  expect(elsewhere.received).toEqual([])
})

test('a receiver that is down is given up, and nothing secret is told', async () => {
  const gone = Bun.serve({ port: 0, hostname: '127.0.0.1', fetch: () => new Response() })
  const url = `${gone.url}hook?token=of-the-address`
  await gone.stop(true)
  const view = await delivered(url, ['a'], { ...quick, attemptsMax: 3 } as typeof quick)
  expect(view.last[0]).toMatchObject({ outcome: 'failed', attempts: 3, status: null })
  expect(view.last[0]?.error).toMatch(/^\w+$/)
  expect(JSON.stringify(view)).not.toContain('of-the-address')
  expect(JSON.stringify(view)).not.toContain(secret)
})

test('while nobody takes them only so many wait, and the oldest are given up', async () => {
  const held = Promise.withResolvers<void>()
  await using receiver = startReceiver(secret, () => held.promise.then(() => status(200)))
  const deliveries = new Deliveries({ url: receiver.url, secret }, () => {}, { waitingMax: 3 })
  deliveries.send(['a', 'b', 'c', 'd', 'e'].map(messageOf))
  expect(deliveries.view().waiting.map(({ id }) => id)).toEqual(['c', 'd', 'e'])
  expect(deliveries.view()).toMatchObject({ lost: 2 })
  held.resolve()
  await eventually(() => deliveries.view().waiting.length === 0, 'no message waits')
  expect(deliveries.view()).toMatchObject({ lost: 2, delivered: 3 })
})

test('another worker goes on where this one stopped, and repeats nothing', async () => {
  await using receiver = startReceiver(secret, (before) => status(before === 1 ? 503 : 200))
  const views: DeliveryView[] = []
  const settings = { backoffMs: 1e6, backoffMaxMs: 1e6 }
  const first = new Deliveries({ url: receiver.url, secret }, () => {}, settings)
  first.send(['a', 'b', 'c'].map(messageOf))
  await eventually(() => receiver.received.length === 2, 'the second message')
  await first.pause(5000)
  expect(first.isRunning).toBe(false)
  const left = JSON.parse(JSON.stringify(first.view())) as DeliveryView
  expect(left.waiting.map(({ id }) => id)).toEqual(['b', 'c'])
  const second = new Deliveries(
    { url: receiver.url, secret },
    () => views.push(second.view()),
    quick,
  )
  second.takeOver(left)
  await eventually(() => second.view().waiting.length === 0, 'no message waits')
  expect(receiver.received.map(({ id }) => id)).toEqual(['a', 'b', 'b', 'c'])
  expect(second.view()).toMatchObject({ delivered: 3, lost: 0 })
  expect(views.map(({ waiting }) => waiting.length)).toEqual([1, 0])
})

test('a worker that leaves waits for no receiver without end', async () => {
  const held = Promise.withResolvers<void>()
  await using receiver = startReceiver(secret, () => held.promise.then(() => status(200)))
  const deliveries = new Deliveries({ url: receiver.url, secret }, () => {})
  deliveries.send([messageOf('a')])
  await eventually(() => receiver.received.length === 1, 'the message is on its way')
  await deliveries.pause(50)
  expect(deliveries.view().waiting.map(({ id }) => id)).toEqual(['a'])
  held.resolve()
})

test('without a receiver nothing waits', () => {
  const deliveries = new Deliveries(null, () => {})
  deliveries.send([messageOf('a')])
  expect(deliveries.view().waiting).toEqual([])
})
