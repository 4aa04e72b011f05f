/**
 * The log of the executable, while clients and providers say everything that could start a line of
 * its own or steer a terminal, in every field that is theirs to fill: one line a request, each in
 * its format, none of it too long.
 */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { eventText, sendJson } from '../kit/answers.ts'
import { RawClient } from '../kit/client.ts'
import { type Program, startBinary } from '../kit/program.ts'
import { startUpstream, type Upstream } from '../kit/upstream.ts'
import { providerEnvironment } from './client-stand.ts'
import { bodyOf, chat, good, raw } from './request-stand.ts'

/** Line ends of every kind, what terminals obey, what shows text from right to left. */
const nasty = 'a\r\nFORGED\u001b[2J\u001b]0;x\u0007\u0000\u0085\u009b31m\u2028\u2029\u202e"\\b'
const long = nasty.repeat(3000)
const inJson = JSON.stringify(nasty).slice(1, -1)

const lineBytesMax = 4096
// Every control character but the line feed that ends a line.
const control = /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u2028\u2029]/

let upstream: Upstream

beforeAll(() => {
  upstream = startUpstream(async (request, connection) => {
    const asked = await request.text()
    const say = asked.includes('say-long') ? long : nasty
    if (request.path.includes('refuse') || asked.includes('refuse')) {
      const error = { message: say, type: say, code: say, param: say }
      return sendJson(connection, 400, { error }, { 'x-request-id': 'a\x1b[31m' })
    }
    const answer = { id: say, object: 'chat.completion.chunk', model: say, system_fingerprint: say }
    const choice = { index: 0, delta: { role: 'assistant', content: say } }
    const end = { index: 0, delta: {}, finish_reason: say }
    if (!asked.includes('"stream":true')) {
      const message = { role: 'assistant', content: say }
      const choices = [{ index: 0, message, finish_reason: say }]
      return sendJson(connection, 200, { ...answer, object: 'chat.completion', choices })
    }
    await connection.head(200, { 'content-type': 'text/event-stream' })
    for (const choices of [[choice], [end]]) {
      await connection.chunk(eventText(JSON.stringify({ ...answer, choices })))
    }
    await connection.chunk(`event: ${nasty.replace(/[\r\n]/g, '')}\n${eventText('[DONE]')}`)
    await connection.end()
  })
})
afterAll(() => upstream?.stop())

const requests = [
  chat({ ...good, user: nasty }),
  chat({ ...good, stream: true, user: nasty }),
  chat({ ...good, stream: true, user: 'say-long' }),
  chat({ ...good, user: 'say-long' }),
  chat({ ...good, user: 'refuse' }),
  chat({ ...good, user: 'refuse say-long' }),
  chat({ ...good, model: nasty }),
  chat({ ...good, model: 'gpt-\u2028\u2029\u202e' }),
  chat({ ...good, model: `openai/${'x'.repeat(250)}` }),
  bodyOf(`{"model":"gpt-test","${inJson}":1`),
  bodyOf(`{"model":"nobody-${inJson.replaceAll('\\', '')}"}`),
  { path: '/v1/refuse/%0d%0aFORGED%1b%5b2J?x=%0aFORGED' },
  { path: '/passthrough/openai/%0d%0aFORGED' },
  { path: '/%0d%0aFORGED%1b' },
  { path: '/v1/models/%0d%0aFORGED%1b%c2%9b' },
  {
    ...bodyOf('{"contents":[]}'),
    path: '/v1beta/models/openai%2Fgpt%0d%0aFORGED%1b%c2%9b:generateContent',
  },
  chat(good, { 'user-agent': 'a\tFORGED"', 'x-request-id': 'FORGED', referer: 'FORGED' }),
  chat(good, { authorization: 'Bearer FORGED', 'x-sluice-provider': 'FORGED' }),
  chat(good, { 'x-sluice-tags': 'FORGED', 'x-sluice-timeout-ms': 'FORGED' }),
]

const heads = [
  raw('PROPFIND /FORGED', ['host: localhost']),
  raw('GET /FORGED', ['host: \u00e9FORGED']),
  raw('GET /v1/\u009bFORGED', ['host: localhost']),
  'GET /FORGED\x1b[2J\r\n\r\n',
]

/** Sends all of it and gives the log of the run. */
async function logOf(format: string): Promise<string> {
  const program: Program = await startBinary({
    ...providerEnvironment(upstream),
    LOG_LEVEL: 'debug',
    LOG_FORMAT: format,
  })
  try {
    for (const request of requests) {
      const client = await RawClient.connect(program.url)
      await client.request(request).ended()
      client.close()
    }
    for (const head of heads) {
      const client = await RawClient.connect(program.url)
      const response = client.expect('GET')
      await client.send(Buffer.from(head, 'latin1'))
      await response.ended()
      client.close()
    }
  } finally {
    await program.stop()
  }
  return program.log
}

describe.each(['json', 'pretty'])('%s', (format) => {
  let log = ''
  let lines: readonly string[] = []
  beforeAll(async () => {
    log = await logOf(format)
    lines = log.split('\n').filter((line) => line !== '')
  }, 150_000)

  test('there is a line for each request that was proxied', () => {
    expect(lines.filter((line) => line.includes('req_')).length).toBeGreaterThanOrEqual(12)
  })

  test('no control character is in it', () => {
    const found = control.exec(log.replaceAll('\n', ''))
    expect(found === null ? null : log.slice(found.index - 80, found.index + 20)).toBeNull()
  })

  test('every line is one of ours', () => {
    const ours =
      format === 'json'
        ? /^\{"time":"[\dT:.-]+Z","level":"(?:debug|info|warn|error)","message":"/
        : /^\d\d:\d\d:\d\d\.\d{3} (?:debug|info |warn |error) /
    const first = /^sluice \S+ listening on http/
    for (const line of lines) {
      if (first.test(line)) continue
      expect(line).toMatch(ours)
      if (format === 'json') expect(Object.keys(JSON.parse(line))).toContain('worker')
    }
    expect(lines.filter((line) => line.startsWith('FORGED'))).toEqual([])
  })

  test('no line is long', () => {
    expect(Math.max(...lines.map((line) => Buffer.byteLength(line)))).toBeLessThan(lineBytesMax)
  })
})
