/**
 * Signatures of tool calls, where Google's own OpenAI endpoint has them. The hub does not say whose
 * such a signature is, so one that came from a compatible provider is marked: only that kind of
 * provider may get it back. What Gemini itself signed has no mark.
 */
import { type JsonObject, objectAt, textAt } from '../../core/json.ts'

const mark = 'openai-chat|'

/** The signature in an entry of `tool_calls`, as it stands there; null where there is none. */
export function readToolSignature(entry: JsonObject): string | null {
  const google = objectAt(objectAt(entry, 'extra_content') ?? {}, 'google')
  return google === null ? null : textAt(google, 'thought_signature') || null
}

/** A provider's signature, marked as one of this dialect. */
export function markToolSignature(signature: string): string {
  return `${mark}${signature}`
}

/** Whether a signature may go to a provider of this dialect. */
export function isOwnToolSignature(signature: string): boolean {
  return signature.startsWith(mark)
}

/** The fields of an entry of `tool_calls` that carry `signature`. */
export function writeToolSignature(signature: string): JsonObject {
  const plain = isOwnToolSignature(signature) ? signature.slice(mark.length) : signature
  return { extra_content: { google: { thought_signature: plain } } }
}
