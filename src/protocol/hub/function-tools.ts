/**
 * Custom tools, which take free text, for dialects whose tools take JSON objects: each becomes a
 * function with that text as its only argument. Answers are put back by `custom-calls.ts`.
 */
import type { JsonObject } from '../../core/json.ts'
import { INPUT } from './free-text.ts'
import { changed, type Loss } from './losses.ts'
import type { HubRequest, Message, Part, Tool } from './request.ts'

/** The rule, to be part of the losses of every dialect that has functions only. */
export const customTools: readonly Loss[] = [
  changed(
    'tools.custom',
    `A tool that takes free text becomes a function with one text, \`${INPUT}\`, and back again.`,
  ),
  changed('tools.custom.format', 'A grammar is told in the description, and is not enforced.'),
]

/** A tool of free text. */
export type CustomTool = Extract<Tool, { readonly type: 'custom' }>

/** A function. */
export type FunctionTool = Extract<Tool, { readonly type: 'function' }>

/**
 * `request` with functions in the place of custom tools, their calls and the results of those. The
 * choice among the tools goes by names, which stay. A request without any is the same object.
 */
export function withFunctionTools(request: HubRequest): HubRequest {
  const tools = request.tools.some(({ type }) => type === 'custom')
    ? request.tools.map((tool) => (tool.type === 'custom' ? functionFor(tool) : tool))
    : request.tools
  const messages = request.messages.some(({ parts }) => parts.some(isCustom))
    ? request.messages.map(withFunctionCalls)
    : request.messages
  if (tools === request.tools && messages === request.messages) return request
  return { ...request, tools, messages }
}

/** The function that stands in for a custom tool. */
export function functionFor({ name, description, format }: CustomTool): FunctionTool {
  const told = [description, formatText(format)].filter((text) => text !== null && text !== '')
  const input = { type: 'string', description: 'The whole input of the tool, as plain text.' }
  return {
    type: 'function',
    name,
    description: told.length === 0 ? null : told.join('\n\n'),
    parameters: {
      type: 'object',
      properties: { [INPUT]: input },
      required: [INPUT],
      additionalProperties: false,
    },
    strict: null,
    cache: null,
  }
}

/** The arguments with which that function is called. */
export const functionArguments = (text: string): string => JSON.stringify({ [INPUT]: text })

/** What the text must look like, as an instruction; null where it may be any text. */
function formatText(format: JsonObject | null): string | null {
  if (format === null || format.type === 'text') return null
  const { type, syntax, definition } = format
  if (type !== 'grammar' || typeof definition !== 'string') {
    return `The text of \`${INPUT}\` must have this format: ${JSON.stringify(format)}`
  }
  const kind = syntax === 'regex' ? 'match this regular expression' : 'follow this grammar'
  const named = typeof syntax === 'string' && syntax !== 'regex' ? ` (${syntax})` : ''
  return `The text of \`${INPUT}\` must ${kind}${named}:\n${definition}`
}

function isCustom(part: Part): boolean {
  return (part.type === 'tool-call' || part.type === 'tool-result') && part.custom
}

function withFunctionCalls(message: Message): Message {
  if (!message.parts.some(isCustom)) return message
  return { ...message, parts: message.parts.map(functionPart) }
}

function functionPart(part: Part): Part {
  if (part.type === 'tool-result') return { ...part, custom: false }
  if (part.type !== 'tool-call' || !part.custom) return part
  return { ...part, custom: false, arguments: functionArguments(part.arguments) }
}
