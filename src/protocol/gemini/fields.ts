/**
 * Google's APIs take every field in two spellings, `functionCall` and `function_call`, and clients
 * use both. What we read is brought to the first spelling, one object at a time: what belongs to
 * the user (arguments, schemas, a tool's answer) keeps the keys that it has.
 */
import { isObject, type JsonObject } from '../../core/json.ts'

/** `object` with the keys of its own level in camel case; itself where they are already. */
export function camelKeys(object: JsonObject): JsonObject {
  for (const key in object) {
    if (key.includes('_')) return renamed(object)
  }
  return object
}

/** The object at `key`, its own keys in camel case; null where there is none. */
export function camelAt(object: JsonObject, key: string): JsonObject | null {
  const value = object[key]
  return isObject(value) ? camelKeys(value) : null
}

/** The objects of the list at `key`, their keys in camel case; other items are left out. */
export function objectsAt(object: JsonObject, key: string): readonly JsonObject[] {
  const value = object[key]
  return Array.isArray(value) ? value.filter(isObject).map(camelKeys) : []
}

/** The text at `key`, or null where it is missing, empty or not text. */
export function wordAt(object: JsonObject, key: string): string | null {
  const value = object[key]
  return typeof value === 'string' && value !== '' ? value : null
}

function renamed(object: JsonObject): JsonObject {
  return Object.fromEntries(
    Object.entries(object).map(([key, value]) => [
      key.replace(/(?<=.)_([a-z])/g, (_match, letter: string) => letter.toUpperCase()),
      value,
    ]),
  )
}
