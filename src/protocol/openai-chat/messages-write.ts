/** Writes the messages of a chat request. */
import { isObject, type JsonObject } from '../../core/json.ts'
import { withoutForeignParts } from '../hub/native-parts.ts'
import type { Message, Part, ReasoningPart, ToolCallPart, ToolResultPart } from '../hub/request.ts'
import { writeAnnotation } from './annotations.ts'
import { writeCache, writeContent, writeTextContent } from './content-write.ts'
import { writeReasoning } from './reasoning-write.ts'
import { isOwnToolSignature, writeToolSignature } from './tool-signature.ts'

/** The messages of a request. @throws GatewayError a 400 for what cannot be said. */
export function writeMessages(messages: readonly Message[]): readonly JsonObject[] {
  const written: JsonObject[] = []
  let media: Part[] = []
  for (const message of withoutForeignParts(messages, 'openai-chat')) {
    const results = message.parts.filter((part) => part.type === 'tool-result')
    // All results must follow their calls directly, so what they cannot hold comes after the last.
    if (results.length === 0) {
      flushMedia(media, written)
      media = []
    }
    for (const result of results) {
      written.push(writeResult(result))
      media.push(...mediaOf(result))
    }
    const rest = message.parts.filter((part) => part.type !== 'tool-result')
    if (results.length === 0) written.push(writeMessage(message, rest))
    else media.push(...rest)
  }
  flushMedia(media, written)
  return written
}

function flushMedia(media: readonly Part[], written: JsonObject[]): void {
  if (media.length === 0) return
  written.push({ role: 'user', content: writeContent(media, 'messages.content') })
}

function writeMessage({ role, name }: Message, parts: readonly Part[]): JsonObject {
  const named = name !== null && { name }
  switch (role) {
    case 'system':
    case 'developer':
      return { role, content: writeTextContent(parts, `messages.${role}`), ...named }
    case 'assistant':
      return { role, ...writeAssistant(parts), ...named }
    case 'user':
    case 'tool':
      return { role: 'user', content: writeContent(parts, 'messages.user'), ...named }
  }
}

function writeAssistant(parts: readonly Part[]): JsonObject {
  const said: Part[] = []
  const thoughts: ReasoningPart[] = []
  const calls: ToolCallPart[] = []
  let audio: JsonObject | null = null
  for (const part of parts) {
    if (part.type === 'reasoning') thoughts.push(part)
    else if (part.type === 'tool-call') calls.push(part)
    else if (part.type === 'native' && isAudio(part)) audio = part.native.value as JsonObject
    else said.push(part)
  }
  const citations = said.flatMap((part) => (part.type === 'text' ? part.citations : []))
  const annotations = citations.map(writeAnnotation).filter((each) => each !== null)
  return {
    ...writeSaid(said, calls.length > 0),
    ...(annotations.length > 0 && { annotations }),
    // A signature goes back to the dialect that signed it, and to nobody else.
    ...writeReasoning(thoughts, (signedBy) => signedBy === 'openai-chat'),
    ...audio,
    ...(calls.length > 0 && { tool_calls: calls.map(writeCall) }),
  }
}

/** A lone refusal has a field of its own; among texts it is one of the parts. */
function writeSaid(said: readonly Part[], hasCalls: boolean): JsonObject {
  const [first] = said
  if (said.length === 1 && first?.type === 'refusal') {
    return { content: null, refusal: first.text }
  }
  if (said.length === 0 && hasCalls) return { content: null }
  return { content: writeTextContent(said, 'messages.assistant') }
}

/** The answer in sound of an earlier turn, which is named by its id. */
function isAudio({ native }: Extract<Part, { type: 'native' }>): boolean {
  const { value } = native
  return isObject(value) && isObject(value.audio) && value.type === undefined
}

function writeCall(call: ToolCallPart): JsonObject {
  const { id, name, custom, signature, cache } = call
  return {
    id,
    ...(custom
      ? { type: 'custom', custom: { name, input: call.arguments } }
      : { type: 'function', function: { name, arguments: call.arguments || '{}' } }),
    ...(signature !== null && isOwnToolSignature(signature) && writeToolSignature(signature)),
    ...writeCache(cache),
  }
}

function writeResult({ callId, content, cache }: ToolResultPart): JsonObject {
  const texts = content.filter((part) => !isMedia(part))
  return {
    role: 'tool',
    tool_call_id: callId,
    content: writeTextContent(texts, 'messages.tool'),
    ...writeCache(cache),
  }
}

function mediaOf({ content }: ToolResultPart): readonly Part[] {
  return content.filter(isMedia)
}

function isMedia({ type }: Part): boolean {
  return type === 'image' || type === 'file' || type === 'audio'
}
