/** The messages of a request, in strictly alternating turns, and the system prompt beside them. */
import { isObject, type JsonObject } from '../../core/json.ts'
import { fittedToolCallId, toolCallIdChars } from '../hub/ids.ts'
import { cannotSay } from '../hub/losses.ts'
import { withoutForeignParts } from '../hub/native-parts.ts'
import type { CacheMarker, Message, Part, ReasoningPart, ToolResultPart } from '../hub/request.ts'
import { NOT_JSON, parseData } from '../openai/data.ts'
import { writeAudio, writeFile, writeImage } from './media.ts'

const dialect = 'bedrock-converse'

/** What Converse takes of a conversation. */
export interface WrittenMessages {
  readonly messages: readonly JsonObject[]
  readonly system: readonly JsonObject[]
  /** A turn has used a tool, or answered for one. */
  readonly hasToolUse: boolean
}

/** @throws GatewayError a 400 that names what cannot be said. */
export function writeMessages(messages: readonly Message[]): WrittenMessages {
  const written: { role: string; content: JsonObject[] }[] = []
  const system: JsonObject[] = []
  for (const { role, parts } of withoutForeignParts(messages, dialect)) {
    const content = parts.flatMap(writePart)
    if (role === 'system' || role === 'developer') {
      system.push(...content)
      continue
    }
    if (content.length === 0) continue
    const speaker = role === 'assistant' ? 'assistant' : 'user'
    const last = written.at(-1)
    if (last?.role === speaker) last.content.push(...content)
    else written.push({ role: speaker, content })
  }
  const hasToolUse = messages.some(({ parts }) =>
    parts.some(({ type }) => type === 'tool-call' || type === 'tool-result'),
  )
  return { messages: written, system, hasToolUse }
}

/** A cache point as Converse has it, which stands behind what is to be cached. */
export function cachePoint(cache: CacheMarker | null): readonly JsonObject[] {
  if (cache === null) return []
  return [{ cachePoint: { type: 'default', ...(cache.ttl !== null && { ttl: cache.ttl }) } }]
}

function writePart(part: Part): readonly JsonObject[] {
  switch (part.type) {
    case 'text':
      // A point with nothing in front of it would be refused.
      return part.text.trim() === '' ? [] : [{ text: part.text }, ...cachePoint(part.cache)]
    case 'refusal':
      return text(part.text)
    case 'image':
      return [writeImage(part), ...cachePoint(part.cache)]
    case 'file':
      return [writeFile(part), ...cachePoint(part.cache)]
    case 'audio':
      return [writeAudio(part)]
    case 'reasoning':
      return writeReasoning(part)
    case 'tool-call': {
      const { name } = part
      const toolUseId = fittedToolCallId(part.id, toolCallIdChars)
      const input = writeArguments(part.arguments)
      return [{ toolUse: { toolUseId, name, input } }, ...cachePoint(part.cache)]
    }
    case 'tool-result':
      return [{ toolResult: writeResult(part) }, ...cachePoint(part.cache)]
    // A provider-only dialect: no client has said a block of its own.
    case 'native':
      return []
  }
}

function text(value: string): readonly JsonObject[] {
  return value.trim() === '' ? [] : [{ text: value }]
}

function writeReasoning(part: ReasoningPart): readonly JsonObject[] {
  if (part.signedBy !== dialect) return []
  if (part.redacted !== null) return [{ reasoningContent: { redactedContent: part.redacted } }]
  const { signature } = part
  if (signature === null) return []
  return [{ reasoningContent: { reasoningText: { text: part.text, signature } } }]
}

/** The arguments as an object, which is all that Converse takes. */
export function writeArguments(written: string): JsonObject {
  const parsed = written.trim() === '' ? {} : parseData(written)
  if (isObject(parsed)) return parsed
  return { input: parsed === NOT_JSON ? written : parsed }
}

function writeResult(part: ToolResultPart): JsonObject {
  const { callId, content, isError } = part
  return {
    toolUseId: fittedToolCallId(callId, toolCallIdChars),
    content: content.flatMap(writeResultPart),
    ...(isError && { status: 'error' }),
  }
}

/** Calls, results and thinking have no place in the result of a tool. */
function writeResultPart(part: Part): readonly JsonObject[] {
  const { type } = part
  if (type === 'text' || type === 'refusal') return text(part.text)
  if (type === 'image') return [writeImage(part)]
  if (type === 'file') return [writeFile(part)]
  throw cannotSay(dialect, 'messages')
}
