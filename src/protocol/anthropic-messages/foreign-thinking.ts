/** Thinking in a conversation that Anthropic would refuse, because it did not sign it. */
import { isObject, type JsonObject, textAt } from '../../core/json.ts'
import { unseal } from '../hub/sealed.ts'

/** A message, read or written. */
interface Said {
  readonly role?: unknown
  readonly content?: unknown
}

/**
 * Whether a request carries thinking of another provider, unsigned or sealed by us, or is in the
 * middle of a turn that another provider began without any. Such a request cannot go to Anthropic
 * as it is, though both sides speak the same; translated, it is put right.
 */
export function hasForeignThinking(body: JsonObject): boolean {
  const messages = Array.isArray(body.messages) ? body.messages.filter(isObject) : []
  const hasBudget = isObject(body.thinking) && body.thinking.type === 'enabled'
  if (hasBudget && lacksThinking(messages)) return true
  return messages.some(({ content }) => Array.isArray(content) && content.some(isForeign))
}

/**
 * Whether an unfinished turn of tools does not begin with thinking: with a budget it must, and the
 * request is refused otherwise. A turn lasts until the user says something else than results; what
 * the model says after results is the middle of it, and need not think again.
 */
export function lacksThinking(messages: readonly Said[]): boolean {
  if (!blocksOf(messages.at(-1)).some(isResult)) return false
  const turns = messages.slice(0, -1)
  const before = turns.findLastIndex((each) => each.role === 'user' && !isAllResults(each))
  const first = turns.slice(before + 1).find(({ role }) => role === 'assistant')
  const [block] = blocksOf(first)
  return !isObject(block) || (block.type !== 'thinking' && block.type !== 'redacted_thinking')
}

function isAllResults(message: Said): boolean {
  const blocks = blocksOf(message)
  return blocks.length > 0 && blocks.every(isResult)
}

function blocksOf(message: Said | undefined): readonly unknown[] {
  return Array.isArray(message?.content) ? message.content : []
}

function isResult(block: unknown): boolean {
  return isObject(block) && block.type === 'tool_result'
}

function isForeign(block: unknown): boolean {
  if (!isObject(block)) return false
  if (block.type === 'redacted_thinking') return unseal(textAt(block, 'data') ?? '') !== null
  if (block.type !== 'thinking') return false
  const signature = textAt(block, 'signature') ?? ''
  return signature === '' || unseal(signature) !== null
}
