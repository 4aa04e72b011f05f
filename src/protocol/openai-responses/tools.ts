/** Tools and the choice among them: flat here, where Chat nests them under `function`. */
import type { JsonObject } from '../../core/json.ts'
import { cannotSay } from '../hub/losses.ts'
import type { Tool, ToolChoice } from '../hub/request.ts'
import { type Fields, missing } from './fields.ts'
import { dialect, ownNative, ownValue } from './words.ts'

const customKeys = new Set(['type', 'name', 'description', 'format'])
const functionKeys = new Set(['type', 'name', 'description', 'parameters', 'strict'])

/** One tool. @throws GatewayError for one without a type or a name. */
export function readTool(tool: Fields): Tool {
  switch (tool.needText('type')) {
    case 'function': {
      const details = tool.rest(functionKeys)
      return {
        type: 'function',
        name: tool.needText('name'),
        description: tool.text('description'),
        parameters: tool.object('parameters'),
        strict: tool.boolean('strict'),
        cache: null,
        ...(details !== null && { details: ownNative(details) }),
      }
    }
    case 'custom': {
      const details = tool.rest(customKeys)
      return {
        type: 'custom',
        name: tool.needText('name'),
        description: tool.text('description'),
        format: tool.object('format'),
        ...(details !== null && { details: ownNative(details) }),
      }
    }
    default:
      return { type: 'native', native: ownNative(tool.value) }
  }
}

/**
 * One tool. A strictness that was not said is off, as it is for the other dialects, where ours
 * would turn it on.
 * @param saysOwn the request was read from this dialect, which means its own default.
 * @throws GatewayError for a tool that another provider runs.
 */
export function writeTool(tool: Tool, saysOwn: boolean): JsonObject {
  switch (tool.type) {
    case 'function': {
      const { name, description, parameters, strict, details } = tool
      const strictness = saysOwn ? strict : (strict ?? false)
      return {
        type: 'function',
        name,
        ...(description !== null && { description }),
        parameters: parameters ?? { type: 'object', properties: {} },
        ...(strictness !== null && { strict: strictness }),
        ...ownValue(details),
      }
    }
    case 'custom': {
      const { name, description, format, details } = tool
      return {
        type: 'custom',
        name,
        ...(description !== null && { description }),
        ...(format !== null && { format }),
        ...ownValue(details),
      }
    }
    case 'native': {
      const own = ownValue(tool.native)
      if (own === null) throw cannotSay(dialect, 'tools')
      return own
    }
  }
}

/**
 * The choice among the tools; `unknown` for one that the hub has no words for, such as the choice
 * of a tool that the provider runs.
 */
export function readToolChoice(body: Fields): ToolChoice | null | 'unknown' {
  const said = body.value.tool_choice
  if (said === 'auto' || said === 'none' || said === 'required') return { type: said }
  const choice = body.inner('tool_choice')
  if (choice === null) return null
  switch (choice.needText('type')) {
    case 'function':
    case 'custom':
      return { type: 'tool', name: choice.needText('name') }
    case 'allowed_tools':
      return readAllowed(choice)
    default:
      return 'unknown'
  }
}

function readAllowed(choice: Fields): ToolChoice | 'unknown' {
  const tools = choice.objects('tools')
  if (tools.length === 0) throw missing(choice.param('tools'))
  const areNamed = tools.every(({ value }) => value.type === 'function' || value.type === 'custom')
  if (!areNamed) return 'unknown'
  return {
    type: 'allowed',
    mode: choice.text('mode') === 'required' ? 'required' : 'auto',
    names: tools.map((tool) => tool.needText('name')),
  }
}

/** The choice among the tools. */
export function writeToolChoice(choice: ToolChoice, tools: readonly Tool[]): JsonObject | string {
  const named = (name: string): JsonObject => {
    const isCustom = tools.some((tool) => tool.type === 'custom' && tool.name === name)
    return { type: isCustom ? 'custom' : 'function', name }
  }
  switch (choice.type) {
    case 'tool':
      return named(choice.name)
    case 'allowed':
      return { type: 'allowed_tools', mode: choice.mode, tools: choice.names.map(named) }
    default:
      return choice.type
  }
}
