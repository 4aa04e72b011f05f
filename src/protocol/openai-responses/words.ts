/** The words of the Responses API that stand for something in the hub. */
import { isObject, type JsonObject, textAt } from '../../core/json.ts'
import type { FinishReason } from '../hub/events.ts'
import type { Native } from '../hub/request.ts'

/** The name of this dialect, as it marks what only it understands. */
export const dialect = 'openai-responses'

/** `value` as something that only this dialect understands. */
export function ownNative(value: unknown): Native {
  return { dialect, value }
}

/** The object inside a value of this dialect; null for another dialect's. */
export function ownValue(native: Native | null | undefined): JsonObject | null {
  if (native === null || native === undefined || native.dialect !== dialect) return null
  return isObject(native.value) ? native.value : null
}

/** Items that the hub has words for. Every other one is a server's tool or state: it stays raw. */
export type KnownItemType = 'message' | 'reasoning' | 'function_call' | 'custom_tool_call'

const knownItemTypes: ReadonlySet<unknown> = new Set<KnownItemType>([
  'message',
  'reasoning',
  'function_call',
  'custom_tool_call',
])

/** The type of an item that the hub has words for, or null. */
export function knownTypeOf(item: JsonObject): KnownItemType | null {
  return knownItemTypes.has(item.type) ? (item.type as KnownItemType) : null
}

/** How a summary of several parts, or what was thought in several, is one text in the hub. */
export const partSeparator = '\n\n'

/**
 * Why a response ended. An answer that is `incomplete` for a reason nobody knows yet is not whole,
 * and `length` is what tells that to every client.
 */
export function finishReasonOf(
  status: string,
  incompleteReason: string | null,
  hasCalls: boolean,
): FinishReason {
  if (status === 'incomplete') {
    return incompleteReason === 'content_filter' ? 'content-filter' : 'length'
  }
  return hasCalls ? 'tool-calls' : 'stop'
}

/** `incomplete_details` for a finish, or null where the response is complete. */
export function incompleteDetailsOf(reason: FinishReason | null): JsonObject | null {
  if (reason === 'length') return { reason: 'max_output_tokens' }
  return reason === 'content-filter' ? { reason: 'content_filter' } : null
}

/** The texts of a list of parts; whatever else is in it counts for nothing. */
export function textsOf(parts: unknown): readonly string[] {
  if (!Array.isArray(parts)) return []
  return parts.filter(isObject).map((part) => textAt(part, 'text') ?? '')
}

/** `object` without `keys`. */
export function without(object: JsonObject, keys: ReadonlySet<string>): JsonObject {
  return Object.fromEntries(Object.entries(object).filter(([key]) => !keys.has(key)))
}
