/** Providers that speak chat completions: OpenAI, OpenRouter with signed thinking, Moonshot. */
import { expect } from 'bun:test'
import type { z } from 'zod'
import {
  addResult,
  emptyAssistant,
  expectOrder,
  type Seen,
  type SeenThinking,
  type SeenTurn,
} from '../conversation.ts'
import { ANSWER, CALLS, LAST_ANSWER, PREAMBLE, THINKING } from '../scenario.ts'
import { moonshotRequest, openaiChatRequest, openrouterRequest } from '../schemas/openai-chat.ts'
import { dataUrl, joinedText, type ScriptedProvider, type Step, sseBytes } from './provider.ts'

const callIds = ['call_Ab12', 'call_Cd34'] as const

/** How a provider tells what it thinks. */
type Thinks = (model: string) => readonly object[]

function answerOf(model: string, step: Step, thinks: Thinks): Uint8Array {
  const base = { object: 'chat.completion.chunk', created: 1_760_000_000, model }
  const id = `chatcmpl-${step}`
  const chunk = (delta: object, finish: string | null = null) => ({
    ...{ id, ...base, service_tier: 'default', system_fingerprint: null },
    choices: [{ index: 0, delta, logprobs: null, finish_reason: finish }],
    usage: null,
    obfuscation: 'x7Yq',
  })
  const usage = { prompt_tokens: 90, completion_tokens: 30, total_tokens: 120 }
  const last = { ...chunk({}), choices: [], usage }
  const texts = step === 'calls' ? PREAMBLE : step === 'answer' ? ANSWER : LAST_ANSWER
  const deltas = [
    { role: 'assistant', content: '', refusal: null },
    ...(step === 'calls' ? thinks(model) : []),
    ...texts.map((content) => ({ content })),
    ...(step === 'calls' ? callDeltas() : []),
  ]
  const chunks = [
    ...deltas.map((delta) => chunk(delta)),
    chunk({}, step === 'calls' ? 'tool_calls' : 'stop'),
    last,
  ]
  return sseBytes(
    chunks.map((data) => [null, data]),
    'data: [DONE]\n\n',
  )
}

function callDeltas(): readonly object[] {
  return CALLS.flatMap(({ name, fragments }, index) => [
    {
      tool_calls: [
        { index, id: callIds[index], type: 'function', function: { name, arguments: '' } },
      ],
    },
    ...fragments.map((text) => ({ tool_calls: [{ index, function: { arguments: text } }] })),
  ])
}

type Body = z.infer<typeof openrouterRequest>
type Assistant = Extract<Body['messages'][number], { role: 'assistant' }>

function read(body: Body): Seen {
  const turns: SeenTurn[] = []
  let system = ''
  for (const message of body.messages) {
    switch (message.role) {
      case 'system':
      case 'developer':
        expect(turns, 'the system speaks first').toEqual([])
        system += joinedText(message.content)
        break
      case 'user':
        turns.push(readUser(message.content))
        break
      case 'assistant':
        turns.push(readAssistant(message))
        break
      case 'tool': {
        const { tool_call_id: id, content } = message
        const result = { id, name: null, text: joinedText(content), isError: null }
        addResult(turns, result)
      }
    }
  }
  const tools = body.tools.map(({ function: { name, description = '', parameters } }) => {
    return { name, description, parameters }
  })
  const thinks = body.reasoning_effort !== undefined || body.reasoning !== undefined
  return { system, tools, turns, thinks }
}

function readUser(content: unknown): SeenTurn {
  const parts = Array.isArray(content) ? content : []
  const images = parts
    .filter(({ type }) => type === 'image_url')
    .map(({ image_url: { url } }) => dataUrl(url))
  return { role: 'user', text: joinedText(content), images }
}

function readAssistant(message: Assistant): SeenTurn {
  const calls = (message.tool_calls ?? []).map(({ id, function: called }) => ({
    id,
    name: called.name,
    arguments: JSON.parse(called.arguments) as unknown,
  }))
  const text = joinedText(message.content)
  return { ...emptyAssistant(), thinking: readThinking(message), text, calls }
}

function readThinking(message: Assistant): SeenThinking | null {
  const details = message.reasoning_details ?? []
  const plain = message.reasoning_content ?? message.reasoning ?? null
  if (details.length === 0) return plain === null ? null : { text: plain, signature: null }
  let text = ''
  let signature: string | null = null
  for (const detail of details) {
    if (detail.type === 'reasoning.text') {
      text += detail.text ?? ''
      // A signature without its format would be sent to the wrong model.
      if (detail.signature) signature = `${detail.format}:${detail.signature}`
    } else if (detail.type === 'reasoning.summary') text += detail.summary
    else signature = `${detail.format}:${detail.data}`
  }
  return { text, signature }
}

const common = {
  dialect: 'openai-chat',
  contentType: 'text/event-stream; charset=utf-8',
  callIds,
  thinksFromTheStart: false,
  hasPreamble: true,
  hearsFailure: false,
}

function chatProvider(
  name: string,
  model: string,
  schema: z.ZodType,
  thinks: Thinks,
): Omit<ScriptedProvider, 'signature' | 'takesThinking'> {
  const prefix = name.toUpperCase()
  return {
    ...common,
    name,
    kind: name,
    model,
    environment: (url) => ({
      [`${prefix}_API_KEY`]: `sk-${name}`,
      [`${prefix}_BASE_URL`]: `${url}/v1`,
    }),
    expectHead(request) {
      expect(request.path).toBe('/v1/chat/completions')
      expect(request.header('authorization')).toBe(`Bearer sk-${name}`)
    },
    schema,
    read: (body) => expectOrder(read(body as Body)),
    answer: (step) => answerOf(model, step, thinks),
  }
}

/** OpenAI, which shows nothing of what it thinks and takes nothing back. */
export const openaiChat: ScriptedProvider = {
  ...chatProvider('openai', 'gpt-5', openaiChatRequest, () => []),
  signature: null,
  takesThinking: 'none',
}

const format = 'anthropic-claude-v1'
const signature = 'EqQBCkYIBRgCKkD+or/router=='

/** OpenRouter, whose thinking has the signature of whoever is behind it. */
export const openrouter: ScriptedProvider = {
  ...chatProvider('openrouter', 'anthropic/claude-sonnet-4.5', openrouterRequest, () => [
    ...THINKING.map((text) => ({
      reasoning: text,
      reasoning_details: [{ type: 'reasoning.text', text, format, index: 0 }],
    })),
    { reasoning_details: [{ type: 'reasoning.text', signature, format, index: 0 }] },
  ]),
  signature: `${format}:${signature}`,
  takesThinking: 'signed',
}

/** Moonshot, which chats and nothing else, and wants its thinking back as text. */
export const moonshot: ScriptedProvider = {
  ...chatProvider('moonshot', 'kimi-k2-thinking', moonshotRequest, () =>
    THINKING.map((text) => ({ content: null, reasoning_content: text })),
  ),
  signature: null,
  takesThinking: 'plain',
}
