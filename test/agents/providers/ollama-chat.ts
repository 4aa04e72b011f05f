/** Ollama's own API: lines of JSON, whole calls, no ids. */
import { expect } from 'bun:test'
import type { z } from 'zod'
import {
  addResult,
  emptyAssistant,
  expectOrder,
  type Seen,
  type SeenTurn,
} from '../conversation.ts'
import { ANSWER, argumentsOf, CALLS, LAST_ANSWER, PREAMBLE, THINKING } from '../scenario.ts'
import { ollamaChatRequest } from '../schemas/ollama-chat.ts'
import type { ScriptedProvider, Step } from './provider.ts'

function messagesOf(step: Step): readonly object[] {
  if (step === 'answer') return ANSWER.map((content) => ({ content }))
  if (step === 'last') return LAST_ANSWER.map((content) => ({ content }))
  return [
    ...THINKING.map((thinking) => ({ content: '', thinking })),
    ...PREAMBLE.map((content) => ({ content })),
    ...CALLS.map((call, index) => ({
      content: '',
      tool_calls: [
        {
          function: { index, name: call.name, arguments: JSON.parse(argumentsOf(call)) as object },
        },
      ],
    })),
  ]
}

function answer(step: Step): Uint8Array {
  const base = { model: 'qwen3', created_at: '2026-01-02T03:04:05.678901234Z' }
  const lines = messagesOf(step).map((message) => {
    return { ...base, message: { role: 'assistant', ...message }, done: false }
  })
  const last = {
    ...{ ...base, message: { role: 'assistant', content: '' } },
    ...{ done: true, done_reason: 'stop', total_duration: 9_000, load_duration: 1_000 },
    ...{ prompt_eval_count: 90, prompt_eval_duration: 2_000 },
    ...{ eval_count: 30, eval_duration: 6_000 },
  }
  const text = [...lines, last].map((line) => `${JSON.stringify(line)}\n`).join('')
  return new TextEncoder().encode(text)
}

type Body = z.infer<typeof ollamaChatRequest>

function read({ messages, tools, think }: Body): Seen {
  const turns: SeenTurn[] = []
  let system = ''
  for (const message of messages) {
    if (message.role === 'system') system += message.content
    else if (message.role === 'user') {
      // It looks into the bytes for the type.
      const images = (message.images ?? []).map((base64) => ({ mediaType: null, base64 }))
      turns.push({ role: 'user', text: message.content, images })
    } else if (message.role === 'assistant') {
      const { thinking, content: text, tool_calls: calls = [] } = message
      turns.push({
        ...emptyAssistant(),
        thinking: thinking === undefined ? null : { text: thinking, signature: null },
        text,
        calls: calls.map(({ id = null, function: called }) => {
          return { id, name: called.name, arguments: called.arguments }
        }),
      })
    } else {
      const { tool_name: name, tool_call_id: id = null, content: text } = message
      addResult(turns, { id, name, text, isError: null })
    }
  }
  return {
    system,
    tools: tools.map(({ function: { name, description, parameters } }) => {
      return { name, description, parameters }
    }),
    thinks: think !== undefined && think !== false,
    turns,
  }
}

/** Ollama. */
export const ollamaChat: ScriptedProvider = {
  name: 'ollama',
  kind: 'ollama',
  dialect: 'ollama-chat',
  model: 'qwen3',
  environment: (url) => ({ OLLAMA_BASE_URL: url }),
  expectHead(request) {
    expect(request.path).toBe('/api/chat')
  },
  schema: ollamaChatRequest,
  read: (body) => expectOrder(read(body as Body)),
  contentType: 'application/x-ndjson',
  answer,
  callIds: null,
  signature: null,
  takesThinking: 'plain',
  thinksFromTheStart: false,
  hasPreamble: true,
  hearsFailure: false,
}
