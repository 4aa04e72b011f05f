/**
 * Keys that mean the prototype, in everything that is parsed: requests in each dialect, translated
 * and not, and answers of providers. After each, objects are what they were.
 */
import { afterEach, describe, expect, test } from 'bun:test'
import { eventText, sendJson } from '../kit/answers.ts'
import type { UpstreamScript } from '../kit/upstream.ts'
import { endStands, startStand } from './client-stand.ts'
import { bodyOf } from './request-stand.ts'

afterEach(endStands)

/** Everything a clean object, array, function and text shows. */
const shown = (): string =>
  JSON.stringify(
    [Object.prototype, Array.prototype, Function.prototype, String.prototype].map((prototype) =>
      Object.getOwnPropertyNames(prototype).sort(),
    ),
  )
const before = shown()

function expectClean(): void {
  expect(shown()).toBe(before)
  const fresh: Record<string, unknown> = {}
  expect([fresh.polluted, fresh.model, 'polluted' in []]).toEqual([undefined, undefined, false])
  const found: string[] = []
  for (const key in fresh) found.push(key)
  expect(found).toEqual([])
}

const evil =
  '"__proto__":{"polluted":1,"model":"gpt-evil"},' +
  '"constructor":{"prototype":{"polluted":1}},"prototype":{"polluted":1}'

const requests: Readonly<Record<string, readonly [path: string, body: string]>> = {
  chat: [
    '/v1/chat/completions',
    `{"model":"gpt-test",${evil},"messages":[{"role":"user","content":"x",${evil}}],` +
      `"tools":[{"type":"function","function":{"name":"__proto__","parameters":{${evil}}}}],` +
      `"metadata":{${evil}}}`,
  ],
  completions: ['/v1/completions', `{"model":"gpt-test","prompt":"x",${evil}}`],
  responses: ['/v1/responses', `{"model":"gpt-test","input":"x",${evil},"metadata":{${evil}}}`],
  embeddings: ['/v1/embeddings', `{"model":"gpt-test","input":"x",${evil}}`],
  messages: [
    '/v1/messages',
    `{"model":"gpt-test","max_tokens":9,${evil},"messages":[{"role":"user","content":[` +
      `{"type":"text","text":"x",${evil}}],${evil}}],"tools":[{"name":"constructor",` +
      `"input_schema":{"type":"object","properties":{${evil}}}}]}`,
  ],
  gemini: [
    '/v1beta/models/openai%2Fgpt-test:generateContent',
    `{${evil},"contents":[{"role":"user","parts":[{"text":"x",${evil}}],${evil}}]}`,
  ],
  'another endpoint': ['/v1/whatever', `{"model":"gpt-test",${evil}}`],
  'a refused one': ['/v1/chat/completions', `{${evil},"messages":[]}`],
  'a key in escapes': ['/v1/chat/completions', '{"model":"gpt-test","__pr\\u006fto__":{"a":1}}'],
}

const whole =
  `{"id":"x","object":"chat.completion","created":1,"model":"m",${evil},"choices":[{"index":0,` +
  `"finish_reason":"stop",${evil},"message":{"role":"assistant","content":"Hi",${evil},` +
  `"tool_calls":[{"id":"__proto__","type":"function","function":{"name":"constructor",` +
  `"arguments":"{\\"__proto__\\":{\\"polluted\\":1}}"},${evil}}]}}],"usage":{${evil}}}`
const chunks = [
  `{"id":"x","object":"chat.completion.chunk","model":"m",${evil},"choices":[{"index":0,${evil},` +
    `"delta":{"role":"assistant","content":"Hi",${evil}}}]}`,
  `{"id":"x","object":"chat.completion.chunk","model":"m","choices":[{"index":0,"delta":{},` +
    `"finish_reason":"stop",${evil}}],"usage":{${evil}}}`,
]

const script: UpstreamScript = async (request, connection) => {
  const asked = await request.text()
  if (!/"stream":true/.test(asked)) return sendJson(connection, 200, JSON.parse(whole))
  await connection.head(200, { 'content-type': 'text/event-stream' })
  for (const chunk of [...chunks, '[DONE]']) await connection.chunk(eventText(chunk))
  await connection.end()
}

describe.each(Object.entries(requests))('%s', (name, [path, body]) => {
  test.each([
    ['whole', body],
    ['as a stream', body.replace('{', '{"stream":true,')],
  ])('%s', async (_way, text) => {
    const stand = await startStand(script)
    const { response } = await stand.ask({ ...bodyOf(text), path })
    expect(await response.ended()).toBe('complete')
    expect(response.status).toBeLessThan(name === 'a refused one' ? 401 : 500)
    expectClean()
    // Nobody is sent to another model by a key that is not the object's own.
    for (const request of stand.upstream.requests) {
      expect(await request.text()).toMatch(/"model":"(?:openai\/)?gpt-test"/)
    }
  })
})

test('an error of a provider', async () => {
  const stand = await startStand(async (request, connection) => {
    await request.text()
    const text = `{${evil},"error":{"message":"no","type":"x","code":"__proto__",${evil}}}`
    await connection.head(400, { 'content-type': 'application/json' })
    await connection.chunk(text)
    await connection.end()
  })
  const { response } = await stand.ask(bodyOf('{"model":"gpt-test","messages":[]}'))
  expect([await response.ended(), response.status]).toEqual(['complete', 400])
  expectClean()
})
