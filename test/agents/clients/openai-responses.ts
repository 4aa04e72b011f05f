/** An agent on `openai`'s responses, which keeps its state itself. */
import OpenAI from 'openai'
import type { Response, ResponseInputItem } from 'openai/resources/responses/responses'
import { FOLLOW_UP, IMAGE, QUESTION, RESULTS, SYSTEM, TOOLS } from '../scenario.ts'
import type { Agent, Answered, Conversation } from './client.ts'

class ResponsesConversation implements Conversation {
  readonly #client: OpenAI
  #last: Response['output'] = []
  readonly #input: ResponseInputItem[] = [
    {
      role: 'user',
      content: [
        { type: 'input_text', text: QUESTION },
        {
          type: 'input_image',
          detail: 'auto',
          image_url: `data:${IMAGE.mediaType};base64,${IMAGE.base64}`,
        },
      ],
    },
  ]

  constructor(url: URL) {
    this.#client = new OpenAI({ baseURL: `${url}v1`, apiKey: 'sk-client', maxRetries: 0 })
  }

  async ask(model: string): Promise<Answered> {
    const stream = await this.#client.responses.create({
      model,
      stream: true,
      store: false,
      instructions: SYSTEM,
      input: this.#input,
      include: ['reasoning.encrypted_content'],
      reasoning: { effort: 'low', summary: 'auto' },
      max_output_tokens: 4_096,
      tools: TOOLS.map(({ name, description, parameters }) => {
        return { type: 'function', name, description, parameters: { ...parameters }, strict: false }
      }),
    })
    let response: Response | null = null
    for await (const event of stream) {
      if (event.type === 'response.completed') response = event.response
    }
    if (response === null) throw new Error('the response was not completed')
    this.#last = response.output
    this.#input.push(...(response.output as ResponseInputItem[]))
    return answered(response)
  }

  answerTools(): void {
    const calls = this.#last.filter((item) => item.type === 'function_call')
    for (const [index, { call_id }] of calls.entries()) {
      const output = RESULTS[index]?.text ?? ''
      this.#input.push({ type: 'function_call_output', call_id, output })
    }
  }

  followUp(): void {
    this.#input.push({ role: 'user', content: FOLLOW_UP })
  }
}

function answered({ output, usage }: Response): Answered {
  const calls = output.filter((item) => item.type === 'function_call')
  const thinking = output.flatMap((item) => (item.type === 'reasoning' ? item.summary : []))
  const texts = output
    .flatMap((item) => (item.type === 'message' ? item.content : []))
    .map((part) => (part.type === 'output_text' ? part.text : ''))
  return {
    thinking: thinking.map(({ text }) => text).join(''),
    text: texts.join(''),
    calls: calls.map(({ call_id: id, name, arguments: text }) => {
      return { id, name, arguments: JSON.parse(text) as unknown }
    }),
    wantsTools: null,
    inputTokens: usage?.input_tokens ?? null,
    outputTokens: usage?.output_tokens ?? null,
  }
}

/** Responses. */
export const responsesAgent: Agent = {
  dialect: 'openai-responses',
  tellsFailure: false,
  begin: (url) => new ResponsesConversation(url),
}
