/** JSON schemas of answers, in the subset that structured outputs understand here. */
import { isObject, type JsonObject, textAt } from '../../core/json.ts'
import { cannotSay } from '../hub/losses.ts'
import { dialect } from './words.ts'

const kept: ReadonlySet<string> = new Set([
  ...['type', 'enum', 'const', '$ref', 'description', 'title', 'required', 'default'],
])
/** Say nothing about the value. */
const skipped: ReadonlySet<string> = new Set(['$schema', '$id', '$comment', 'additionalProperties'])
const schemaMaps: ReadonlySet<string> = new Set(['properties', '$defs', 'definitions'])
const schemaLists: ReadonlyMap<string, string> = new Map([
  ['anyOf', 'anyOf'],
  ['oneOf', 'anyOf'],
  ['allOf', 'allOf'],
])
const formats: ReadonlySet<unknown> = new Set([
  ...['date-time', 'time', 'date', 'duration', 'email', 'hostname', 'uri', 'ipv4', 'ipv6', 'uuid'],
])

/**
 * `schema` with objects closed and with unsupported keywords (`minimum`, `pattern`) moved into the
 * description: an answer that follows the result follows the original in its shape.
 * @throws GatewayError a 400 for an object with keys that are not known beforehand.
 */
export function adaptSchema(schema: JsonObject): JsonObject {
  const adapted: Record<string, unknown> = {}
  const noted: string[] = []
  for (const [key, value] of Object.entries(schema)) {
    const list = schemaLists.get(key)
    if (schemaMaps.has(key) && isObject(value)) {
      adapted[key] = Object.fromEntries(
        Object.entries(value).map(([name, inner]) => [name, adaptAny(inner)]),
      )
    } else if (list !== undefined && Array.isArray(value)) adapted[list] = value.map(adaptAny)
    else if (key === 'items') adapted[key] = adaptAny(value)
    else if (kept.has(key) || isSupported(key, value)) adapted[key] = value
    else if (!skipped.has(key)) noted.push(`${key}: ${JSON.stringify(value)}`)
  }
  if (schema.type === 'object' || isObject(schema.properties)) {
    if (isObject(schema.additionalProperties)) throw cannotSay(dialect, 'response_format')
    adapted.additionalProperties = false
  }
  if (noted.length > 0) adapted.description = describe(schema, noted)
  return adapted
}

function adaptAny(schema: unknown): unknown {
  return isObject(schema) ? adaptSchema(schema) : schema
}

function isSupported(key: string, value: unknown): boolean {
  if (key === 'format') return formats.has(value)
  return key === 'minItems' && (value === 0 || value === 1)
}

function describe(schema: JsonObject, noted: readonly string[]): string {
  const description = textAt(schema, 'description')
  const constraints = `Constraints: ${noted.join(', ')}`
  return description ? `${description}\n\n${constraints}` : constraints
}
