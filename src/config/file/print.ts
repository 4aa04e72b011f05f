/** The fields of the configuration file as a table, from the schema that checks it. */
import { isObject, type JsonObject } from '../../core/json.ts'
import { publishedSchema } from './schema.ts'

/** The table in Markdown, as the README has it. */
export function fileTable(): string {
  const schema: JsonObject = JSON.parse(publishedSchema())
  const rows = fieldsOf(schema, '').map(
    ({ path, values, meaning }) => `| \`${path}\` | ${values} | ${meaning} |`,
  )
  return ['| field | values | meaning |', '| --- | --- | --- |', ...rows, ''].join('\n')
}

interface Field {
  readonly path: string
  readonly values: string
  readonly meaning: string
}

function fieldsOf(schema: JsonObject, path: string): Field[] {
  const properties = isObject(schema.properties) ? Object.entries(schema.properties) : []
  return properties.flatMap(([key, value]) => {
    const inner = `${path}${path === '' ? '' : '.'}${key}`
    return isObject(value) ? [fieldOf(value, inner), ...below(value, inner)] : []
  })
}

function below(schema: JsonObject, path: string): Field[] {
  // What an endpoint can differ in is what is listed for all of them.
  if (/^endpoints\..*streamConfig$/.test(path)) return []
  const { additionalProperties: named, items } = schema
  if (isObject(named)) return fieldsOf(named, `${path}.<name>`)
  if (!isObject(items)) return fieldsOf(schema, path)
  const branches = Array.isArray(items.anyOf) ? items.anyOf.filter(isObject) : [items]
  return branches.flatMap((branch) => fieldsOf(branch, `${path}[]`))
}

function fieldOf(schema: JsonObject, path: string): Field {
  const meaning = String(schema.description ?? '').replaceAll('|', '\\|')
  return { path, values: valuesOf(schema), meaning }
}

function valuesOf(schema: JsonObject): string {
  const { type, enum: words, minimum, exclusiveMinimum, maximum } = schema
  if (Array.isArray(words)) return words.map((word) => `\`${String(word)}\``).join(', ')
  if (type === 'boolean') return '`true`, `false`'
  if (type === 'integer' || type === 'number') {
    const from = exclusiveMinimum === undefined ? `${String(minimum)}` : `above ${exclusiveMinimum}`
    return `${from} to ${String(maximum)}`
  }
  return type === 'string' ? 'text' : type === 'array' ? 'list' : 'object'
}
