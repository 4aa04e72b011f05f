/**
 * Tools that take free text, through providers that have functions only: `openai`'s own client
 * gets a custom call and sends it back, and never hears that it was a function in between.
 */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import OpenAI from 'openai'
import type { ChatCompletionMessageParam } from 'openai/resources/chat/completions'
import type { ResponseInputItem } from 'openai/resources/responses/responses'
import { z } from 'zod'
import type { Seen } from './conversation.ts'
import { anthropicMessages } from './providers/anthropic-messages.ts'
import { bedrockConverse } from './providers/bedrock-converse.ts'
import { cohereChat } from './providers/cohere-chat.ts'
import { gemini } from './providers/gemini.ts'
import { ollamaChat } from './providers/ollama-chat.ts'
import { moonshot } from './providers/openai-chat.ts'
import { type ScriptedProvider, type Step, sseBytes } from './providers/provider.ts'
import { ANSWER } from './scenario.ts'
import { Stand } from './stand.ts'

const NAME = 'apply_patch'
const DESCRIPTION = 'Changes files.'
const GRAMMAR = 'start: "*** Begin Patch" LF hunk+ "*** End Patch"'
const PATCH = '*** Begin Patch\n*** Add File: "Zürich 🏔️".txt\n+\tC:\\new\\u0041\n*** End Patch\n'
const RESULT = 'Done: 1 file.'
const QUESTION = 'Add a file.'

/** What the model writes, in pieces that end anywhere. */
const written = JSON.stringify({ input: PATCH })
const fragments = written.match(/.{1,7}/gs) ?? []

const messagesCall = (): Uint8Array => {
  const usage = { input_tokens: 9, output_tokens: 1 }
  const message = {
    ...{ id: 'msg_1', type: 'message', role: 'assistant', model: 'claude-sonnet-4-5' },
    ...{ content: [], stop_reason: null, stop_sequence: null, usage },
  }
  const start = { type: 'tool_use', id: 'toolu_01', name: NAME, input: {} }
  const events = [
    { type: 'message_start', message },
    { type: 'content_block_start', index: 0, content_block: start },
    ...['', ...fragments].map((text) => ({
      type: 'content_block_delta',
      index: 0,
      delta: { type: 'input_json_delta', partial_json: text },
    })),
    { type: 'content_block_stop', index: 0 },
    { type: 'message_delta', delta: { stop_reason: 'tool_use', stop_sequence: null }, usage },
    { type: 'message_stop' },
  ]
  return sseBytes(events.map((event) => [event.type, event]))
}

const geminiAnswer = {
  candidates: [
    {
      content: {
        role: 'model',
        parts: [
          { functionCall: { name: NAME, args: { input: PATCH } }, thoughtSignature: 'c2lnbmVk' },
        ],
      },
      finishReason: 'STOP',
      index: 0,
    },
  ],
  responseId: 'resp-1',
}

const chatCall = (): Uint8Array => {
  const chunk = (delta: object, finish: string | null = null) => ({
    ...{ id: 'chatcmpl-1', object: 'chat.completion.chunk', created: 1, model: 'kimi' },
    choices: [{ index: 0, delta, finish_reason: finish }],
  })
  const called = { name: NAME, arguments: '' }
  const chunks = [
    chunk({ role: 'assistant', content: '' }),
    chunk({ tool_calls: [{ index: 0, id: 'call_1', type: 'function', function: called }] }),
    ...fragments.map((text) =>
      chunk({ tool_calls: [{ index: 0, function: { arguments: text } }] }),
    ),
    chunk({}, 'tool_calls'),
  ]
  return sseBytes(
    chunks.map((data) => [null, data]),
    'data: [DONE]\n\n',
  )
}

const calling = (provider: ScriptedProvider, bytes: Uint8Array): ScriptedProvider => ({
  ...provider,
  answer: (step: Step) => (step === 'calls' ? bytes : provider.answer(step)),
})

/** Those that call, and take the call back. */
const callers = [
  calling(anthropicMessages, messagesCall()),
  calling(gemini, sseBytes([[null, geminiAnswer]])),
  calling(moonshot, chatCall()),
]
/** Ollama's OpenAI endpoint, to which chats pass as they are unless they have custom tools. */
const ollama: ScriptedProvider = {
  ...calling(moonshot, chatCall()),
  ...{ name: 'ollama', kind: 'ollama', model: 'qwen3', environment: ollamaChat.environment },
  expectHead: ({ path }) => expect(path).toBe('/v1/chat/completions'),
}
/** Those that only take it back here. */
const takers = [...callers, bedrockConverse, cohereChat]

let stand: Stand
let client: OpenAI
beforeAll(async () => {
  stand = await Stand.start([...takers, ollama])
  client = new OpenAI({ baseURL: `${stand.app.url}v1`, apiKey: 'sk-client', maxRetries: 0 })
})
afterAll(() => stand.stop())

const modelOf = ({ name, model }: ScriptedProvider): string => `${name}/${model}`

/** What the client is told of one turn. */
interface Told {
  /** The input in the pieces in which it came. */
  readonly pieces: readonly string[]
  readonly text: string
}

/** A conversation in one of the client's dialects. */
interface Talk {
  ask(model: string): Promise<Told>
  /** Sends back the call, with what came of it. */
  answerCall(): void
}

function chatTalk(): Talk {
  const messages: ChatCompletionMessageParam[] = [{ role: 'user', content: QUESTION }]
  let call = { id: '', name: '', input: '' }
  return {
    async ask(model) {
      const format = { type: 'grammar', grammar: { syntax: 'lark', definition: GRAMMAR } } as const
      const custom = { name: NAME, description: DESCRIPTION, format }
      const tools = [{ type: 'custom' as const, custom }]
      const stream = await client.chat.completions.create({ model, stream: true, messages, tools })
      const pieces: string[] = []
      const reasons: string[] = []
      let text = ''
      for await (const { choices } of stream) {
        const [choice] = choices
        text += choice?.delta.content ?? ''
        if (choice?.finish_reason) reasons.push(choice.finish_reason)
        for (const delta of choice?.delta.tool_calls ?? []) {
          expect(delta).not.toHaveProperty('function')
          const { id, type, custom: said } = delta as unknown as CustomDelta
          if (id !== undefined) {
            expect(type).toBe('custom')
            call = { id, name: said.name ?? '', input: '' }
          }
          if (said.input) pieces.push(said.input)
        }
      }
      expect(reasons).toEqual([pieces.length > 0 ? 'tool_calls' : 'stop'])
      call.input = pieces.join('')
      return { pieces, text }
    },
    answerCall() {
      const { id, name, input } = call
      expect(name).toBe(NAME)
      const said = { id, type: 'custom', custom: { name, input } } as const
      messages.push({ role: 'assistant', content: null, tool_calls: [said] })
      messages.push({ role: 'tool', tool_call_id: id, content: RESULT })
    },
  }
}

/** The client's own types know custom calls in whole answers only. */
interface CustomDelta {
  readonly id?: string
  readonly type?: string
  readonly custom: { readonly name?: string; readonly input?: string }
}

function responsesTalk(): Talk {
  const input: ResponseInputItem[] = [{ role: 'user', content: QUESTION }]
  let callId = ''
  return {
    async ask(model) {
      const format = { type: 'grammar', syntax: 'lark', definition: GRAMMAR } as const
      const stream = await client.responses.create({
        ...{ model, stream: true, store: false, input },
        tools: [{ type: 'custom', name: NAME, description: DESCRIPTION, format }],
      })
      const pieces: string[] = []
      const types: string[] = []
      let text = ''
      for await (const event of stream) {
        types.push(event.type)
        if (event.type === 'response.custom_tool_call_input.delta') pieces.push(event.delta)
        if (event.type === 'response.custom_tool_call_input.done') {
          expect(event.input).toBe(pieces.join(''))
        }
        if (event.type === 'response.completed') {
          input.push(...(event.response.output as ResponseInputItem[]))
          const call = event.response.output.find(({ type }) => type === 'custom_tool_call')
          if (call?.type === 'custom_tool_call') {
            expect(call).toMatchObject({ name: NAME, input: pieces.join('') })
            callId = call.call_id
          }
          const messages = event.response.output.flatMap((item) =>
            item.type === 'message' ? item.content : [],
          )
          text = messages.map((part) => (part.type === 'output_text' ? part.text : '')).join('')
        }
      }
      expect(types.join()).not.toContain('function_call')
      expect(types.at(-1)).toBe('response.completed')
      return { pieces, text }
    },
    answerCall() {
      input.push({ type: 'custom_tool_call_output', call_id: callId, output: RESULT })
    },
  }
}

function expectFunction({ tools }: Seen): void {
  expect(tools).toHaveLength(1)
  const [tool] = tools
  expect(tool?.name).toBe(NAME)
  expect(tool?.description.startsWith(DESCRIPTION)).toBe(true)
  expect(tool?.description).toContain('lark')
  expect(tool?.description).toContain(GRAMMAR)
  expect(tool?.parameters).toMatchObject({
    type: 'object',
    properties: { input: { type: 'string' } },
    required: ['input'],
  })
}

const talks = [['openai-chat', chatTalk] as const, ['openai-responses', responsesTalk] as const]

describe.each(talks)('%s', (_, begin) => {
  for (const caller of callers) {
    for (const taker of takers) {
      test(`is called by ${caller.name}, and goes on with ${taker.name}`, async () => {
        const talk = begin()
        const first = await stand.expecting({ provider: caller, step: 'calls' }, () =>
          talk.ask(modelOf(caller)),
        )
        expectFunction(first.accepted.seen)
        const { pieces } = first.result
        expect(pieces.join('')).toBe(PATCH)
        expect(pieces.every((piece) => piece.isWellFormed())).toBe(true)
        // Google's arguments come whole; of the others, no piece waits for all of them.
        if (caller !== callers[1]) expect(pieces.length).toBeGreaterThan(5)
        talk.answerCall()
        const second = await stand.expecting({ provider: taker, step: 'answer' }, () =>
          talk.ask(modelOf(taker)),
        )
        expect(second.result).toEqual({ pieces: [], text: ANSWER.join('') })
        const { seen } = second.accepted
        expectFunction(seen)
        const [, called, answered] = seen.turns
        expect(called).toMatchObject({
          role: 'assistant',
          calls: [{ name: NAME, arguments: { input: PATCH } }],
        })
        expect(answered).toMatchObject({ role: 'tool', results: [{ text: RESULT }] })
      })
    }
  }
})

test('a chat through the OpenAI endpoint of Ollama', async () => {
  const talk = chatTalk()
  for (const step of ['calls', 'answer'] as const) {
    const { accepted, result } = await stand.expecting({ provider: ollama, step }, () =>
      talk.ask(modelOf(ollama)),
    )
    expectFunction(accepted.seen)
    expect(result.pieces.join('')).toBe(step === 'calls' ? PATCH : '')
    if (step === 'calls') talk.answerCall()
    else expect(accepted.text).not.toContain('"custom"')
  }
})

describe('an answer that is not streamed', () => {
  const answers: readonly (readonly [ScriptedProvider, object])[] = [
    [
      anthropicMessages,
      {
        ...{ id: 'msg_1', type: 'message', role: 'assistant', model: 'claude' },
        content: [{ type: 'tool_use', id: 'toolu_1', name: NAME, input: { input: PATCH } }],
        ...{ stop_reason: 'tool_use', stop_sequence: null },
        usage: { input_tokens: 1, output_tokens: 1 },
      },
    ],
    [gemini, geminiAnswer],
    [
      moonshot,
      {
        ...{ id: 'chatcmpl-1', object: 'chat.completion', created: 1, model: 'kimi' },
        choices: [
          {
            index: 0,
            message: {
              ...{ role: 'assistant', content: null },
              tool_calls: [
                { id: 'call_1', type: 'function', function: { name: NAME, arguments: written } },
              ],
            },
            finish_reason: 'tool_calls',
          },
        ],
      },
    ],
  ]
  for (const [provider, answer] of answers) {
    const whole: ScriptedProvider = {
      ...provider,
      expectHead: () => {},
      schema: z.unknown(),
      read: () => ({ system: '', tools: [], thinks: false, turns: [] }),
      contentType: 'application/json',
      answer: () => new TextEncoder().encode(JSON.stringify(answer)),
    }
    const expected = { provider: whole, step: 'calls' } as const
    const model = modelOf(provider)

    test(`of ${provider.name} has the call in a chat completion`, async () => {
      const messages = [{ role: 'user' as const, content: QUESTION }]
      const tools = [{ type: 'custom' as const, custom: { name: NAME } }]
      const { result } = await stand.expecting(expected, () =>
        client.chat.completions.create({ model, messages, tools }),
      )
      const [choice] = result.choices
      expect(choice?.finish_reason).toBe('tool_calls')
      expect(choice?.message.tool_calls).toMatchObject([
        { type: 'custom', custom: { name: NAME, input: PATCH } },
      ])
    })

    test(`of ${provider.name} has the call in a response`, async () => {
      const { result } = await stand.expecting(expected, () =>
        client.responses.create({
          model,
          input: QUESTION,
          tools: [{ type: 'custom', name: NAME }],
        }),
      )
      expect(result.output.filter(({ type }) => type !== 'reasoning')).toMatchObject([
        { type: 'custom_tool_call', name: NAME, input: PATCH, status: 'completed' },
      ])
    })
  }
})
