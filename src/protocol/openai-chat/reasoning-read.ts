/** Reasoning in a delta or a message, under all the names that providers have for it. */
import { isObject, type JsonObject, textAt } from '../../core/json.ts'
import type { ChoiceRead } from '../openai/choice-read.ts'
import { readSignature } from './signature.ts'

/**
 * Tells `reader` what a delta thinks. `reasoning_details` repeats the text that stands under
 * another name beside it (OpenRouter), so only one of the two is read.
 */
export function readReasoning(delta: JsonObject, reader: ChoiceRead): void {
  const plain = plainReasoning(delta)
  const details: readonly unknown[] = Array.isArray(delta.reasoning_details)
    ? delta.reasoning_details
    : []
  const told = details.some((detail) => isObject(detail) && textOfDetail(detail) !== '')
  if (plain !== '' && !told) reader.reasoning(plain, false, null)
  for (const detail of details) if (isObject(detail)) readDetail(detail, reader)
}

/** The text of the reasoning under any of its plain names, or the empty string. */
export function plainReasoning(message: JsonObject): string {
  return (
    textAt(message, 'reasoning_content') ||
    textAt(message, 'reasoning') ||
    textAt(message, 'thinking') ||
    ''
  )
}

/** The visible text of an entry of `reasoning_details`. */
export function textOfDetail(detail: JsonObject): string {
  return textAt(detail, 'text') || textAt(detail, 'summary') || ''
}

function readDetail(detail: JsonObject, reader: ChoiceRead): void {
  const group = groupOf(detail)
  reader.reasoning(textOfDetail(detail), typeof detail.summary === 'string', group)
  const id = textAt(detail, 'id') || null
  const signature = textAt(detail, 'signature')
  if (signature) {
    reader.proof({
      ...{ kind: 'signature', id, group },
      ...readSignature(signature, detail.format),
    })
  }
  const data = textAt(detail, 'data')
  if (data) {
    reader.proof({ kind: 'redacted', id, group, ...readSignature(data, detail.format) })
  }
}

/** OpenRouter counts the pieces of reasoning; summaries and what they sum up share a number. */
function groupOf({ index }: JsonObject): string | null {
  return typeof index === 'number' ? String(index) : null
}
