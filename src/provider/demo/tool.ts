/** A tool call that the demo provider makes when a request demands one. */
import { GatewayError } from '../../core/errors.ts'
import { isObject, type JsonObject, objectAt, textAt } from '../../core/json.ts'

/** Which tool is called and with what. */
export interface DemoToolCall {
  readonly name: string
  /** The arguments as JSON, in the pieces in which they are streamed. */
  readonly fragments: readonly string[]
}

/** How deep the sample of a schema goes; a schema may be as deep as it likes. */
const DEPTH_MAX = 4
const FRAGMENT_LENGTH = 5

/**
 * The call that `tool_choice` demands: `required`, or one tool by its name. Null for anything
 * else; the demo provider never chooses a tool by itself.
 * @throws GatewayError `invalid_request` where the named tool is not among `tools`.
 */
export function demandedToolCall(request: JsonObject): DemoToolCall | null {
  const choice = request.tool_choice
  const wanted = isObject(choice) ? nameOf(choice) : null
  if (choice !== 'required' && wanted === null) return null
  const tools = Array.isArray(request.tools) ? request.tools.filter(isObject) : []
  const tool = tools.find(
    (each) => nameOf(each) !== null && (wanted ?? nameOf(each)) === nameOf(each),
  )
  if (tool === undefined) {
    throw new GatewayError('invalid_request', {
      message: "Invalid value for 'tool_choice': no such function in 'tools'.",
      param: 'tool_choice',
      providerCode: 'invalid_value',
    })
  }
  const schema = objectAt(objectAt(tool, 'function') ?? tool, 'parameters') ?? {}
  const text = JSON.stringify(sample({ type: 'object', ...schema }, 0))
  return { name: nameOf(tool) ?? '', fragments: text.match(fragment) ?? [] }
}

const fragment = new RegExp(`[\\s\\S]{1,${FRAGMENT_LENGTH}}`, 'gu')

/** Chat nests a function under `function`, Responses does not. */
function nameOf(tool: JsonObject): string | null {
  if (tool.type !== 'function') return null
  return textAt(objectAt(tool, 'function') ?? tool, 'name')
}

/** A plain value that fits the simple parts of a JSON schema. */
function sample(schema: unknown, depth: number): unknown {
  if (!isObject(schema) || depth > DEPTH_MAX) return null
  if (schema.const !== undefined) return schema.const
  if (Array.isArray(schema.enum)) return schema.enum[0] ?? null
  const type = Array.isArray(schema.type) ? schema.type[0] : schema.type
  switch (type) {
    case 'object':
      return Object.fromEntries(
        Object.entries(objectAt(schema, 'properties') ?? {}).map(([key, value]) => [
          key,
          sample(value, depth + 1),
        ]),
      )
    case 'array':
      return schema.items === undefined ? [] : [sample(schema.items, depth + 1)]
    case 'string':
      return 'river'
    case 'integer':
    case 'number':
      return 7
    case 'boolean':
      return true
    default:
      return null
  }
}
