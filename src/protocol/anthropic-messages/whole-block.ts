/** A block that came whole, as the events that a stream would have brought it in. */
import { type JsonObject, objectAt, textAt } from '../../core/json.ts'

/** The events of a stream that would have brought `block`. */
export function* streamOfBlock(index: number, block: JsonObject): Generator<JsonObject> {
  const { start, deltas } = openingOf(block)
  yield { type: 'content_block_start', index, content_block: start }
  for (const delta of deltas) yield { type: 'content_block_delta', index, delta }
  yield { type: 'content_block_stop', index }
}

interface Opening {
  readonly start: JsonObject
  readonly deltas: readonly JsonObject[]
}

function openingOf(block: JsonObject): Opening {
  if (block.type === 'text') {
    const citations = Array.isArray(block.citations) ? block.citations : null
    const cited = (citations ?? []).map((citation) => ({ type: 'citations_delta', citation }))
    const text = textAt(block, 'text') ?? ''
    return {
      start: { ...block, text: '', ...(citations !== null && { citations: [] }) },
      deltas: text === '' ? cited : [...cited, { type: 'text_delta', text }],
    }
  }
  if (block.type === 'thinking') {
    const thinking = textAt(block, 'thinking') ?? ''
    const signature = textAt(block, 'signature') ?? ''
    return {
      start: { ...block, thinking: '', signature: '' },
      deltas: [
        ...(thinking === '' ? [] : [{ type: 'thinking_delta', thinking }]),
        ...(signature === '' ? [] : [{ type: 'signature_delta', signature }]),
      ],
    }
  }
  const input = block.type === 'tool_use' ? objectAt(block, 'input') : null
  if (input === null) return { start: block, deltas: [] }
  const hasInput = Object.keys(input).length > 0
  return {
    start: { ...block, input: {} },
    deltas: hasInput ? [{ type: 'input_json_delta', partial_json: JSON.stringify(input) }] : [],
  }
}
