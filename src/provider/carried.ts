/** What clients carry in their history from one provider of chats to another, unawares. */
import { isObject, type JsonObject } from '../core/json.ts'
import { hasCustomTools } from '../protocol/openai-chat/custom-tools.ts'
import { CUSTOM_TOOLS } from './custom-tools.ts'
import type { Provider } from './provider.ts'
import type { Quirk } from './quirks.ts'

/** Fields of earlier turns that some providers give and others refuse. */
const carried = ['reasoning_content', 'reasoning_details', 'extra_content'] as const

/**
 * Finds requests of chats that a provider would refuse because of what another one said in earlier
 * turns, or because of custom tools; its quirks know which those are. Undefined where it takes
 * them all.
 */
export function foreignTo(quirks: readonly Quirk[]): Provider['foreign'] {
  const drops = (field: string): boolean => quirks.some(({ what }) => what === `messages.${field}`)
  const dropsThinking = quirks.some(
    ({ what, how }) => what === 'messages.reasoning_content' && how === 'dropped',
  )
  const fields = carried.filter(
    (field) => drops(field) || (dropsThinking && field === 'reasoning_details'),
  )
  const lacksCustom = quirks.some(({ what }) => what === CUSTOM_TOOLS)
  const marks = [...fields, ...(lacksCustom ? ['custom'] : [])].map((word) => `"${word}"`)
  if (marks.length === 0) return undefined
  return {
    marks,
    test: (body) => {
      if (lacksCustom && hasCustomTools(body)) return true
      const { messages } = body
      return Array.isArray(messages) && messages.some((message) => carries(message, fields))
    },
  }
}

function carries(message: unknown, fields: readonly string[]): boolean {
  if (!isObject(message)) return false
  const has = (object: JsonObject): boolean => fields.some((field) => Object.hasOwn(object, field))
  const calls = Array.isArray(message.tool_calls) ? message.tool_calls : []
  return has(message) || calls.some((call) => isObject(call) && has(call))
}
