/** Writes messages as `contents` and `systemInstruction`. */
import { GatewayError } from '../../core/errors.ts'
import { isObject, type JsonObject } from '../../core/json.ts'
import { withoutForeignParts } from '../hub/native-parts.ts'
import type {
  MediaSource,
  Message,
  Part,
  ReasoningPart,
  ToolCallPart,
  ToolResultPart,
} from '../hub/request.ts'
import { isOwnToolSignature } from '../openai-chat/tool-signature.ts'
import { SIGNATURE_STAND_IN } from './foreign.ts'
import { audioType, typeOfAddress } from './media.ts'

/** The two places where messages stand. */
export interface WrittenMessages {
  readonly contents: readonly JsonObject[]
  readonly systemInstruction: JsonObject | null
}

/**
 * @param needsSigned the model refuses calls without a signature.
 * @throws GatewayError for what the dialect has no words for.
 */
export function writeMessages(messages: readonly Message[], needsSigned: boolean): WrittenMessages {
  const names = new Map<string, string>()
  const system: JsonObject[] = []
  const contents: { role: string; parts: JsonObject[] }[] = []
  let before: Message['role'] | null = null
  for (const { role, parts } of withoutForeignParts(messages, 'gemini')) {
    const plain = parts.flatMap((part) => writePart(part, names))
    const written = needsSigned && role === 'assistant' ? withSignedCall(plain) : plain
    if (written.length === 0) continue
    if (role === 'system' || role === 'developer') {
      system.push(...written)
      continue
    }
    const last = contents.at(-1)
    // The answers to the calls of one turn must stand in one content.
    if (role === 'tool' && before === 'tool' && last !== undefined) last.parts.push(...written)
    else contents.push({ role: role === 'assistant' ? 'model' : 'user', parts: written })
    before = role
  }
  return { contents, systemInstruction: system.length === 0 ? null : { parts: system } }
}

/** Calls of other providers, put right: only the first call of a turn is ever signed. */
function withSignedCall(parts: readonly JsonObject[]): JsonObject[] {
  const first = parts.findIndex(({ functionCall }) => functionCall !== undefined)
  return parts.map((part, at) =>
    at === first && part.thoughtSignature === undefined
      ? { ...part, thoughtSignature: SIGNATURE_STAND_IN }
      : part,
  )
}

/** The parts that `part` becomes; none where nothing of it can be sent. */
function writePart(part: Part, names: Map<string, string>): readonly JsonObject[] {
  switch (part.type) {
    case 'text':
      if (part.text === '' && part.signature === null) return []
      return [{ text: part.text, ...signed(part.signature) }]
    case 'refusal':
      return part.text === '' ? [] : [{ text: part.text }]
    case 'image':
      return [writeMedia(part.source)]
    case 'file':
      return [writeMedia(part.source)]
    case 'audio':
      return [{ inlineData: { mimeType: audioType(part.format), data: part.data } }]
    case 'reasoning':
      return writeReasoning(part)
    case 'tool-call':
      names.set(part.id, part.name)
      return [writeCall(part)]
    case 'tool-result':
      return [writeResult(part, names)]
    case 'native':
      return isObject(part.native.value) ? [part.native.value] : []
  }
}

const signed = (signature: string | null): JsonObject =>
  signature === null ? {} : { thoughtSignature: signature }

/** Only what Google signed, or nobody, is Google's to read. */
function writeReasoning(part: ReasoningPart): readonly JsonObject[] {
  if (part.signedBy !== null && part.signedBy !== 'gemini') return []
  if (part.text === '') {
    // The signature of a text, which came in an empty text part of its own.
    return part.signature === null ? [] : [{ text: '', thoughtSignature: part.signature }]
  }
  return [{ text: part.text, thought: true, ...signed(part.signature) }]
}

function writeCall(part: ToolCallPart): JsonObject {
  const args = argumentsOf(part)
  const { signature } = part
  const isForeign = signature !== null && isOwnToolSignature(signature)
  const functionCall = { id: part.id, name: part.name, args }
  return { functionCall, ...signed(isForeign ? null : signature) }
}

function argumentsOf(part: ToolCallPart): JsonObject {
  if (part.arguments.trim() === '') return {}
  try {
    const value: unknown = JSON.parse(part.arguments)
    return isObject(value) ? value : { input: value }
  } catch {
    return { input: part.arguments }
  }
}

function writeResult(part: ToolResultPart, names: ReadonlyMap<string, string>): JsonObject {
  const name = part.name ?? names.get(part.callId)
  if (name === undefined) {
    throw new GatewayError('invalid_request', {
      message: `The tool result '${part.callId.slice(0, 64)}' answers no call of this request.`,
      param: 'messages',
    })
  }
  const texts: string[] = []
  const media: JsonObject[] = []
  for (const item of part.content) {
    if (item.type === 'text' || item.type === 'refusal') texts.push(item.text)
    else media.push(...writePart(item, new Map()))
  }
  const text = texts.join('\n')
  return {
    functionResponse: {
      id: part.callId,
      name,
      response: part.isError ? { error: text } : { output: text },
      ...(media.length > 0 && { parts: media }),
    },
  }
}

function writeMedia(source: MediaSource): JsonObject {
  switch (source.kind) {
    case 'base64':
      return { inlineData: { mimeType: source.mediaType, data: source.data } }
    case 'text': {
      const data = Buffer.from(source.text).toString('base64')
      return { inlineData: { mimeType: source.mediaType ?? 'text/plain', data } }
    }
    case 'file':
      return { fileData: { fileUri: source.id, ...typed(source.mediaType) } }
    case 'url':
      return {
        fileData: { fileUri: source.url, ...typed(source.mediaType ?? typeOfAddress(source.url)) },
      }
  }
}

const typed = (mediaType: string | null): JsonObject =>
  mediaType === null ? {} : { mimeType: mediaType }
