/** Reasoning in a conversation that the provider of a chat did not make, and could not read. */
import { isObject, type JsonObject } from '../../core/json.ts'
import { protocolNames } from '../names.ts'

/**
 * Whether a request carries reasoning that a provider of another dialect signed: its format is the
 * name of that dialect, which is how we tell clients. Such a request cannot go to a provider as it
 * is, though both sides speak the same; translated, the signatures are left out.
 */
export function hasForeignReasoning(body: JsonObject): boolean {
  const messages = Array.isArray(body.messages) ? body.messages : []
  return messages.some((message) => {
    const details = isObject(message) ? message.reasoning_details : null
    return Array.isArray(details) && details.some(isForeign)
  })
}

function isForeign(detail: unknown): boolean {
  const format = isObject(detail) ? detail.format : null
  return format !== 'openai-chat' && protocolNames.some((name) => name === format)
}
