/** Writes tools and the choice among them. */
import { isObject, type JsonObject } from '../../core/json.ts'
import { cannotSay } from '../hub/losses.ts'
import type { Tool, ToolChoice } from '../hub/request.ts'

/** `tools`: functions that follow each other share one entry, as Google's clients send them. */
export function writeTools(tools: readonly Tool[]): readonly JsonObject[] {
  const written: JsonObject[] = []
  let functions: JsonObject[] | null = null
  for (const tool of tools) {
    if (tool.type === 'function') {
      if (functions === null) {
        functions = []
        written.push({ functionDeclarations: functions })
      }
      functions.push(writeFunction(tool))
    } else {
      functions = null
      written.push(writeNative(tool))
    }
  }
  return written
}

/**
 * With `parametersJsonSchema`, which takes JSON Schema as it is: the older `parameters` takes a
 * subset, and what it leaves out (`$ref`, `additionalProperties`, `oneOf`) would change the tool.
 */
function writeFunction(tool: Extract<Tool, { readonly type: 'function' }>): JsonObject {
  return {
    name: tool.name,
    ...(tool.description !== null && { description: tool.description }),
    ...(tool.parameters !== null && { parametersJsonSchema: tool.parameters }),
  }
}

function writeNative(tool: Exclude<Tool, { readonly type: 'function' }>): JsonObject {
  const native = tool.type === 'native' && tool.native.dialect === 'gemini' ? tool.native : null
  if (native === null || !isObject(native.value)) throw cannotSay('gemini', 'tools')
  return native.value
}

/** `functionCallingConfig` for a choice. */
export function writeToolChoice(choice: ToolChoice): JsonObject {
  switch (choice.type) {
    case 'auto':
      return { mode: 'AUTO' }
    case 'none':
      return { mode: 'NONE' }
    case 'required':
      return { mode: 'ANY' }
    case 'tool':
      return { mode: 'ANY', allowedFunctionNames: [choice.name] }
    case 'allowed':
      return {
        // `AUTO` takes no names; `VALIDATED` is the mode that leaves the choice and takes them.
        mode: choice.mode === 'required' ? 'ANY' : 'VALIDATED',
        allowedFunctionNames: choice.names,
      }
  }
}
