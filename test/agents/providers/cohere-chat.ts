/** Cohere, which plans its calls in words of their own and signs nothing. */
import { expect } from 'bun:test'
import type { z } from 'zod'
import {
  addResult,
  emptyAssistant,
  expectOrder,
  type Seen,
  type SeenTurn,
} from '../conversation.ts'
import { ANSWER, CALLS, LAST_ANSWER, THINKING } from '../scenario.ts'
import { cohereChatRequest } from '../schemas/cohere-chat.ts'
import { dataUrl, joinedText, type ScriptedProvider, type Step, sseBytes } from './provider.ts'

const callIds = ['find_weather_mn34', 'find_train_op56'] as const

type Event = Readonly<Record<string, unknown>> & { readonly type: string }

const content = (
  index: number,
  type: 'text' | 'thinking',
  pieces: readonly string[],
): readonly Event[] => [
  {
    type: 'content-start',
    index,
    delta: { message: { content: { type, [type]: '' } } },
  },
  ...pieces.map((piece) => ({
    type: 'content-delta',
    index,
    delta: { message: { content: { [type]: piece } } },
  })),
  { type: 'content-end', index },
]

function eventsOf(step: Step): readonly Event[] {
  if (step === 'answer') return content(0, 'text', ANSWER)
  if (step === 'last') return content(0, 'text', LAST_ANSWER)
  return [
    ...THINKING.map((text) => ({
      type: 'tool-plan-delta',
      delta: { message: { tool_plan: text } },
    })),
    ...CALLS.flatMap(({ name, fragments }, index) => [
      {
        type: 'tool-call-start',
        index,
        delta: {
          message: {
            tool_calls: {
              id: callIds[index],
              type: 'function',
              function: { name, arguments: '' },
            },
          },
        },
      },
      ...fragments.map((text) => ({
        type: 'tool-call-delta',
        index,
        delta: { message: { tool_calls: { function: { arguments: text } } } },
      })),
      { type: 'tool-call-end', index },
    ]),
  ]
}

function answer(step: Step): Uint8Array {
  const message = { role: 'assistant', content: [], tool_plan: '', tool_calls: [], citations: [] }
  const tokens = { input_tokens: 90, output_tokens: 30 }
  const end = {
    finish_reason: step === 'calls' ? 'TOOL_CALL' : 'COMPLETE',
    usage: { billed_units: { input_tokens: 80, output_tokens: 30 }, tokens },
  }
  const events: readonly Event[] = [
    { type: 'message-start', id: `c0-${step}`, delta: { message } },
    ...eventsOf(step),
    { type: 'message-end', id: `c0-${step}`, delta: end },
  ]
  return sseBytes(
    events.map((event) => [event.type, event]),
    'data: [DONE]\n\n',
  )
}

type Body = z.infer<typeof cohereChatRequest>
type Assistant = Extract<Body['messages'][number], { role: 'assistant' }>

function readAssistant({ content: said, tool_plan: plan, tool_calls }: Assistant): SeenTurn {
  const thinking = Array.isArray(said)
    ? said.flatMap((part) => (part.type === 'thinking' ? [part.thinking] : []))
    : []
  const thought = plan ?? thinking.join('')
  return {
    ...emptyAssistant(),
    thinking: thought === '' ? null : { text: thought, signature: null },
    text: joinedText(said),
    calls: (tool_calls ?? []).map(({ id, function: called }) => ({
      id,
      name: called.name,
      arguments: JSON.parse(called.arguments) as unknown,
    })),
  }
}

function read({ messages, tools, thinking }: Body): Seen {
  const turns: SeenTurn[] = []
  let system = ''
  for (const message of messages) {
    if (message.role === 'system') system += joinedText(message.content)
    else if (message.role === 'assistant') turns.push(readAssistant(message))
    else if (message.role === 'user') {
      const parts = Array.isArray(message.content) ? message.content : []
      const images = parts.flatMap((part) =>
        part.type === 'image_url' ? [dataUrl(part.image_url.url)] : [],
      )
      turns.push({ role: 'user', text: joinedText(message.content), images })
    } else {
      const { tool_call_id: id, content: said } = message
      const result = { id, name: null, text: joinedText(said), isError: null }
      addResult(turns, result)
    }
  }
  return {
    system,
    tools: tools.map(({ function: { name, description = '', parameters } }) => {
      return { name, description, parameters }
    }),
    thinks: thinking?.type === 'enabled',
    turns,
  }
}

/** Cohere's version 2. */
export const cohereChat: ScriptedProvider = {
  name: 'cohere',
  kind: 'cohere',
  dialect: 'cohere-chat',
  model: 'command-a-reasoning-08-2025',
  environment: (url) => ({ COHERE_API_KEY: 'co-test', COHERE_BASE_URL: url }),
  expectHead(request) {
    expect(request.path).toBe('/v2/chat')
    expect(request.header('authorization')).toBe('Bearer co-test')
  },
  schema: cohereChatRequest,
  read: (body) => expectOrder(read(body as Body)),
  contentType: 'text/event-stream',
  answer,
  callIds,
  signature: null,
  takesThinking: 'plain',
  thinksFromTheStart: false,
  hasPreamble: false,
  hearsFailure: false,
}
