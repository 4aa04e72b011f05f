/** Questions between workers, with real processes and a scripted server in them. */
import { afterEach, expect, setDefaultTimeout, test } from 'bun:test'
import { join } from 'node:path'
import { isAlive } from '../kit/processes.ts'
import { type Program, startCommand } from '../kit/program.ts'
import { eventually } from '../kit/signal.ts'

setDefaultTimeout(30_000)

const command = [process.execPath, join(import.meta.dir, 'scripted-main.ts')]
const programs: Program[] = []

async function start(workers: number): Promise<Program> {
  const program = await startCommand(command, { LOG_FORMAT: 'json', WORKERS: String(workers) })
  programs.push(program)
  return program
}

/** Without keep-alive, so that each request meets whichever worker there is. */
const ask = async (program: Program, path: string): Promise<unknown[]> =>
  (
    await fetch(program.url + path, { keepalive: false, signal: AbortSignal.timeout(10_000) })
  ).json()

afterEach(() => {
  const left = programs.splice(0).flatMap((program) => {
    const pids = [program.pid, ...program.workerPids()].filter(isAlive)
    program.kill()
    return pids
  })
  expect(left).toEqual([])
})

test('all workers answer, each once, with what was asked', async () => {
  const program = await start(3)
  const who = async (): Promise<unknown[]> => await ask(program, '/ask?topic=who&detail=x')
  await eventually(async () => (await who()).length === 3, 'three answers')
  const answers = (await who()) as { id: number; detail: string }[]
  expect(answers.map(({ id }) => id).sort()).toEqual([1, 2, 3])
  expect(new Set(answers.map(({ detail }) => detail))).toEqual(new Set(['x']))
  expect(await ask(program, '/ask?topic=nobody')).toEqual([])
  await program.stop()
})

test('a worker that does not answer in time is left out', async () => {
  const program = await start(3)
  await eventually(async () => (await ask(program, '/ask?topic=who')).length === 3, 'all')
  const answer = await ask(program, '/ask?topic=stuck')
  expect(answer.toSorted()).toEqual([2, 3])
  await program.stop()
})

test.each([1, 2])('after a roll of %i workers nothing that was counted is lost', async (count) => {
  const program = await start(count)
  const counted = async (): Promise<Set<unknown>> =>
    new Set((await ask(program, '/ask?topic=counted')).flat())
  await eventually(async () => (await counted()).size === count, 'all answer')
  const before = await counted()
  const pids = program.workerPids()
  program.signal('SIGHUP')
  await eventually(async () => {
    const now = await counted()
    // Also while the old ones drain.
    expect([...before].filter((pid) => !now.has(pid))).toEqual([])
    return pids.every((pid) => !isAlive(pid)) && now.size === 2 * count
  }, 'the old workers are gone')
  await program.stop()
})
