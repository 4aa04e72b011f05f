/** Reads the tools of a chat request, and which of them must be called. */
import { isObject, textAt } from '../../core/json.ts'
import type { Tool, ToolChoice } from '../hub/request.ts'
import { Fields, wrongParameter } from '../openai/fields.ts'
import { readCache } from './content-read.ts'
import { readCustomTool } from './custom-tools.ts'

/** The tools; those of the deprecated `functions` as well. @throws GatewayError a 400. */
export function readTools(fields: Fields): readonly Tool[] {
  const functions = fields.objects('functions').map((tool) => readFunction(tool, tool))
  return [...fields.objects('tools').map(readTool), ...functions]
}

function readTool(fields: Fields): Tool {
  if (fields.text('type') === 'custom') return readCustomTool(fields)
  if (fields.object('function') !== null) return readFunction(fields.inside('function'), fields)
  const type = fields.text('type')
  if (type === null || type === 'function') {
    throw wrongParameter(fields.pathOf('function'), 'an object')
  }
  // A tool that the provider runs itself: web search, code and the like.
  return { type: 'native', native: { dialect: 'openai-chat', value: fields.whole } }
}

function readFunction(about: Fields, outer: Fields): Tool {
  return {
    type: 'function',
    name: about.needText('name'),
    description: about.text('description'),
    parameters: about.object('parameters'),
    strict: about.flag('strict'),
    cache: readCache(outer),
  }
}

/** `tool_choice`, or the deprecated `function_call`. @throws GatewayError a 400. */
export function readToolChoice(fields: Fields): ToolChoice | null {
  const deprecated = fields.value('function_call')
  const choice = fields.value('tool_choice') ?? deprecated
  if (choice === null) return null
  const key = fields.value('tool_choice') === null ? 'function_call' : 'tool_choice'
  if (choice === 'auto' || choice === 'none') return { type: choice }
  // `any` is Mistral's word.
  if (choice === 'required' || choice === 'any') return { type: 'required' }
  if (!isObject(choice)) {
    throw wrongParameter(fields.pathOf(key), 'none, auto, required, or an object')
  }
  return readNamedChoice(new Fields(choice, fields.pathOf(key)))
}

function readNamedChoice(choice: Fields): ToolChoice {
  const type = choice.text('type')
  if (type === 'allowed_tools') return readAllowed(choice.inside('allowed_tools'))
  if (type === 'auto' || type === 'none' || type === 'required') return { type }
  if (type === 'custom') return { type: 'tool', name: choice.inside('custom').needText('name') }
  const named = type === null ? choice : choice.inside('function')
  return { type: 'tool', name: named.needText('name') }
}

function readAllowed(allowed: Fields): ToolChoice {
  const mode = allowed.text('mode') ?? 'auto'
  if (mode !== 'auto' && mode !== 'required') {
    throw wrongParameter(allowed.pathOf('mode'), 'auto or required')
  }
  const names = allowed.objects('tools').map((tool) => {
    const about = tool.object('function') ?? tool.object('custom') ?? tool.whole
    const name = textAt(about, 'name')
    if (name === null) throw wrongParameter(tool.pathOf('name'), 'a string')
    return name
  })
  return { type: 'allowed', mode, names }
}
