/** Arguments of calls: JSON text in the hub, an object here. */
import { isObject, type JsonObject } from '../../core/json.ts'
import { NOT_JSON, parseData } from '../openai/data.ts'

/**
 * `text` as the object that a call's `input` must be. What is not an object, such as arguments
 * that were cut off at the token limit, stands whole under `arguments`: nothing of it is lost.
 */
export function readArguments(text: string): JsonObject {
  if (text.trim() === '') return {}
  const value = parseData(text)
  if (isObject(value)) return value
  return { arguments: value === NOT_JSON ? text : value }
}
