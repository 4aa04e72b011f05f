/** Reads one part of a content. What only Gemini understands stays whole, as a native part. */
import { isObject, type JsonObject, textAt } from '../../core/json.ts'
import type { MediaSource, Part, ToolResultPart } from '../hub/request.ts'
import { camelAt, objectsAt, wordAt } from './fields.ts'
import { SIGNATURE_STAND_IN } from './foreign.ts'
import { invalid } from './invalid.ts'
import { audioFormatOf } from './media.ts'
import type { PendingCalls } from './pending-calls.ts'
import { readCallSignature, unsealSignature } from './signature.ts'

/** Keys that say nothing beyond what the hub keeps; any other makes the part a native one. */
const knownKeys: ReadonlySet<string> = new Set([
  'text',
  'thought',
  'thoughtSignature',
  'functionCall',
  'functionResponse',
  'inlineData',
  'fileData',
])
const knownResponseKeys: ReadonlySet<string> = new Set(['id', 'name', 'response', 'parts'])

/** The part, or null for one that says nothing. @throws GatewayError for a wrong type. */
export function readPart(part: JsonObject, place: string, calls: PendingCalls): Part | null {
  const keys = Object.keys(part).filter((key) => part[key] !== null && part[key] !== undefined)
  if (keys.length === 0) return null
  if (!keys.every((key) => knownKeys.has(key))) return native(part)
  const signature = wordAt(part, 'thoughtSignature')
  const call = camelAt(part, 'functionCall')
  if (call !== null) return readCall(call, signature, place, calls)
  const response = camelAt(part, 'functionResponse')
  if (response !== null) return readResponse(response, part, place, calls)
  const inline = camelAt(part, 'inlineData')
  if (inline !== null) return readInline(inline, place)
  const file = camelAt(part, 'fileData')
  if (file !== null) return readFile(file, place)
  if (part.text !== undefined && typeof part.text !== 'string') {
    throw invalid(`${place}.text`, 'a string')
  }
  return readText(part, signature)
}

const native = (part: JsonObject): Part => ({
  type: 'native',
  native: { dialect: 'gemini', value: part },
})

function readText(part: JsonObject, signature: string | null): Part | null {
  const text = textAt(part, 'text') ?? ''
  const foreign = signature === null ? null : unsealSignature(signature)
  if (foreign !== null) {
    const isRedacted = foreign.kind === 'redacted'
    return {
      type: 'reasoning',
      text,
      signature: isRedacted ? null : foreign.signature,
      redacted: isRedacted ? foreign.signature : null,
      signedBy: foreign.signedBy,
      id: foreign.id,
    }
  }
  if (part.thought === true) {
    const signedBy = signature === null ? null : 'gemini'
    return { type: 'reasoning', text, signature, redacted: null, signedBy, id: null }
  }
  if (text === '' && signature === null) return null
  return { type: 'text', text, citations: [], cache: null, signature }
}

/** Another provider's comes out of its seal; a stand-in is none. */
function callSignature(signature: string | null): string | null {
  if (signature === null || signature === SIGNATURE_STAND_IN) return null
  return readCallSignature(signature)
}

function readCall(
  call: JsonObject,
  signature: string | null,
  place: string,
  calls: PendingCalls,
): Part {
  const name = wordAt(call, 'name')
  if (name === null) throw invalid(`${place}.functionCall.name`, 'a string')
  const args = call.args ?? {}
  if (!isObject(args)) throw invalid(`${place}.functionCall.args`, 'an object')
  return {
    type: 'tool-call',
    id: calls.called(name, wordAt(call, 'id')),
    name,
    arguments: JSON.stringify(args),
    custom: false,
    signature: callSignature(signature),
    cache: null,
  }
}

function readResponse(
  response: JsonObject,
  part: JsonObject,
  place: string,
  calls: PendingCalls,
): Part {
  if (!Object.keys(response).every((key) => knownResponseKeys.has(key))) return native(part)
  const name = wordAt(response, 'name')
  if (name === null) throw invalid(`${place}.functionResponse.name`, 'a string')
  const said = response.response ?? {}
  if (!isObject(said)) throw invalid(`${place}.functionResponse.response`, 'an object')
  const media = objectsAt(response, 'parts').flatMap((item) => {
    const read = readPart(item, `${place}.functionResponse`, calls)
    return read === null ? [] : [read]
  })
  return { ...readOutcome(said, media), callId: calls.answered(name, wordAt(response, 'id')), name }
}

/** `output` and `error` are what the API documents; anything else is the output as a whole. */
function readOutcome(
  response: JsonObject,
  media: readonly Part[],
): Omit<ToolResultPart, 'callId' | 'name'> {
  const keys = Object.keys(response)
  const isError = keys.length === 1 && keys[0] === 'error'
  const isOutput = keys.length === 1 && keys[0] === 'output'
  const value = isError ? response.error : isOutput ? response.output : response
  const text = typeof value === 'string' ? value : JSON.stringify(value)
  const says = keys.length > 0 && text !== ''
  const content: Part[] = says
    ? [{ type: 'text', text, citations: [], cache: null, signature: null }]
    : []
  return {
    type: 'tool-result',
    content: [...content, ...media],
    isError,
    custom: false,
    cache: null,
  }
}

function readInline(inline: JsonObject, place: string): Part {
  const data = textAt(inline, 'data')
  if (data === null) throw invalid(`${place}.inlineData.data`, 'a base64 string')
  const mediaType = wordAt(inline, 'mimeType')
  if (mediaType === null) throw invalid(`${place}.inlineData.mimeType`, 'a media type')
  const format = audioFormatOf(mediaType)
  if (format !== null) return { type: 'audio', data, format }
  return media({ kind: 'base64', data, mediaType }, mediaType, textAt(inline, 'displayName'))
}

/** A file that Google holds is known by its address there; any other address is one to fetch. */
function readFile(file: JsonObject, place: string): Part {
  const uri = wordAt(file, 'fileUri')
  if (uri === null) throw invalid(`${place}.fileData.fileUri`, 'a string')
  const mediaType = wordAt(file, 'mimeType')
  const isHeld =
    !/^https?:/.test(uri) || uri.startsWith('https://generativelanguage.googleapis.com/')
  const source: MediaSource = isHeld
    ? { kind: 'file', id: uri, mediaType }
    : { kind: 'url', url: uri, mediaType }
  return media(source, mediaType, textAt(file, 'displayName'))
}

function media(source: MediaSource, mediaType: string | null, filename: string | null): Part {
  return mediaType?.startsWith('image/')
    ? { type: 'image', source, detail: null, cache: null }
    : { type: 'file', source, filename, cache: null }
}
