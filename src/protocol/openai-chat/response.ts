/** The chat completion that is not streamed. Legacy completions are told the same way. */
import { type JsonObject, objectAt } from '../../core/json.ts'
import { readHiddenError } from '../openai/error.ts'
import { readUsage } from '../openai/usage.ts'
import type { Protocol } from '../protocol.ts'

/** The usage of an answer, or the error that hides in its 200. */
export function readAnswer(body: JsonObject): ReturnType<Protocol['readAnswer']> {
  return {
    usage: readUsage(body.usage ?? objectAt(body, 'x_groq')?.usage),
    error: readHiddenError(body),
  }
}
