/** The messages of a request to `/v2/chat`. */
import type { JsonObject } from '../../core/json.ts'
import { cannotSay } from '../hub/losses.ts'
import { withoutForeignParts } from '../hub/native-parts.ts'
import type { MediaSource, Message, Part, ToolResultPart } from '../hub/request.ts'

const dialect = 'cohere-chat'

/** @throws GatewayError a 400 that names what cannot be said. */
export function writeMessages(messages: readonly Message[]): readonly JsonObject[] {
  return withoutForeignParts(messages, dialect).flatMap(writeMessage)
}

function writeMessage({ role, parts }: Message): readonly JsonObject[] {
  if (role === 'assistant') return [writeAssistant(parts)]
  if (role === 'tool' || role === 'user') return writeUser(parts)
  return [{ role: 'system', content: textsOf(parts) }]
}

/** Results are messages of their own, one for each call. */
function writeUser(parts: readonly Part[]): readonly JsonObject[] {
  const results = parts.filter((part) => part.type === 'tool-result').map(writeResult)
  const content = parts.flatMap((part) => (part.type === 'tool-result' ? [] : writeContent(part)))
  const isPlain = content.length === 1 && content[0]?.type === 'text'
  if (content.length === 0) return results
  return [...results, { role: 'user', content: isPlain ? content[0]?.text : content }]
}

function writeContent(part: Part): readonly JsonObject[] {
  switch (part.type) {
    case 'text':
    case 'refusal':
      return part.text === '' ? [] : [{ type: 'text', text: part.text }]
    case 'image': {
      const { detail, source } = part
      const image = { url: addressOf(source), ...(detail !== null && { detail }) }
      return [{ type: 'image_url', image_url: image }]
    }
    case 'file':
      if (part.source.kind !== 'text') throw cannotSay(dialect, 'file')
      return [{ type: 'text', text: part.source.text }]
    case 'audio':
      throw cannotSay(dialect, 'audio')
    // Only the assistant thinks and calls, and no client has blocks of this dialect.
    case 'native':
    case 'reasoning':
    case 'tool-call':
    case 'tool-result':
      return []
  }
}

function addressOf(source: MediaSource): string {
  if (source.kind === 'url') return source.url
  if (source.kind === 'base64') return `data:${source.mediaType};base64,${source.data}`
  throw cannotSay(dialect, 'image')
}

function writeAssistant(parts: readonly Part[]): JsonObject {
  const calls = parts.filter((part) => part.type === 'tool-call')
  const texts = parts.flatMap((part) => {
    if (part.type === 'image') throw cannotSay(dialect, 'image')
    return writeContent(part)
  })
  const thinking = parts.flatMap((part) =>
    part.type === 'reasoning' && part.signedBy === null ? part.text : [],
  )
  const thought = thinking.filter((text) => text !== '').join('\n\n')
  const hasPlan = calls.length > 0 && thought !== ''
  const content =
    thought === '' || hasPlan ? texts : [{ type: 'thinking', thinking: thought }, ...texts]
  return {
    role: 'assistant',
    ...(content.length > 0 && { content }),
    ...(hasPlan && { tool_plan: thought }),
    ...(calls.length > 0 && {
      tool_calls: calls.map(({ id, name, arguments: written }) => ({
        id,
        type: 'function',
        function: { name, arguments: written },
      })),
    }),
  }
}

function writeResult({ callId, content }: ToolResultPart): JsonObject {
  return { role: 'tool', tool_call_id: callId, content: textsOf(content) }
}

/** The texts as one; anything else has no place where only text is taken. */
function textsOf(parts: readonly Part[]): string {
  const texts = parts.flatMap((part) => {
    if (part.type === 'image') throw cannotSay(dialect, 'image')
    return writeContent(part).map(({ text }) => String(text))
  })
  return texts.join('\n')
}
