/** Reads `tools` and `toolConfig`. */
import { isObject, type JsonObject, textAt } from '../../core/json.ts'
import type { Tool, ToolChoice } from '../hub/request.ts'
import { camelAt, camelKeys, wordAt } from './fields.ts'
import { invalid } from './invalid.ts'
import { readSchema } from './schema.ts'

/** The tools of a request; those that Google runs itself stay native. */
export function readTools(tools: unknown): readonly Tool[] {
  if (tools === undefined || tools === null) return []
  const list = isObject(tools) ? [tools] : tools
  if (!Array.isArray(list)) throw invalid('tools', 'a list of tools')
  return list.flatMap((tool, index) => {
    if (!isObject(tool)) throw invalid(`tools[${index}]`, 'an object')
    return readTool(camelKeys(tool), `tools[${index}]`)
  })
}

function readTool(tool: JsonObject, place: string): readonly Tool[] {
  return Object.entries(tool).flatMap(([key, value]): readonly Tool[] => {
    if (key !== 'functionDeclarations') {
      return [{ type: 'native', native: { dialect: 'gemini', value: { [key]: value } } }]
    }
    if (!Array.isArray(value)) throw invalid(`${place}.functionDeclarations`, 'a list')
    return value.map((item, index) => {
      const at = `${place}.functionDeclarations[${index}]`
      if (!isObject(item)) throw invalid(at, 'an object')
      return readFunction(camelKeys(item), at)
    })
  })
}

function readFunction(declaration: JsonObject, place: string): Tool {
  const name = wordAt(declaration, 'name')
  if (name === null) throw invalid(`${place}.name`, 'a string')
  const { parameters, parametersJsonSchema } = declaration
  const whole = isObject(parametersJsonSchema) ? parametersJsonSchema : null
  const subset = isObject(parameters) ? readSchema(parameters) : null
  return {
    type: 'function',
    name,
    description: textAt(declaration, 'description'),
    parameters: whole ?? subset,
    strict: null,
    cache: null,
  }
}

/** The choice, and what of `toolConfig` the hub has no place for, by its path. */
export function readToolConfig(config: unknown): {
  readonly choice: ToolChoice | null
  readonly rest: JsonObject
} {
  if (config === undefined || config === null) return { choice: null, rest: {} }
  if (!isObject(config)) throw invalid('toolConfig', 'an object')
  const rest: Record<string, unknown> = {}
  const camel = camelKeys(config)
  for (const [key, value] of Object.entries(camel)) {
    if (key !== 'functionCallingConfig') rest[`toolConfig.${key}`] = value
  }
  const calling = camelAt(camel, 'functionCallingConfig')
  if (calling === null) return { choice: null, rest }
  for (const [key, value] of Object.entries(calling)) {
    if (key === 'mode' || key === 'allowedFunctionNames') continue
    rest[`${callingPath}.${key}`] = value
  }
  const names = namesOf(calling)
  const choice = readChoice(calling, names)
  if (calling.mode === 'VALIDATED' && names.length === 0) rest[`${callingPath}.mode`] = 'VALIDATED'
  return { choice, rest }
}

const callingPath = 'toolConfig.functionCallingConfig'

function readChoice(calling: JsonObject, names: readonly string[]): ToolChoice | null {
  const [only] = names
  switch (calling.mode ?? '') {
    case 'NONE':
      return { type: 'none' }
    case 'ANY':
      if (only === undefined) return { type: 'required' }
      if (names.length === 1) return { type: 'tool', name: only }
      return { type: 'allowed', mode: 'required', names }
    case 'AUTO':
    case 'VALIDATED':
      return names.length === 0 ? { type: 'auto' } : { type: 'allowed', mode: 'auto', names }
    case '':
    case 'MODE_UNSPECIFIED':
      return null
    default:
      throw invalid(`${callingPath}.mode`, '`AUTO`, `ANY`, `NONE` or `VALIDATED`')
  }
}

function namesOf(calling: JsonObject): readonly string[] {
  const names = calling.allowedFunctionNames ?? []
  if (Array.isArray(names) && names.every((name) => typeof name === 'string')) return names
  throw invalid(`${callingPath}.allowedFunctionNames`, 'a list of strings')
}
