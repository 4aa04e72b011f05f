/** A JSON object whose values are not yet known. */
export type JsonObject = { readonly [key: string]: unknown }

/** Whether a parsed value is an object, and not an array or null. */
export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** The text at `key`, or null where it is missing or not a string. */
export function textAt(object: JsonObject, key: string): string | null {
  const value = object[key]
  return typeof value === 'string' ? value : null
}

/** The finite number at `key`, or null. */
export function numberAt(object: JsonObject, key: string): number | null {
  const value = object[key]
  return typeof value === 'number' && Number.isFinite(value) ? value : null
}

/** The object at `key`, or null. */
export function objectAt(object: JsonObject, key: string): JsonObject | null {
  const value = object[key]
  return isObject(value) ? value : null
}
