/** An agent on `@google/genai`, which keeps the contents as its stream brought them. */
import { type Content, type GenerateContentResponse, GoogleGenAI, type Part } from '@google/genai'
import { FOLLOW_UP, IMAGE, QUESTION, RESULTS, SYSTEM, TOOLS } from '../scenario.ts'
import type { Agent, Answered, Conversation } from './client.ts'

class GeminiConversation implements Conversation {
  readonly #client: GoogleGenAI
  #last: readonly Part[] = []
  readonly #contents: Content[] = [
    {
      role: 'user',
      parts: [
        { text: QUESTION },
        { inlineData: { mimeType: IMAGE.mediaType, data: IMAGE.base64 } },
      ],
    },
  ]

  constructor(url: URL) {
    const httpOptions = { baseUrl: url.origin }
    this.#client = new GoogleGenAI({ apiKey: 'client', httpOptions })
  }

  async ask(model: string): Promise<Answered> {
    const stream = await this.#client.models.generateContentStream({
      model,
      contents: this.#contents,
      config: {
        systemInstruction: SYSTEM,
        maxOutputTokens: 4_096,
        thinkingConfig: { includeThoughts: true, thinkingBudget: 2_048 },
        tools: [
          {
            functionDeclarations: TOOLS.map(({ name, description, parameters }) => {
              return { name, description, parametersJsonSchema: parameters }
            }),
          },
        ],
      },
    })
    const chunks: GenerateContentResponse[] = await Array.fromAsync(stream)
    // As the chats of the SDK do it: one content a chunk, those that say nothing left out.
    const contents = chunks
      .map(({ candidates }) => candidates?.[0]?.content)
      .filter((content) => content !== undefined && (content.parts ?? []).length > 0)
    this.#contents.push(...contents.filter((content) => content !== undefined))
    this.#last = contents.flatMap((content) => content?.parts ?? [])
    return answered(this.#last, chunks)
  }

  answerTools(): void {
    const calls = this.#last.flatMap(({ functionCall }) => functionCall ?? [])
    const parts = calls.map(({ id, name }, index) => {
      const { text, isError } = RESULTS[index] ?? { text: '', isError: false }
      const response = isError ? { error: text } : { output: text }
      return {
        functionResponse: { ...(id !== undefined && { id }), ...(name && { name }), response },
      }
    })
    this.#contents.push({ role: 'user', parts })
  }

  followUp(): void {
    this.#contents.push({ role: 'user', parts: [{ text: FOLLOW_UP }] })
  }
}

function answered(parts: readonly Part[], chunks: readonly GenerateContentResponse[]): Answered {
  const said = (thought: boolean): string =>
    parts
      .filter((part) => (part.thought === true) === thought)
      .map(({ text = '' }) => text)
      .join('')
  const usage = chunks.at(-1)?.usageMetadata
  const spent = (usage?.candidatesTokenCount ?? 0) + (usage?.thoughtsTokenCount ?? 0)
  return {
    thinking: said(true),
    text: said(false),
    calls: parts.flatMap(({ functionCall }) => {
      if (functionCall === undefined) return []
      const { id = null, name = '', args } = functionCall
      return [{ id, name, arguments: args }]
    }),
    wantsTools: null,
    inputTokens: usage?.promptTokenCount ?? null,
    outputTokens: usage === undefined ? null : spent,
  }
}

/** Gemini. */
export const geminiAgent: Agent = {
  dialect: 'gemini',
  tellsFailure: true,
  begin: (url) => new GeminiConversation(url),
}
