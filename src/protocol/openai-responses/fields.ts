/** Fields of a request, read with just enough suspicion to name the one that is wrong. */
import { GatewayError } from '../../core/errors.ts'
import { isObject, type JsonObject } from '../../core/json.ts'

/** The 400 for a parameter of the wrong type, in the words of OpenAI. */
export function wrongType(param: string, expected: string, value: unknown): GatewayError {
  const got = Array.isArray(value) ? 'an array' : value === null ? 'null' : `a ${typeof value}`
  return new GatewayError('invalid_request', {
    message: `Invalid type for '${param}': expected ${expected}, but got ${got} instead.`,
    param,
    providerCode: 'invalid_type',
  })
}

/** The 400 for a parameter that must be there. */
export function missing(param: string): GatewayError {
  return new GatewayError('invalid_request', {
    message: `Missing required parameter: '${param}'.`,
    param,
    providerCode: 'missing_required_parameter',
  })
}

/** An object inside a request, with the path by which errors name its fields. */
export class Fields {
  readonly value: JsonObject
  readonly #path: string

  constructor(value: JsonObject, path: string) {
    this.value = value
    this.#path = path
  }

  /** The path of a field, as OpenAI writes it. */
  param(key: string): string {
    return this.#path === '' ? key : `${this.#path}.${key}`
  }

  /** The text at `key`, or null. @throws GatewayError for anything else. */
  text(key: string): string | null {
    return this.#typed(key, 'a string', (value) => typeof value === 'string')
  }

  /** The text at `key`. @throws GatewayError where it is missing. */
  needText(key: string): string {
    const text = this.text(key)
    if (text === null) throw missing(this.param(key))
    return text
  }

  /** The number at `key`, or null. @throws GatewayError for anything else. */
  number(key: string): number | null {
    return this.#typed(key, 'a number', (value) => typeof value === 'number')
  }

  /** The boolean at `key`, or null. @throws GatewayError for anything else. */
  boolean(key: string): boolean | null {
    return this.#typed(key, 'a boolean', (value) => typeof value === 'boolean')
  }

  /** The object at `key`, or null. @throws GatewayError for anything else. */
  object(key: string): JsonObject | null {
    return this.#typed(key, 'an object', isObject)
  }

  /** The fields of the object at `key`, or null. @throws GatewayError for anything else. */
  inner(key: string): Fields | null {
    const object = this.object(key)
    return object === null ? null : new Fields(object, this.param(key))
  }

  /** The objects in the list at `key`; none where it is missing. @throws GatewayError else. */
  objects(key: string): readonly Fields[] {
    const list = this.#typed<readonly unknown[]>(key, 'an array', Array.isArray) ?? []
    return list.map((item, index) => {
      const path = `${this.param(key)}[${index}]`
      if (!isObject(item)) throw wrongType(path, 'an object', item)
      return new Fields(item, path)
    })
  }

  /** What is left without `known`, and without fields that say nothing. */
  rest(known: ReadonlySet<string>): JsonObject | null {
    const entries = Object.entries(this.value).filter(
      ([key, value]) => !known.has(key) && value !== null && value !== undefined,
    )
    return entries.length === 0 ? null : Object.fromEntries(entries)
  }

  #typed<T>(key: string, expected: string, is: (value: unknown) => boolean): T | null {
    const value = this.value[key]
    if (value === undefined || value === null) return null
    if (!is(value)) throw wrongType(this.param(key), expected, value)
    return value as T
  }
}
