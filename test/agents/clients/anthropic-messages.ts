/** An agent on `@anthropic-ai/sdk`. */
import Anthropic from '@anthropic-ai/sdk'
import { FOLLOW_UP, IMAGE, QUESTION, RESULTS, SYSTEM, TOOLS } from '../scenario.ts'
import type { Agent, Answered, Conversation } from './client.ts'

class MessagesConversation implements Conversation {
  readonly #client: Anthropic
  #last: Anthropic.ContentBlock[] = []
  readonly #messages: Anthropic.MessageParam[] = [
    {
      role: 'user',
      content: [
        { type: 'text', text: QUESTION },
        {
          type: 'image',
          source: { type: 'base64', media_type: IMAGE.mediaType, data: IMAGE.base64 },
        },
      ],
    },
  ]

  constructor(url: URL) {
    const baseURL = url.origin
    this.#client = new Anthropic({ baseURL, apiKey: 'sk-client', maxRetries: 0 })
  }

  async ask(model: string): Promise<Answered> {
    const stream = this.#client.messages.stream({
      model,
      max_tokens: 4_096,
      system: SYSTEM,
      thinking: { type: 'enabled', budget_tokens: 2_048 },
      tools: TOOLS.map(({ name, description, parameters }) => {
        const schema = parameters as unknown as Anthropic.Tool.InputSchema
        return { name, description, input_schema: schema }
      }),
      messages: this.#messages,
    })
    const message = await stream.finalMessage()
    const { content, usage } = message
    this.#last = content
    this.#messages.push({ role: 'assistant', content })
    return {
      thinking: content.map((block) => (block.type === 'thinking' ? block.thinking : '')).join(''),
      text: content.map((block) => (block.type === 'text' ? block.text : '')).join(''),
      calls: content.flatMap((block) =>
        block.type === 'tool_use'
          ? [{ id: block.id, name: block.name, arguments: block.input }]
          : [],
      ),
      wantsTools: message.stop_reason === 'tool_use',
      inputTokens: usage.input_tokens,
      outputTokens: usage.output_tokens,
    }
  }

  answerTools(): void {
    const calls = this.#last.filter((block) => block.type === 'tool_use')
    const content = calls.map(({ id }, index): Anthropic.ToolResultBlockParam => {
      const { text = '', isError = false } = RESULTS[index] ?? {}
      return {
        type: 'tool_result',
        tool_use_id: id,
        content: [{ type: 'text', text }],
        ...(isError && { is_error: true }),
      }
    })
    this.#messages.push({ role: 'user', content })
  }

  followUp(): void {
    this.#messages.push({ role: 'user', content: FOLLOW_UP })
  }
}

/** Messages. */
export const messagesAgent: Agent = {
  dialect: 'anthropic-messages',
  tellsFailure: true,
  begin: (url) => new MessagesConversation(url),
}
