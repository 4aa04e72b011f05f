/** Checks of a client's request: enough that nothing of the wrong type gets further. */
import { GatewayError } from '../../core/errors.ts'
import { isObject, type JsonObject } from '../../core/json.ts'

/** A 400 that names the parameter, in the words of Anthropic's own. */
export function invalid(param: string, rule: string): GatewayError {
  return new GatewayError('invalid_request', { message: `${param}: ${rule}`, param })
}

/** The value at `key`; null where it is missing or null. */
function valueAt(object: JsonObject, key: string): unknown {
  return object[key] ?? null
}

/** Where a value stands: `messages.0.content`. */
function pathOf(where: string, key: string): string {
  return where === '' ? key : `${where}.${key}`
}

/** A text or null. @throws GatewayError a 400 for anything else. */
export function optionalText(object: JsonObject, key: string, where = ''): string | null {
  const value = valueAt(object, key)
  if (value === null || typeof value === 'string') return value
  throw invalid(pathOf(where, key), 'Input should be a valid string')
}

/** A text. @throws GatewayError a 400 for anything else. */
export function requiredText(object: JsonObject, key: string, where = ''): string {
  const value = optionalText(object, key, where)
  if (value === null) throw invalid(pathOf(where, key), 'Field required')
  return value
}

/** A finite number or null. @throws GatewayError a 400 for anything else. */
export function optionalNumber(object: JsonObject, key: string, where = ''): number | null {
  const value = valueAt(object, key)
  if (value === null || (typeof value === 'number' && Number.isFinite(value))) return value
  throw invalid(pathOf(where, key), 'Input should be a valid number')
}

/** An integer of at least `least`, or null. @throws GatewayError a 400 for anything else. */
export function optionalInteger(
  object: JsonObject,
  key: string,
  least: number,
  where = '',
): number | null {
  const value = optionalNumber(object, key, where)
  if (value === null || (Number.isSafeInteger(value) && value >= least)) return value
  throw invalid(pathOf(where, key), `Input should be an integer greater than or equal to ${least}`)
}

/** A boolean or null. @throws GatewayError a 400 for anything else. */
export function optionalBoolean(object: JsonObject, key: string, where = ''): boolean | null {
  const value = valueAt(object, key)
  if (value === null || typeof value === 'boolean') return value
  throw invalid(pathOf(where, key), 'Input should be a valid boolean')
}

/** An object or null. @throws GatewayError a 400 for anything else. */
export function optionalObject(object: JsonObject, key: string, where = ''): JsonObject | null {
  const value = valueAt(object, key)
  if (value === null || isObject(value)) return value
  throw invalid(pathOf(where, key), 'Input should be an object')
}

/** An object. @throws GatewayError a 400 for anything else. */
export function requiredObject(object: JsonObject, key: string, where = ''): JsonObject {
  const value = optionalObject(object, key, where)
  if (value === null) throw invalid(pathOf(where, key), 'Field required')
  return value
}

/** A list or null. @throws GatewayError a 400 for anything else. */
export function optionalList(
  object: JsonObject,
  key: string,
  where = '',
): readonly unknown[] | null {
  const value = valueAt(object, key)
  if (value === null || Array.isArray(value)) return value
  throw invalid(pathOf(where, key), 'Input should be a valid list')
}

/** A list of objects, or null. @throws GatewayError a 400 for anything else. */
export function optionalObjects(
  object: JsonObject,
  key: string,
  where = '',
): readonly JsonObject[] | null {
  const list = optionalList(object, key, where)
  return (
    list?.map((item, index) => {
      if (isObject(item)) return item
      throw invalid(`${pathOf(where, key)}.${index}`, 'Input should be an object')
    }) ?? null
  )
}
