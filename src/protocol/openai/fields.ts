/**
 * The fields of a request's body. Each is looked at once, with the type that it must have, so that
 * a wrong one is a 400 that names it, and what was never looked at is known at the end.
 */
import { GatewayError } from '../../core/errors.ts'
import { isObject, type JsonObject } from '../../core/json.ts'

/** The 400 for a parameter that is not what it must be. */
export function wrongParameter(param: string, mustBe: string): GatewayError {
  const message = `'${param}' must be ${mustBe}.`
  return new GatewayError('invalid_request', { message, param })
}

/** An object of a request. Null is the same as a field that is not there. */
export class Fields {
  readonly #object: JsonObject
  readonly #path: string
  readonly #seen = new Set<string>()

  /** @param path what stands before the name of a field in messages to the client. */
  constructor(object: JsonObject, path = '') {
    this.#object = object
    this.#path = path
  }

  /** The full name of a field. */
  pathOf(key: string): string {
    return this.#path === '' ? key : `${this.#path}.${key}`
  }

  /** Any value; null where there is none. */
  value(key: string): unknown {
    this.#seen.add(key)
    return this.#object[key] ?? null
  }

  /** @throws GatewayError for something else than text. */
  text(key: string): string | null {
    const value = this.value(key)
    if (value === null || typeof value === 'string') return value
    throw wrongParameter(this.pathOf(key), 'a string')
  }

  /** @throws GatewayError where it is missing or not text. */
  needText(key: string): string {
    const text = this.text(key)
    if (text !== null) return text
    throw wrongParameter(this.pathOf(key), 'a string')
  }

  /** @throws GatewayError for something else than a number. */
  number(key: string): number | null {
    const value = this.value(key)
    if (value === null) return null
    if (typeof value === 'number' && Number.isFinite(value)) return value
    throw wrongParameter(this.pathOf(key), 'a number')
  }

  /** @throws GatewayError for something else than a whole number. */
  integer(key: string): number | null {
    const value = this.number(key)
    if (value === null || Number.isInteger(value)) return value
    throw wrongParameter(this.pathOf(key), 'an integer')
  }

  /** @throws GatewayError for something else than true or false. */
  flag(key: string): boolean | null {
    const value = this.value(key)
    if (value === null || typeof value === 'boolean') return value
    throw wrongParameter(this.pathOf(key), 'true or false')
  }

  /** @throws GatewayError for something else than an object. */
  object(key: string): JsonObject | null {
    const value = this.value(key)
    if (value === null || isObject(value)) return value
    throw wrongParameter(this.pathOf(key), 'an object')
  }

  /** The fields of an object; those of an empty one where there is none. */
  inside(key: string): Fields {
    return new Fields(this.object(key) ?? {}, this.pathOf(key))
  }

  /** @throws GatewayError for something else than a list. */
  list(key: string): readonly unknown[] | null {
    const value = this.value(key)
    if (value === null || Array.isArray(value)) return value
    throw wrongParameter(this.pathOf(key), 'an array')
  }

  /** The objects of a list; none where there is no list. @throws GatewayError for other items. */
  objects(key: string): readonly Fields[] {
    return (this.list(key) ?? []).map((item, index) => {
      const path = `${this.pathOf(key)}[${index}]`
      if (isObject(item)) return new Fields(item, path)
      throw wrongParameter(path, 'an object')
    })
  }

  /** A text or a list of texts, as a list. @throws GatewayError for anything else. */
  texts(key: string): readonly string[] {
    const value = this.value(key)
    if (value === null) return []
    if (typeof value === 'string') return [value]
    if (Array.isArray(value) && value.every((item) => typeof item === 'string')) return value
    throw wrongParameter(this.pathOf(key), 'a string or an array of strings')
  }

  /** The object itself. */
  get whole(): JsonObject {
    return this.#object
  }

  /** What was never looked at, and is not null. */
  rest(): JsonObject {
    const rest: Record<string, unknown> = {}
    for (const [key, value] of Object.entries(this.#object)) {
      if (!this.#seen.has(key) && value !== null && value !== undefined) rest[key] = value
    }
    return rest
  }
}
