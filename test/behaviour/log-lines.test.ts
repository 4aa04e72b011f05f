/** The log of the executable, as the environment wants it: what is left out, slow, or redacted. */
import { afterEach, expect, setDefaultTimeout, test } from 'bun:test'
import { mkdtempSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { chatEvents, json, sse } from '../kit/answers.ts'
import { type Program, type ProgramEnvironment, startBinary } from '../kit/program.ts'
import { runDirectory } from '../kit/run-directory.ts'
import { startUpstream, type Upstream, type UpstreamScript } from '../kit/upstream.ts'

setDefaultTimeout(150_000)

let program: Program | null = null
let upstream: Upstream | null = null
afterEach(() => {
  program?.kill()
  upstream?.stop()
})

const providerKey = 'a-provider-key-without-a-shape'
const oldKey = 'an-old-client-key-0001'
const newKey = 'a-new-client-key-0002'

async function start(script: UpstreamScript, env: ProgramEnvironment = {}): Promise<Program> {
  upstream = startUpstream(script)
  program = await startBinary({
    ...{ LOG_FORMAT: 'json', RETRIES_MAX: '0' },
    ...{ OPENAI_API_KEY: providerKey, OPENAI_BASE_URL: `${upstream.url}/v1` },
    ...env,
  })
  return program
}

async function chat({ url }: Program, model: string, key = ''): Promise<number> {
  const response = await fetch(`${url}/v1/chat/completions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${key}` },
    body: JSON.stringify({ model, stream: true, messages: [] }),
  })
  await response.arrayBuffer()
  return response.status
}

/** The lines of requests, when the program has ended and written all of them. */
async function linesOf(running: Program): Promise<Record<string, unknown>[]> {
  await running.stop()
  const lines = running.stdout.split('\n').filter((line) => line.includes('"req_'))
  return lines.map((line) => JSON.parse(line))
}

test('successes are left out, failures and slow ones never', async () => {
  const running = await start(
    async (request, connection) => {
      const asked = await request.text()
      if (asked.includes('broken')) return json(500, { error: {} })(request, connection)
      return sse(chatEvents(['a', 'b']), { done: true })(request, connection)
    },
    { LOG_SAMPLE_RATE: '0', LOG_SLOW_MS: '1500' },
  )
  for (let count = 0; count < 5; count += 1) await chat(running, 'openai/fine')
  await chat(running, 'openai/broken')
  // 20 tokens a second.
  await chat(running, 'demo/tokens-40')
  expect(await linesOf(running)).toEqual([
    expect.objectContaining({ model: 'broken', status: 500, tried: [expect.anything()] }),
    expect.objectContaining({ provider: 'demo', level: 'warn', slow: true, status: 200 }),
  ])
})

test('a key in the place of a name is not told, nor one of a file that is read later', async () => {
  const directory = mkdtempSync(join(runDirectory(), 'log-'))
  const file = join(directory, 'sluice.json')
  const write = (name: string): void => {
    writeFileSync(`${file}.new`, JSON.stringify({ keys: [{ name: 'a', key: `env:${name}` }] }))
    renameSync(`${file}.new`, file)
  }
  write('OLD_KEY')
  const env = { CONFIG_FILE: file, OLD_KEY: oldKey, NEW_KEY: newKey, API_KEYS: 'another-key-0003' }
  const running = await start(sse(chatEvents(['a']), { done: true }), env)
  expect(await chat(running, `openai/x-${providerKey}`, oldKey)).toBe(200)
  expect(await chat(running, `openai/x-${newKey}`, oldKey)).toBe(200)
  write('NEW_KEY')
  await running.untilLog(/configuration reloaded/)
  for (const secret of [newKey, 'another-key-0003', oldKey, 'sk-proj-0123456789']) {
    expect(await chat(running, `openai/y-${secret}`, newKey)).toBe(200)
  }
  const models = (await linesOf(running)).map(({ model }) => model)
  // A text is a secret from the moment on at which the configuration has it.
  expect(models).toEqual(['x-***', `x-${newKey}`, ...Array.from({ length: 4 }, () => 'y-***')])
})
