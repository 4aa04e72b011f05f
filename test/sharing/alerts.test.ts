/**
 * Alerts of several workers: what each of them counts is one sum, one of them tells, and whoever
 * takes over from it tells nothing twice.
 */
import { afterAll, expect, setDefaultTimeout, test } from 'bun:test'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { AlertsView } from '../../src/observe/alerts/view.ts'
import { sendJson } from '../kit/answers.ts'
import { ask, jsonRequest } from '../kit/client.ts'
import { isAlive } from '../kit/processes.ts'
import type { Program } from '../kit/program.ts'
import { runDirectory } from '../kit/run-directory.ts'
import { eventually } from '../kit/signal.ts'
import { startUpstream } from '../kit/upstream.ts'
import { startReceiver } from '../kit/webhook-receiver.ts'
import { endFleets, startMachine } from './fleet.ts'

setDefaultTimeout(90_000)
afterAll(endFleets)

const secret = 'what-messages-are-signed-with'

/** Two workers, a provider that fails while it is told to, and a receiver. */
async function startStand() {
  const scene = { fails: true }
  const good = { id: 'c', object: 'chat.completion', created: 1, model: 'm', choices: [] }
  const upstream = startUpstream(
    (_request, connection) => sendJson(connection, scene.fails ? 500 : 200, good),
    { keepLog: false },
  )
  const receiver = startReceiver(secret)
  const file = join(runDirectory(), `alerts-${crypto.randomUUID()}.json`)
  const failures = {
    ...{ metric: 'errorRate', above: 0.5, windowSeconds: 20, forSeconds: 1 },
    // More than the half of them that one worker sees.
    ...{ minimumRequests: 30, provider: 'openai' },
  }
  const webhook = { url: receiver.url, secret: 'env:HOOK_SECRET' }
  writeFileSync(file, JSON.stringify({ alerts: { everySeconds: 1, webhook, rules: { failures } } }))
  const program = await startMachine({
    WORKERS: '2',
    CONFIG_FILE: file,
    HOOK_SECRET: secret,
    LOG_FORMAT: 'json',
    SHUTDOWN_GRACE_MS: '500',
    RETRIES_MAX: '0',
    BREAKER: '0',
    OPENAI_API_KEY: 'sk-test',
    OPENAI_BASE_URL: `${upstream.url}/v1`,
  })
  return {
    ...{ scene, receiver, program },
    async end() {
      await receiver[Symbol.asyncDispose]()
      upstream.stop()
    },
  }
}

/** Each on a connection of its own, so that both workers get some. */
async function sendRequests(program: Program, count: number): Promise<void> {
  const request = jsonRequest('/v1/chat/completions', { model: 'openai/x', messages: [] })
  for (let sent = 0; sent < count; sent++) await ask(program.url, request)
}

async function statesOf(program: Program): Promise<Map<number, AlertsView>> {
  const views = new Map<number, AlertsView>()
  for (let asked = 0; asked < 30 && views.size < 2; asked++) {
    const { worker, ...view } = JSON.parse((await ask(program.url, { path: '/api/alerts' })).text())
    views.set(worker.id, view)
  }
  return views
}

test('one message of a firing and one of its end, through a roll and a crash', async () => {
  const { scene, receiver, program, end } = await startStand()
  const types = () => receiver.received.map(({ body }) => body.type)
  await sendRequests(program, 40)
  await eventually(() => types().length > 0, 'somebody is told', 20_000)
  expect(receiver.received[0]?.body.data).toMatchObject({ requests: 40, value: 1 })
  await eventually(
    async () => {
      const views = [...(await statesOf(program)).values()]
      return views.length === 2 && views.every((view) => view.rules[0]?.state === 'firing')
    },
    'every worker knows',
    10_000,
  )

  // All workers are replaced, and what they have counted is not lost.
  const before = program.workerPids()
  program.signal('SIGHUP')
  await eventually(() => before.every((pid) => !isAlive(pid)), 'the workers are gone', 20_000)
  const replaced = (await statesOf(program)).get(1)
  expect(replaced?.rules[0]).toMatchObject({ state: 'firing' })
  expect(replaced?.webhook).toMatchObject({ delivered: 1 })
  const looked = async () => [...(await statesOf(program)).values()][0]?.rules[0]?.requests
  await eventually(async () => (await looked()) === 40, 'the successors know the sums', 20_000)

  // The one that looks is killed in the middle of it.
  const [first] = program.workerPids()
  if (first !== undefined) process.kill(first, 'SIGKILL')
  await program.untilLog(/worker ended, starting another/)
  expect(types()).toEqual(['alert.firing'])

  scene.fails = false
  await sendRequests(program, 60)
  await eventually(() => types().length > 1, 'the end is told', 40_000)
  expect(types()).toEqual(['alert.firing', 'alert.resolved'])
  expect(receiver.faults).toEqual([])
  await end()
})
