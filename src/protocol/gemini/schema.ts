/**
 * Schemas. Google's older `parameters` and `responseSchema` are a subset of OpenAPI 3.0 with types
 * in capitals; the hub, and everything that we write, is JSON Schema.
 */
import { isObject, type JsonObject } from '../../core/json.ts'

/** Deeper than any schema that the API takes; what is deeper is left as it is. */
const nestingMax = 64

/** Counts that Google's JSON carries as text, since they are 64 bits wide. */
const counts: ReadonlySet<string> = new Set([
  'maxItems',
  'minItems',
  'maxLength',
  'minLength',
  'maxProperties',
  'minProperties',
])

const renamed: ReadonlyMap<string, string> = new Map([
  ['any_of', 'anyOf'],
  ['max_items', 'maxItems'],
  ['min_items', 'minItems'],
  ['max_length', 'maxLength'],
  ['min_length', 'minLength'],
  ['max_properties', 'maxProperties'],
  ['min_properties', 'minProperties'],
  ['property_ordering', 'propertyOrdering'],
])

/** A `Schema` of Google's as JSON Schema; what is JSON Schema already stays as it is. */
export function readSchema(schema: JsonObject, nesting = 0): JsonObject {
  if (nesting > nestingMax) return schema
  const read: Record<string, unknown> = {}
  for (const [given, value] of Object.entries(schema)) {
    const key = renamed.get(given) ?? given
    if (key === 'nullable' || key === 'propertyOrdering') continue
    if (key === 'example') read.examples = [value]
    else if (key === 'type') read.type = readType(value)
    else if (counts.has(key) && typeof value === 'string') read[key] = Number(value)
    else if (key === 'properties' && isObject(value)) read[key] = readProperties(value, nesting)
    else if (key === 'items' && isObject(value)) read[key] = readSchema(value, nesting + 1)
    else if (key === 'anyOf' && Array.isArray(value)) {
      read[key] = value.map((item) => (isObject(item) ? readSchema(item, nesting + 1) : item))
    } else define(read, key, value)
  }
  return schema.nullable === true ? orNull(read) : read
}

function readProperties(properties: JsonObject, nesting: number): JsonObject {
  const read: Record<string, unknown> = {}
  for (const [name, value] of Object.entries(properties)) {
    define(read, name, isObject(value) ? readSchema(value, nesting + 1) : value)
  }
  return read
}

/** Also for a key that means something to JavaScript. */
function define(target: Record<string, unknown>, key: string, value: unknown): void {
  Object.defineProperty(target, key, {
    value,
    enumerable: true,
    configurable: true,
    writable: true,
  })
}

function readType(type: unknown): unknown {
  if (typeof type === 'string') return /^[A-Z]+$/.test(type) ? type.toLowerCase() : type
  return type
}

function orNull(schema: JsonObject): JsonObject {
  const { type } = schema
  if (typeof type === 'string') return { ...schema, type: [type, 'null'] }
  return { anyOf: [schema, { type: 'null' }] }
}
