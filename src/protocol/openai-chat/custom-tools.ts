/** Custom tools as chat completions have them, and without them. */
import { isObject, type JsonObject, objectAt } from '../../core/json.ts'
import { type CustomTool, functionArguments, functionFor } from '../hub/function-tools.ts'
import { Fields } from '../openai/fields.ts'
import { withoutNulls } from '../openai/sampling.ts'

/** Reads a tool of the type `custom`. @throws GatewayError a 400 for one without a name. */
export function readCustomTool(tool: Fields): CustomTool {
  const about = tool.inside('custom')
  return {
    type: 'custom',
    name: about.needText('name'),
    description: about.text('description'),
    format: readFormat(about.object('format')),
  }
}

/** Writes a custom tool. */
export function writeCustomTool({ name, description, format }: CustomTool): JsonObject {
  const custom = withoutNulls({ name, description, format: writeFormat(format) })
  return { type: 'custom', custom }
}

/** A grammar stands in an object of its own here; Responses, like the hub, has it in the format. */
function readFormat(format: JsonObject | null): JsonObject | null {
  if (format?.type !== 'grammar' || !isObject(format.grammar)) return format
  const { grammar, ...rest } = format
  return { ...rest, ...format.grammar }
}

function writeFormat(format: JsonObject | null): JsonObject | null {
  if (format?.type !== 'grammar' || typeof format.definition !== 'string') return format
  const { syntax, definition, ...rest } = format
  return { ...rest, grammar: { syntax, definition } }
}

/**
 * The body of a chat request with functions in the place of custom tools, for servers that know
 * functions only. The answer is put back by whoever knows the request.
 */
export function withChatFunctions(body: JsonObject): JsonObject {
  const { tools, tool_choice: choice, messages } = body
  return {
    ...body,
    ...(Array.isArray(tools) && { tools: tools.map(functionTool) }),
    ...(isObject(choice) && { tool_choice: functionChoice(choice) }),
    ...(Array.isArray(messages) && { messages: messages.map(withFunctionCalls) }),
  }
}

/** Whether a body has custom tools, or calls of them. */
export function hasCustomTools({ tools, messages }: JsonObject): boolean {
  const listOf = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : [])
  const calls = listOf(messages).flatMap((message) => isObject(message) && message.tool_calls)
  return [...listOf(tools), ...calls].some(isCustom)
}

const isCustom = (value: unknown): boolean => isObject(value) && value.type === 'custom'

function functionTool(tool: unknown): unknown {
  if (!isObject(tool) || !isCustom(tool)) return tool
  const { name, description, parameters } = functionFor(readCustomTool(new Fields(tool)))
  return { type: 'function', function: withoutNulls({ name, description, parameters }) }
}

function functionChoice(choice: JsonObject): JsonObject {
  const allowed = objectAt(choice, 'allowed_tools')
  if (allowed !== null && Array.isArray(allowed.tools)) {
    const tools = allowed.tools.map((tool) => (isObject(tool) ? functionChoice(tool) : tool))
    return { ...choice, allowed_tools: { ...allowed, tools } }
  }
  const { custom, ...rest } = choice
  return isCustom(choice) ? { ...rest, type: 'function', function: custom } : choice
}

function withFunctionCalls(message: unknown): unknown {
  if (!isObject(message) || !Array.isArray(message.tool_calls)) return message
  return { ...message, tool_calls: message.tool_calls.map(functionCall) }
}

function functionCall(call: unknown): unknown {
  const custom = isObject(call) && isCustom(call) ? objectAt(call, 'custom') : null
  if (!isObject(call) || custom === null) return call
  const { custom: _custom, ...rest } = call
  const { name, input } = custom
  const written = functionArguments(typeof input === 'string' ? input : '')
  return { ...rest, type: 'function', function: { name, arguments: written } }
}
