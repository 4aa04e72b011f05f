/** `sluice keys`, and the same keys through the admin routes of a program that runs. */
import { afterEach, describe, expect, setDefaultTimeout, test } from 'bun:test'
import { existsSync, mkdtempSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { keyCommands, readKeyCommand } from '../../src/main/keys-options.ts'
import { binaryPath, rootDirectory } from '../kit/binary.ts'
import { describeWithPostgres, startPostgres } from '../kit/postgres.ts'
import { Program, type ProgramResult, runBinary, startSource } from '../kit/program.ts'
import { runDirectory } from '../kit/run-directory.ts'

setDefaultTimeout(60_000)

type Variables = Readonly<Record<string, string>>

const started: Program[] = []
afterEach(() => {
  for (const program of started.splice(0)) program.kill()
})

const emptyDirectory = (): string => mkdtempSync(join(runDirectory(), 'keys-'))
const source = [process.execPath, join(rootDirectory, 'src', 'main.ts')]

async function keys(cwd: string, words: readonly string[], env: Variables = {}) {
  const program = new Program(source, env, { cwd, args: ['keys', ...words] })
  started.push(program)
  return await program.exited(30_000)
}

const secretIn = ({ stdout }: ProgramResult): string =>
  /sk-sluice-[\w-]{43}/.exec(stdout)?.[0] ?? ''

test('a key is made, listed, rotated and revoked, and its secret is shown once', async () => {
  const cwd = emptyDirectory()
  const none = await keys(cwd, ['list'])
  expect(none).toEqual({ exitCode: 0, stdout: 'no keys\n', stderr: '' })
  expect(existsSync(join(cwd, 'sluice.db'))).toBe(false)

  const words = ['--name', 'team-a', '--models', 'gpt-*,smart', '--daily-budget', '2.5']
  const created = await keys(cwd, ['create', ...words, '--expires', '30d'])
  expect([created.exitCode, created.stderr]).toEqual([0, ''])
  const secret = secretIn(created)
  expect(secret).not.toBe('')
  expect(statSync(join(cwd, 'sluice.db')).mode & 0o777).toBe(0o600)

  const listed = await keys(cwd, ['list', '--json'])
  const [key] = JSON.parse(listed.stdout).keys
  expect(key).toMatchObject({ name: 'team-a', models: ['gpt-*', 'smart'], budget: { daily: 2.5 } })
  const days = (Date.parse(key.expiresAt) - Date.now()) / 86_400_000
  expect(days).toBeCloseTo(30, 1)

  const rotated = await keys(cwd, ['rotate', key.id, '--overlap', '1h', '--json'])
  const { secret: second, secrets } = JSON.parse(rotated.stdout)
  expect(secrets).toHaveLength(2)
  expect((await keys(cwd, ['revoke', key.id])).stdout).toBe(`${key.id} (team-a) is revoked\n`)
  const table = await keys(cwd, ['list', '--state', 'revoked'])
  expect(table.stdout).toMatch(new RegExp(`^ID .*\\n${key.id} +team-a +- +revoked`))
  for (const { stdout } of [listed, table]) {
    for (const hidden of [secret, second]) expect(stdout).not.toContain(hidden.slice(-16))
  }
})

test.each([
  [[], 64, 'keys must be followed by one of create, list, rotate, revoke'],
  [['constructor'], 64, 'got "constructor"'],
  [['create'], 64, 'name: must be a name of letters'],
  [['create', '--name', 'a', '--colour', 'red'], 64, 'unknown option --colour'],
  [['create', '--name', 'a', '--priority', 'urgent'], 64, 'priority:'],
  [['create', '--name'], 64, 'option --name needs a value'],
  [['create', '--name', 'a', '--daily-budget', 'x'], 64, '--daily-budget must be a number'],
  [['rotate'], 64, 'keys rotate needs the id of a key'],
  [['revoke', 'key_x', 'key_y'], 64, 'unexpected argument "key_y"'],
  [['revoke', 'key_x'], 1, 'There is no such key.'],
  [['list', '--limit', '1000'], 64, 'limit: must be a whole number from 1 to 200'],
])('keys %j ends with %i', async (words, exitCode, message) => {
  const cwd = emptyDirectory()
  const ended = await keys(cwd, words)
  expect([ended.exitCode, ended.stdout]).toEqual([exitCode, ''])
  expect(ended.stderr).toStartWith('sluice: ')
  expect(ended.stderr).toContain(message)
  expect(ended.stderr.trimEnd()).not.toContain('\n')
})

test('every option leads to its field', () => {
  for (const [name, { options, wantsId }] of Object.entries(keyCommands)) {
    for (const option of Object.keys(options)) {
      const value = { overlap: '1h', expires: '2099-01-01T00:00:00Z' }[option] ?? '5'
      const command = readKeyCommand([name, ...(wantsId ? ['key_x'] : []), `--${option}`, value])
      expect(command, option).toMatchObject({ name })
      if (typeof command !== 'string') expect(Object.keys(command.fields)).toHaveLength(1)
    }
  }
})

test('what is wrong with the environment or the database has its own exit code', async () => {
  const cwd = emptyDirectory()
  writeFileSync(join(cwd, '.env'), 'KEY_SECRET=short-canary\n')
  const wrong = await keys(cwd, ['list'])
  expect(wrong.exitCode).toBe(78)
  expect(wrong.stderr).toStartWith('KEY_SECRET: must be secrets of at least 32')
  expect(wrong.stderr).not.toContain('canary')
  const url = 'postgres://u:canary@127.0.0.1:1/x'
  const away = await keys(emptyDirectory(), ['create', '--name', 'a'], { DATABASE_URL: url })
  expect(away.exitCode).toBe(69)
  expect(away.stderr).toMatch(/^sluice: the database of DATABASE_URL cannot be used/)
  expect(away.stderr).not.toContain('canary')
})

test('the executable can do it too', async () => {
  const cwd = emptyDirectory()
  await binaryPath()
  const created = await runBinary(['keys', 'create', '--name', 'a', '--json'], {}, { cwd })
  expect([created.exitCode, created.stderr]).toEqual([0, ''])
  expect(secretIn(created)).not.toBe('')
  const help = await runBinary(['keys', '--help'], {}, { cwd })
  for (const name of Object.keys(keyCommands)) expect(help.stdout).toContain(`  ${name}`)
}, 150_000)

/** A program that serves, and its admin routes. */
async function serving(cwd: string, env: Variables) {
  const program = await startSource({ ADMIN_TOKEN: 'canary-admin-token', ...env }, { cwd })
  started.push(program)
  const call = async (method: string, path: string, body?: object) => {
    const headers = { authorization: 'Bearer canary-admin-token' }
    const json = { 'content-type': 'application/json' }
    return await fetch(`${program.url}${path}`, {
      method,
      headers: { ...headers, ...(body !== undefined && json) },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    })
  }
  return { program, call }
}

describe('a program that serves', () => {
  test('makes no file before a key is made', async () => {
    const cwd = emptyDirectory()
    const { program, call } = await serving(cwd, { API_KEYS: 'right-key' })
    const answer = await fetch(`${program.url}/v1/chat/completions`, {
      method: 'POST',
      headers: { authorization: 'Bearer right-key', 'content-type': 'application/json' },
      body: JSON.stringify({ model: 'demo/stream?tokens=2', messages: [], stream: true }),
    })
    await answer.text()
    expect((await call('GET', '/api/keys')).status).toBe(200)
    expect((await call('GET', '/api/keys/key_x')).status).toBe(404)
    expect(existsSync(join(cwd, 'sluice.db'))).toBe(false)
    expect((await call('POST', '/api/keys', { name: 'a' })).status).toBe(201)
    expect(existsSync(join(cwd, 'sluice.db'))).toBe(true)
    await program.stop()
  })

  test('logs who was changed and nothing that is secret, on the command line neither', async () => {
    const cwd = emptyDirectory()
    const keySecret = 'canary-key-secret-0123456789abcdef'
    const env = { LOG_LEVEL: 'debug', LOG_FORMAT: 'json', KEY_SECRET: keySecret }
    const { program, call } = await serving(cwd, env)
    const created = await (await call('POST', '/api/keys', { name: 'team-a' })).json()
    const rotated = await (await call('POST', `/api/keys/${created.id}/rotate`)).json()
    await (await call('PATCH', `/api/keys/${created.id}`, { name: 'team-b' })).text()
    await (await call('GET', `/api/keys/${created.secret}`)).text()
    await (await call('DELETE', `/api/keys/${created.id}`)).text()
    const listed = await keys(cwd, ['list', '--json'], { KEY_SECRET: keySecret })
    expect(JSON.parse(listed.stdout).keys).toMatchObject([{ id: created.id, state: 'revoked' }])
    const check = new Program(source, { KEY_SECRET: keySecret }, { cwd, args: ['--check'] })
    started.push(check)
    const { exitCode } = await check.exited(30_000)
    expect(exitCode).toBe(0)
    expect(check.log).toContain('KEY_SECRET=****')
    await program.stop()
    for (const action of ['created', 'rotated', 'changed', 'revoked']) {
      expect(program.log).toContain(`"key ${action}"`)
    }
    const outputs = [program.log, listed.stdout, listed.stderr, check.log]
    for (const text of outputs) {
      for (const hidden of [created.secret, rotated.secret, keySecret, 'canary-admin']) {
        expect(text).not.toContain(hidden.slice(0, 30))
      }
      expect(text).not.toMatch(/sk-sluice-|canary/)
    }
  })
})

test('a program whose database is away says so, and serves all the same', async () => {
  const env = { DATABASE_URL: 'postgres://u:canary@127.0.0.1:1/x', LOG_FORMAT: 'json' }
  const { program, call } = await serving(emptyDirectory(), env)
  await program.untilLog(/the database cannot be used/)
  expect(program.log).toContain('ERR_POSTGRES_CONNECTION_REFUSED')
  expect((await fetch(`${program.url}/healthz`)).status).toBe(200)
  expect((await call('POST', '/api/keys', { name: 'a' })).status).toBe(503)
  await program.stop()
  expect(program.log).not.toContain('canary')
})

describeWithPostgres('two programs on one PostgreSQL', () => {
  test('see the same keys', async () => {
    const server = await startPostgres()
    try {
      const env = { DATABASE_URL: await server.newDatabase() }
      const [one, two] = await Promise.all([
        serving(emptyDirectory(), env),
        serving(emptyDirectory(), env),
      ])
      const { id } = await (await one.call('POST', '/api/keys', { name: 'shared' })).json()
      expect((await two.call('GET', `/api/keys/${id}`)).status).toBe(200)
      const listed = await keys(emptyDirectory(), ['list'], env)
      expect(listed.stdout).toContain(id)
      await server.kill()
      expect((await two.call('GET', `/api/keys/${id}`)).status).toBe(503)
      await Promise.all([one, two].map(({ program }) => program.stop()))
      const log = one.program.log + two.program.log
      expect(log).not.toContain(env.DATABASE_URL)
    } finally {
      await server.close()
    }
  })
})
