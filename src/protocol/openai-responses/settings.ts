/** The settings of a request that are objects here: `text` and `reasoning`. */
import type { JsonObject } from '../../core/json.ts'
import type { HubRequest, ReasoningSettings, ResponseFormat } from '../hub/request.ts'
import { type Fields, missing } from './fields.ts'

/** The form that the answer must have. @throws GatewayError for a schema without a schema. */
export function readFormat(body: Fields): ResponseFormat | null {
  const format = body.inner('text')?.inner('format') ?? null
  if (format === null) return null
  switch (format.needText('type')) {
    case 'json_schema': {
      const schema = format.object('schema')
      if (schema === null) throw missing(format.param('schema'))
      return {
        type: 'json-schema',
        name: format.text('name'),
        description: format.text('description'),
        schema,
        strict: format.boolean('strict'),
      }
    }
    case 'json_object':
      return { type: 'json' }
    default:
      return { type: 'text' }
  }
}

/** The name of a schema that has none; the API wants one. */
const unnamedSchema = 'response'

/** `text.format`. */
export function writeFormat(format: ResponseFormat): JsonObject {
  switch (format.type) {
    case 'text':
      return { type: 'text' }
    case 'json':
      return { type: 'json_object' }
    case 'json-schema': {
      const { name, description, schema, strict } = format
      return {
        type: 'json_schema',
        name: name ?? unnamedSchema,
        ...(description !== null && { description }),
        schema,
        ...(strict !== null && { strict }),
      }
    }
  }
}

/** `text`, or null where it says nothing. */
export function writeText({ responseFormat, verbosity }: HubRequest): JsonObject | null {
  if (responseFormat === null && verbosity === null) return null
  return {
    ...(responseFormat !== null && { format: writeFormat(responseFormat) }),
    ...(verbosity !== null && { verbosity }),
  }
}

/** How much the model may think. */
export function readReasoning(body: Fields): ReasoningSettings | null {
  const reasoning = body.inner('reasoning')
  if (reasoning === null) return null
  const effort = reasoning.text('effort')
  const summary = reasoning.text('summary') ?? reasoning.text('generate_summary')
  if (effort === null && summary === null) return null
  return { enabled: effort === 'none' ? false : null, effort, budgetTokens: null, summary }
}

/** Budgets of other dialects, as the effort that spends about as much. */
const budgets: readonly (readonly [number, string])[] = [
  [2_048, 'low'],
  [16_384, 'medium'],
]

/**
 * `reasoning`, or null where it says nothing. Whoever asked for thinking in another dialect wants
 * to see it, and here only a summary can be seen.
 */
export function writeReasoning(reasoning: ReasoningSettings | null): JsonObject | null {
  if (reasoning === null) return null
  const effort = reasoning.effort ?? effortOf(reasoning)
  const summary = reasoning.summary ?? (reasoning.enabled === true ? 'auto' : null)
  if (effort === null && summary === null) return null
  return { ...(effort !== null && { effort }), ...(summary !== null && { summary }) }
}

function effortOf({ enabled, budgetTokens }: ReasoningSettings): string | null {
  if (enabled === false) return 'none'
  // A negative budget is Gemini's way of leaving it to the model.
  if (budgetTokens === null || budgetTokens < 0) return null
  if (budgetTokens === 0) return 'none'
  return budgets.find(([tokens]) => budgetTokens <= tokens)?.[1] ?? 'high'
}
