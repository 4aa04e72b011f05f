/** Thinking in a conversation that Anthropic would refuse, because it did not sign it. */
import { isObject, type JsonObject, textAt } from '../../core/json.ts'
import { unseal } from './sealed.ts'

/**
 * Whether a request carries thinking of another provider: unsigned, or sealed by us. Such a request
 * cannot go to Anthropic as it is, though both sides speak the same; translated, it is left out.
 */
export function hasForeignThinking(body: JsonObject): boolean {
  const messages = Array.isArray(body.messages) ? body.messages : []
  return messages.some((message) => {
    const content = isObject(message) ? message.content : null
    return Array.isArray(content) && content.some(isForeign)
  })
}

function isForeign(block: unknown): boolean {
  if (!isObject(block)) return false
  if (block.type === 'redacted_thinking') return unseal(textAt(block, 'data') ?? '') !== null
  if (block.type !== 'thinking') return false
  const signature = textAt(block, 'signature') ?? ''
  return signature === '' || unseal(signature) !== null
}
