/** OpenAI as clients of its Responses API meet it. */
import { expect } from 'bun:test'
import type { z } from 'zod'
import {
  type AssistantDraft,
  emptyAssistant,
  expectOrder,
  type SeenResult,
  type SeenTurn,
} from '../conversation.ts'
import {
  ANSWER,
  argumentsOf,
  CALLS,
  LAST_ANSWER,
  PREAMBLE,
  THINKING,
  type WantedCall,
} from '../scenario.ts'
import { openaiResponsesRequest } from '../schemas/openai-responses.ts'
import { dataUrl, joinedText, type ScriptedProvider, type Step, sseBytes } from './provider.ts'

const callIds = ['call_Ef56', 'call_Gh78'] as const
const signature = 'gAAAAABo/encrypted+reasoning=='

type Event = Readonly<Record<string, unknown>>

/** The events of one item, and the item as it is when it is done. */
interface Item {
  readonly done: Event
  readonly events: readonly Event[]
}

function reasoningItem(at: number): Item {
  const text = THINKING.join('')
  const item = { id: 'rs_01', type: 'reasoning', summary: [] as Event[] }
  const place = { item_id: 'rs_01', output_index: at, summary_index: 0 }
  const part = { type: 'summary_text', text }
  const name = 'response.reasoning_summary'
  const done = { ...item, summary: [part], encrypted_content: signature }
  return {
    done,
    events: [
      { type: 'response.output_item.added', output_index: at, item },
      { type: `${name}_part.added`, ...place, part: { ...part, text: '' } },
      ...THINKING.map((delta) => ({ type: `${name}_text.delta`, ...place, delta })),
      { type: `${name}_text.done`, ...place, text },
      { type: `${name}_part.done`, ...place, part },
      { type: 'response.output_item.done', output_index: at, item: done },
    ],
  }
}

function messageItem(at: number, texts: readonly string[], id: string): Item {
  const text = texts.join('')
  const item = { id, type: 'message', status: 'in_progress', role: 'assistant', content: [] }
  const place = { item_id: id, output_index: at, content_index: 0 }
  const part = { type: 'output_text', annotations: [], logprobs: [], text }
  const name = 'response.output_text'
  const done = { ...item, status: 'completed', content: [part] }
  return {
    done,
    events: [
      { type: 'response.output_item.added', output_index: at, item },
      { type: 'response.content_part.added', ...place, part: { ...part, text: '' } },
      ...texts.map((delta) => ({ type: `${name}.delta`, ...place, delta, logprobs: [] })),
      { type: `${name}.done`, ...place, text, logprobs: [] },
      { type: 'response.content_part.done', ...place, part },
      { type: 'response.output_item.done', output_index: at, item: done },
    ],
  }
}

function callItem(at: number, call: WantedCall, callId: string | undefined): Item {
  const id = `fc_0${at}`
  const { name } = call
  const item = { id, type: 'function_call', status: 'in_progress', call_id: callId, name }
  const place = { item_id: id, output_index: at }
  const event = 'response.function_call_arguments'
  const done = { ...item, status: 'completed', arguments: argumentsOf(call) }
  return {
    done,
    events: [
      {
        type: 'response.output_item.added',
        output_index: at,
        item: { ...item, arguments: '' },
      },
      ...call.fragments.map((delta) => ({ type: `${event}.delta`, ...place, delta })),
      { type: `${event}.done`, ...place, arguments: argumentsOf(call) },
      { type: 'response.output_item.done', output_index: at, item: done },
    ],
  }
}

function itemsOf(step: Step): readonly Item[] {
  if (step === 'answer') return [messageItem(0, ANSWER, 'msg_02')]
  if (step === 'last') return [messageItem(0, LAST_ANSWER, 'msg_03')]
  return [
    reasoningItem(0),
    messageItem(1, PREAMBLE, 'msg_01'),
    ...CALLS.map((call, index) => callItem(index + 2, call, callIds[index])),
  ]
}

function answer(step: Step): Uint8Array {
  const items = itemsOf(step)
  const response = {
    ...{ id: `resp_${step}`, object: 'response', created_at: 1_760_000_000, model: 'gpt-5' },
    ...{ status: 'in_progress', error: null, incomplete_details: null, output: [], usage: null },
    ...{ parallel_tool_calls: true, store: false, tools: [], metadata: {} },
  }
  const usage = {
    ...{ input_tokens: 90, input_tokens_details: { cached_tokens: 0 } },
    ...{ output_tokens: 30, output_tokens_details: { reasoning_tokens: 9 }, total_tokens: 120 },
  }
  const output = items.map(({ done }) => done)
  const events: readonly Event[] = [
    { type: 'response.created', response },
    { type: 'response.in_progress', response },
    ...items.flatMap(({ events: all }) => all),
    { type: 'response.completed', response: { ...response, status: 'completed', output, usage } },
  ]
  return sseBytes(
    events.map((event, index) => [String(event.type), { ...event, sequence_number: index }]),
  )
}

type Body = z.infer<typeof openaiResponsesRequest>

/** The turns of a list of items; what the assistant says until somebody else speaks is one. */
class Turns {
  readonly list: SeenTurn[] = []
  system = ''
  #assistant: AssistantDraft | null = null
  #results: SeenResult[] | null = null

  take(item: Body['input'][number]): void {
    if (item.type === 'function_call_output') {
      const { call_id: id, output } = item
      const result = { id, name: null, text: joinedText(output), isError: null }
      this.#assistant = null
      if (this.#results !== null) this.#results.push(result)
      else {
        this.#results = [result]
        this.list.push({ role: 'tool', results: this.#results })
      }
    } else if (item.type === 'function_call') {
      const { call_id: id, name, arguments: text } = item
      this.#draft().calls.push({ id, name, arguments: JSON.parse(text) })
    } else if (item.type === 'reasoning') {
      const text = item.summary.map((part) => part.text).join('')
      this.#draft().thinking = { text, signature: item.encrypted_content ?? null }
    } else if (item.role === 'assistant') this.#draft().text += joinedText(item.content)
    else this.#say(item.role, item.content)
  }

  #say(role: string, content: unknown): void {
    this.#assistant = null
    this.#results = null
    if (role !== 'user') {
      this.system += joinedText(content)
      return
    }
    const parts = Array.isArray(content) ? content : []
    const images = parts
      .filter(({ type }) => type === 'input_image')
      .map(({ image_url: url }) => dataUrl(url))
    this.list.push({ role: 'user', text: joinedText(content), images })
  }

  #draft(): AssistantDraft {
    this.#results = null
    if (this.#assistant === null) {
      this.#assistant = emptyAssistant()
      this.list.push(this.#assistant)
    }
    return this.#assistant
  }
}

/** OpenAI's Responses. */
export const openaiResponses: ScriptedProvider = {
  name: 'openai',
  kind: 'openai',
  dialect: 'openai-responses',
  model: 'gpt-5',
  environment: (url) => ({ OPENAI_API_KEY: 'sk-openai', OPENAI_BASE_URL: `${url}/v1` }),
  expectHead(request) {
    expect(request.path).toBe('/v1/responses')
    expect(request.header('authorization')).toBe('Bearer sk-openai')
  },
  schema: openaiResponsesRequest,
  read(body) {
    const { instructions = '', input, tools, reasoning } = body as Body
    const turns = new Turns()
    for (const item of input) turns.take(item)
    const seen = {
      system: instructions + turns.system,
      tools: tools.map(({ name, description, parameters }) => {
        return { name, description: description ?? '', parameters }
      }),
      thinks: reasoning !== undefined,
      turns: turns.list,
    }
    return expectOrder(seen)
  },
  contentType: 'text/event-stream; charset=utf-8',
  answer,
  callIds,
  signature,
  takesThinking: 'signed',
  thinksFromTheStart: false,
  hasPreamble: true,
  hearsFailure: false,
}
