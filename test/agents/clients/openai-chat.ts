/** An agent on `openai`'s chat completions. */
import OpenAI from 'openai'
import type {
  ChatCompletionAssistantMessageParam,
  ChatCompletionChunk,
  ChatCompletionMessageParam,
  ParsedFunctionToolCall,
} from 'openai/resources/chat/completions'
import { FOLLOW_UP, IMAGE, QUESTION, RESULTS, SYSTEM, TOOLS } from '../scenario.ts'
import type { Agent, Answered, Conversation } from './client.ts'

/** What OpenAI does not have, and agents for thinking models send back as it came. */
interface Thought {
  readonly reasoning_content?: string
  readonly reasoning?: string
  readonly reasoning_details?: readonly unknown[]
}

const delta = (chunk: ChatCompletionChunk): Thought => (chunk.choices[0]?.delta ?? {}) as Thought

class ChatConversation implements Conversation {
  readonly #client: OpenAI
  readonly #messages: ChatCompletionMessageParam[] = [
    { role: 'system', content: SYSTEM },
    {
      role: 'user',
      content: [
        { type: 'text', text: QUESTION },
        {
          type: 'image_url',
          image_url: { url: `data:${IMAGE.mediaType};base64,${IMAGE.base64}` },
        },
      ],
    },
  ]

  constructor(url: URL) {
    this.#client = new OpenAI({ baseURL: `${url}v1`, apiKey: 'sk-client', maxRetries: 0 })
  }

  async ask(model: string): Promise<Answered> {
    const stream = this.#client.chat.completions.stream({
      model,
      messages: this.#messages,
      tools: TOOLS.map((tool) => ({ type: 'function', function: { ...tool } })),
      reasoning_effort: 'low',
      max_completion_tokens: 4_096,
      stream_options: { include_usage: true },
    })
    const thoughts: Thought[] = []
    stream.on('chunk', (chunk) => thoughts.push(delta(chunk)))
    const { choices, usage } = await stream.finalChatCompletion()
    const [choice] = choices
    if (choice === undefined) throw new Error('no choice')
    const { content, tool_calls } = choice.message
    const calls = (tool_calls ?? []).filter((call) => call.type === 'function')
    const details = thoughts.flatMap(({ reasoning_details: list }) => list ?? [])
    const thinking = thoughts
      .map(({ reasoning_content: text, reasoning }) => text ?? reasoning ?? '')
      .join('')
    const message: ChatCompletionAssistantMessageParam & Thought = {
      role: 'assistant',
      content,
      ...(calls.length > 0 && { tool_calls: calls.map(asSent) }),
      ...(details.length > 0 && { reasoning_details: details }),
      ...(details.length === 0 && thinking !== '' && { reasoning_content: thinking }),
    }
    this.#messages.push(message)
    return {
      thinking,
      text: content ?? '',
      calls: calls.map(({ id, function: { name, arguments: text } }) => {
        return { id, name, arguments: JSON.parse(text) as unknown }
      }),
      wantsTools: choice.finish_reason === 'tool_calls',
      inputTokens: usage?.prompt_tokens ?? null,
      outputTokens: usage?.completion_tokens ?? null,
    }
  }

  answerTools(): void {
    const last = this.#messages.at(-1)
    const calls = last?.role === 'assistant' ? (last.tool_calls ?? []) : []
    for (const [index, { id }] of calls.entries()) {
      this.#messages.push({
        role: 'tool',
        tool_call_id: id,
        content: RESULTS[index]?.text ?? '',
      })
    }
  }

  followUp(): void {
    this.#messages.push({ role: 'user', content: FOLLOW_UP })
  }
}

/** Without what the SDK adds for its own use, and with what a provider added. */
function asSent({ function: called, ...call }: ParsedFunctionToolCall) {
  const { parsed_arguments: _parsed, ...rest } = called
  return { ...call, function: rest }
}

/** Chat completions. */
export const chatAgent: Agent = {
  dialect: 'openai-chat',
  tellsFailure: false,
  begin: (url) => new ChatConversation(url),
}
