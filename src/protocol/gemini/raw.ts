/** What only Gemini understands of an answer, as the value of a hub's `raw` event. */
import { isObject, type JsonObject } from '../../core/json.ts'
import type { Native } from '../hub/request.ts'

/** A whole part of the content, or fields of a candidate beside its content. */
export type GeminiRaw = { readonly part: JsonObject } | { readonly candidate: JsonObject }

/** `raw` as a native value. */
export function rawValue(raw: GeminiRaw): Native {
  return { dialect: 'gemini', value: raw }
}

/** The part in a native value of this dialect, or null. */
export function rawPart(native: Native): JsonObject | null {
  if (native.dialect !== 'gemini' || !isObject(native.value)) return null
  return isObject(native.value.part) ? native.value.part : null
}

/** The fields of a candidate in a native value of this dialect, or null. */
export function rawCandidate(native: Native): JsonObject | null {
  if (native.dialect !== 'gemini' || !isObject(native.value)) return null
  return isObject(native.value.candidate) ? native.value.candidate : null
}
