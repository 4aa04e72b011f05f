/** The messages of a request to `/api/chat`: one text each, with images and calls beside it. */
import { isObject, type JsonObject } from '../../core/json.ts'
import { filled } from '../hub/foreign-fields.ts'
import { cannotSay } from '../hub/losses.ts'
import { withoutForeignParts } from '../hub/native-parts.ts'
import type { Message, Part, ToolResultPart } from '../hub/request.ts'
import { NOT_JSON, parseData } from '../openai/data.ts'

const dialect = 'ollama-chat'

/** @throws GatewayError a 400 that names what cannot be said. */
export function writeMessages(messages: readonly Message[]): readonly JsonObject[] {
  const nameOfCall = new Map<string, string>()
  for (const { parts } of messages) {
    for (const part of parts) if (part.type === 'tool-call') nameOfCall.set(part.id, part.name)
  }
  return withoutForeignParts(messages, dialect).flatMap(({ role, parts }) => {
    const results = parts
      .filter((part) => part.type === 'tool-result')
      .map((part) => writeResult(part, part.name ?? nameOfCall.get(part.callId) ?? null))
    const others = parts.filter((part) => part.type !== 'tool-result')
    if (others.length === 0 && results.length > 0) return results
    return [...results, writeMessage(role, others)]
  })
}

function writeMessage(role: Message['role'], parts: readonly Part[]): JsonObject {
  const calls = parts.flatMap((part) => (part.type === 'tool-call' ? [writeCall(part)] : []))
  const thinking = parts.flatMap((part) =>
    part.type === 'reasoning' && part.signedBy === null ? part.text : [],
  )
  const isAssistant = role === 'assistant'
  // Pieces of one answer follow each other; pieces of a question are paragraphs.
  const content = parts.flatMap(textOf).join(isAssistant ? '' : '\n\n')
  return {
    role: isAssistant ? 'assistant' : role === 'user' || role === 'tool' ? 'user' : 'system',
    content,
    ...filled({ images: parts.flatMap(imageOf), tool_calls: calls }),
    ...(thinking.length > 0 && { thinking: thinking.join('\n\n') }),
  }
}

function writeCall({ id, name, arguments: written }: ToolCall): JsonObject {
  const parsed = written.trim() === '' ? {} : parseData(written)
  const input = isObject(parsed) ? parsed : { input: parsed === NOT_JSON ? written : parsed }
  return { id, function: { name, arguments: input } }
}

type ToolCall = Extract<Part, { type: 'tool-call' }>

function writeResult({ callId, content }: ToolResultPart, name: string | null): JsonObject {
  return {
    role: 'tool',
    content: content.flatMap(textOf).join('\n'),
    ...(name !== null && { tool_name: name }),
    tool_call_id: callId,
    ...filled({ images: content.flatMap(imageOf) }),
  }
}

function textOf(part: Part): readonly string[] {
  switch (part.type) {
    case 'text':
    case 'refusal':
      return part.text === '' ? [] : [part.text]
    case 'file':
      if (part.source.kind !== 'text') throw cannotSay(dialect, 'file')
      return [part.source.text]
    case 'audio':
      throw cannotSay(dialect, 'audio')
    case 'native':
    case 'image':
    case 'reasoning':
    case 'tool-call':
    case 'tool-result':
      return []
  }
}

function imageOf(part: Part): readonly string[] {
  if (part.type !== 'image') return []
  if (part.source.kind !== 'base64') throw cannotSay(dialect, 'image.url')
  return [part.source.data]
}
