/** What the official SDK raises, and what of it an application can read. */
import type OpenAI from 'openai'
import { APIError } from 'openai'

/** What is asked where the question does not matter. */
export const messages = [{ role: 'user', content: 'Hi' } as const]

/** What is raised, and what came before it. */
export interface Raised {
  readonly error: APIError
  readonly chunks: readonly unknown[]
}

/** Asks for a chat and expects it to fail. */
export async function raisedBy(client: OpenAI, model: string, stream: boolean): Promise<Raised> {
  const chunks: unknown[] = []
  try {
    const answer = await client.chat.completions.create({ model, messages, stream })
    if (Symbol.asyncIterator in answer) for await (const chunk of answer) chunks.push(chunk)
  } catch (thrown) {
    if (thrown instanceof APIError) return { error: thrown, chunks }
    throw thrown
  }
  throw new Error('nothing was raised')
}

/** All that an application can read from an error. */
export const factsOf = (error: APIError) => ({
  class: error.constructor.name,
  status: error.status,
  message: error.message,
  code: error.code,
  type: error.type,
  param: error.param,
  retryAfter: error.headers?.get('retry-after') ?? null,
})

/** The body of an error as OpenAI writes it. */
export const refusal = (message: string, code: string | null, param: string | null = null) => ({
  error: { message, type: 'invalid_request_error', param, code },
})
