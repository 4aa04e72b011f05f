/** What was asked and answered is in the spans where the operator wants that, and only there. */
import { afterEach, expect, test } from 'bun:test'
import { json } from '../kit/answers.ts'
import { jsonRequest } from '../kit/client.ts'
import { attributesOf } from '../kit/otlp-shapes.ts'
import type { UpstreamScript } from '../kit/upstream.ts'
import { endStands } from './client-stand.ts'
import { answering } from './targets-stand.ts'
import {
  caller,
  endCollectors,
  readTrace,
  startTraces,
  type TracesStand,
  traceparent,
} from './traces-stand.ts'

afterEach(async () => {
  await endStands()
  await endCollectors()
})

const capture = { OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT: 'true' }
const messages = [
  { role: 'system', content: 'Be brief.' },
  { role: 'user', content: 'Weather in Paris?' },
]

const startCapturing = (script: UpstreamScript): Promise<TracesStand> =>
  startTraces([script], {}, capture)

/** What the span of the attempt has of both sides. */
async function contentOf({ collector }: TracesStand) {
  const { attempts, server } = readTrace(await collector.trace(caller.traceId))
  expect(JSON.stringify(server)).not.toContain('Paris')
  const attributes = attributesOf(attempts.at(-1)?.attributes ?? [])
  const [input, output] = ['gen_ai.input.messages', 'gen_ai.output.messages'].map((name) =>
    name in attributes ? JSON.parse(String(attributes[name])) : null,
  )
  return { input, output }
}

const asked = [
  { role: 'system', parts: [{ type: 'text', content: 'Be brief.' }] },
  { role: 'user', parts: [{ type: 'text', content: 'Weather in Paris?' }] },
]
const answered = [
  { role: 'assistant', parts: [{ type: 'text', content: 'Rainy.' }], finish_reason: 'stop' },
]

test('a stream that passes as it is is read along, and reaches the client as it is', async () => {
  const stand = await startCapturing(answering('Rainy.'))
  const plain = await startTraces([answering('Rainy.')])
  const response = await stand.chat({ messages }, { traceparent: traceparent() })
  expect(response.text()).toBe((await plain.chat({ messages })).text())
  expect(await contentOf(stand)).toEqual({ input: asked, output: answered })
})

test('so is one that is translated', async () => {
  const stand = await startCapturing(answering('Rainy.'))
  const body = {
    model: 'smart',
    stream: true,
    max_tokens: 10,
    system: 'Be brief.',
    messages: messages.slice(1),
  }
  const { response } = await stand.send(
    jsonRequest('/v1/messages', body, { traceparent: traceparent() }),
  )
  await response.ended()
  expect(response.text()).toContain('Rainy.')
  expect(await contentOf(stand)).toEqual({ input: asked, output: answered })
})

test('a whole answer is read with its calls of tools', async () => {
  const call = {
    id: 'call_1',
    type: 'function',
    function: { name: 'weather', arguments: '{"a":1}' },
  }
  const stand = await startCapturing(
    json(200, {
      id: 'chatcmpl-1',
      object: 'chat.completion',
      created: 1,
      model: 'm',
      choices: [
        {
          index: 0,
          message: { role: 'assistant', content: null, tool_calls: [call] },
          finish_reason: 'tool_calls',
        },
      ],
    }),
  )
  await stand.chat({ messages, stream: false }, { traceparent: traceparent() })
  const { output } = await contentOf(stand)
  expect(output).toEqual([
    {
      role: 'assistant',
      parts: [{ type: 'tool_call', id: 'call_1', name: 'weather', arguments: '{"a":1}' }],
      finish_reason: 'tool_call',
    },
  ])
})

test('what is long is cut, and the newest message is what is kept', async () => {
  const stand = await startCapturing(answering('b'.repeat(100_000)))
  const long = [
    { role: 'user', content: 'oldest' },
    { role: 'user', content: 'a'.repeat(100_000) },
    { role: 'user', content: 'newest' },
  ]
  await stand.chat({ messages: long }, { traceparent: traceparent() })
  const { input, output } = await contentOf(stand)
  expect(input).toHaveLength(2)
  expect(input[0].parts[0].content).toBe('a'.repeat(16_384 - 'newest'.length))
  expect(input[1].parts[0].content).toBe('newest')
  expect(output[0].parts[0].content).toBe('b'.repeat(16_384))
})

test('nothing is taken down of a trace that is not kept', async () => {
  const stand = await startCapturing(answering('Rainy.'))
  await stand.chat({ messages }, { traceparent: traceparent('00') })
  await stand.app.stop(0)
  expect(stand.collector.texts.join()).not.toContain('Paris')
  expect(stand.collector.spans).toEqual([])
})
