/** Executables that count together: one with workers, or several; their clients; one provider. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { sendJson } from '../kit/answers.ts'
import { binaryPath } from '../kit/binary.ts'
import { jsonRequest, RawClient } from '../kit/client.ts'
import { isAlive } from '../kit/processes.ts'
import { type Program, type ProgramEnvironment, startCommand } from '../kit/program.ts'
import type { RawResponse } from '../kit/response.ts'
import { runDirectory } from '../kit/run-directory.ts'
import { Changes, eventually } from '../kit/signal.ts'
import { startUpstream, type Upstream } from '../kit/upstream.ts'

/** The operator's token of every fleet. */
export const adminToken = 'token-of-the-operator'

/** Keys of the configuration file by their names; what each may have. */
export type KeysByName = Readonly<Record<string, object>>

/** The secret of a key of the file. */
export const secretOf = (name: string): string => `secret-of-${name}`

const models = {
  object: 'list',
  data: [{ id: 'quick', object: 'model', created: 1, owned_by: '-' }],
}

/** Requests that wait for their answer until they are released. */
export class Gate {
  /** How many wait. */
  held = 0
  readonly #changes = new Changes()
  #isFree = false

  /** Resolves when so many requests wait. */
  untilHeld(count: number, withinMs = 10_000): Promise<void> {
    return this.#changes.until(() => this.held === count, `${count} requests wait`, withinMs)
  }

  /** Lets all go that wait, and all that come. */
  release(): void {
    this.#isFree = true
    this.#changes.notify()
  }

  /** From now on requests wait again. */
  close(): void {
    this.#isFree = false
  }

  /** Waits until it is open, or `ended` resolves. */
  async pass(ended: Promise<unknown>): Promise<void> {
    if (this.#isFree) return
    this.held += 1
    this.#changes.notify()
    const freed = this.#changes.until(() => this.#isFree, 'the provider answers', 60_000)
    await Promise.race([freed, ended])
    this.held -= 1
    this.#changes.notify()
  }
}

/** A provider that answers at once, or, for the models `held` and `kept`, when it is told to. */
export class Provider {
  readonly upstream: Upstream
  readonly held = new Gate()
  readonly kept = new Gate()

  constructor() {
    const usage = { prompt_tokens: 3, completion_tokens: 1, total_tokens: 4 }
    const answer = {
      id: 'c',
      object: 'chat.completion',
      created: 1,
      model: 'm',
      choices: [],
      usage,
    }
    this.upstream = startUpstream(
      async (request, connection) => {
        if (request.path === '/v1/models') return await sendJson(connection, 200, models)
        const body = await request.text()
        if (body.includes('"held"')) await this.held.pass(connection.closed)
        if (body.includes('"kept"')) await this.kept.pass(connection.closed)
        if (!connection.isClosed) await sendJson(connection, 200, answer)
      },
      { keepLog: false },
    )
  }

  /** Answers all that wait. */
  release(): void {
    this.held.release()
    this.kept.release()
  }
}

/** What has to be ended. */
const programs: Program[] = []
const providers: Provider[] = []
const clients: RawClient[] = []

/** Ends everything, for `afterAll`. Throws where a program that still runs does not end well. */
export async function endFleets(): Promise<void> {
  for (const client of clients.splice(0)) client.close()
  for (const provider of providers) provider.release()
  const ending = programs.splice(0).map(async (program) => {
    if (isAlive(program.pid)) await program.stop()
    else program.kill()
  })
  const ended = await Promise.allSettled(ending)
  for (const { upstream } of providers.splice(0)) upstream.stop()
  for (const result of ended) if (result.status === 'rejected') throw result.reason
}

/** Starts a provider. */
export function startProvider(): Provider {
  const provider = new Provider()
  providers.push(provider)
  return provider
}

/** Where it is about what is counted, a starved machine must not make it a matter of time. */
export const patient = { LIMITS_TIMEOUT_MS: '10000' } as const

/** The environment of a program with these keys, on which a token of the provider is a dollar. */
export function environmentOf(provider: Provider, keys: KeysByName): ProgramEnvironment {
  const names = Object.keys(keys)
  const variable = (name: string): string => `KEY_OF_${name.toUpperCase().replaceAll('-', '_')}`
  const settings = names.map((name) => ({ name, key: `env:${variable(name)}`, ...keys[name] }))
  const path = join(runDirectory(), `fleet-${crypto.randomUUID()}.json`)
  const prices = { 'openai/*': { input: 1_000_000, output: 1_000_000 } }
  writeFileSync(path, JSON.stringify({ keys: settings, prices }))
  return {
    ...Object.fromEntries(names.map((name) => [variable(name), secretOf(name)])),
    CONFIG_FILE: path,
    ADMIN_TOKEN: adminToken,
    LOG_FORMAT: 'json',
    SHUTDOWN_GRACE_MS: '500',
    RETRIES_MAX: '0',
    OPENAI_API_KEY: 'sk-test',
    OPENAI_BASE_URL: `${provider.upstream.url}/v1`,
  }
}

/** Starts a program that `endFleets` ends; without a `command` it is the executable. */
export async function startMachine(
  environment: ProgramEnvironment,
  command?: readonly string[],
): Promise<Program> {
  const words = command ?? [await binaryPath()]
  const program = await startCommand(words, environment, { readyWithinMs: 30_000 })
  programs.push(program)
  return program
}

/** Starts so many programs, a few at a time. */
export async function startMachines(
  count: number,
  environment: ProgramEnvironment,
): Promise<readonly Program[]> {
  const started: Program[] = []
  while (started.length < count) {
    const next = Array.from({ length: Math.min(4, count - started.length) }, () =>
      startMachine(environment),
    )
    started.push(...(await Promise.all(next)))
  }
  return started
}

/** So many connections, in turn to each of the programs. */
export async function connect(
  machines: readonly Program[],
  count: number,
): Promise<readonly RawClient[]> {
  const made = await Promise.all(
    Array.from({ length: count }, (_, index) => {
      const machine = machines[index % machines.length]
      if (machine === undefined) throw new Error('there is no machine')
      return RawClient.connect(machine.url)
    }),
  )
  clients.push(...made)
  return made
}

/** Asks for an answer, with the secret of a client. */
export function chat(client: RawClient, secret: string, model = 'quick'): RawResponse {
  const body = { model: `openai/${model}`, messages: [], max_tokens: 1 }
  const headers = { authorization: `Bearer ${secret}` }
  return client.request(jsonRequest('/v1/chat/completions', body, headers))
}

/** The status of an answer, with the code of its error where it is one: `429 too_many_streams`. */
export async function outcomeOf(response: RawResponse): Promise<string> {
  const ending = await response.ended(60_000)
  if (ending !== 'complete') return ending
  if (response.status === 200) return '200'
  return `${response.status} ${JSON.parse(response.text()).error.code}`
}

/** What an operator sees of the limits, on this connection. */
export async function limitsOf(client: RawClient): Promise<ReturnType<typeof JSON.parse>> {
  const headers = { authorization: `Bearer ${adminToken}` }
  const response = client.request({ path: '/api/limits', headers })
  if ((await response.ended()) !== 'complete') throw new Error(`no limits: ${response.ending}`)
  return JSON.parse(response.text())
}

/** Waits until no machine holds a place: what a stream had is given back behind its last byte. */
export async function untilNoPlaces(clients: readonly RawClient[]): Promise<void> {
  const isFree = async (): Promise<boolean> =>
    (await Promise.all(clients.map(limitsOf))).every(({ places }) => places === 0)
  await eventually(isFree, 'all places are given back', 5000)
}
