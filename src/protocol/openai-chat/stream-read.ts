/** Reads chat completions, streamed or whole, of OpenAI and of everyone compatible with it. */
import { isObject, type JsonObject, objectAt } from '../../core/json.ts'
import type { HubEvent, Logprobs } from '../hub/events.ts'
import type { ProtocolName } from '../names.ts'
import type { ChoiceRead } from '../openai/choice-read.ts'
import { type ChunkLanguage, ChunkRead } from '../openai/chunk-read.ts'
import type { EventReader } from '../translation.ts'
import { readAnnotation, readSources } from './annotations.ts'
import { readReasoning } from './reasoning-read.ts'
import { markToolSignature, readToolSignature } from './tool-signature.ts'

/** The reader of one stream. @param client the dialect that will be written. */
export function readChatStream(client?: ProtocolName): EventReader {
  return new ChunkRead(chatLanguage(), client)
}

/** The events of a whole answer. @param client the dialect that will be written. */
export function readChatResponse(body: JsonObject, client?: ProtocolName): readonly HubEvent[] {
  return new ChunkRead(chatLanguage(), client).readWhole(body)
}

/** Fields of a delta that only this dialect understands: sound, pictures, server-side tools. */
const ownFields = ['audio', 'images', 'executed_tools'] as const

/** Sources that are told again with every chunk are remembered up to here. */
const sourcesMax = 1_000

function chatLanguage(): ChunkLanguage {
  const sources = new Set<string>()
  return {
    dialect: 'openai-chat',
    readChoice: readChatChoice,
    readRest(chunk, first, emit) {
      if (chunk.moderation) {
        const value = { chunk: { moderation: chunk.moderation } }
        emit({ type: 'raw', choice: 0, native: { dialect: 'openai-chat', value } })
      }
      if (first === null || first.finished) return
      for (const source of readSources(chunk)) {
        const url = source.url ?? ''
        if (sources.has(url) || sources.size >= sourcesMax) continue
        sources.add(url)
        first.citation(source)
      }
    },
  }
}

/**
 * Reads what a choice holds. In a stream, `message` repeats everything so far (Perplexity, Writer)
 * and is not read.
 */
export function readChatChoice(choice: JsonObject, reader: ChoiceRead, whole: boolean): void {
  const delta = objectAt(choice, whole ? 'message' : 'delta') ?? objectAt(choice, 'delta')
  const logprobs = readLogprobs(choice.logprobs)
  if (delta === null) return
  readReasoning(delta, reader)
  readContent(delta.content, contentOf(logprobs), reader)
  if (typeof delta.refusal === 'string') {
    reader.refusal(delta.refusal, refusalOf(logprobs))
  }
  if (Array.isArray(delta.tool_calls)) {
    delta.tool_calls.forEach((call: unknown, position) => {
      if (!isObject(call)) return
      const signature = readToolSignature(call)
      const marked = signature === null ? null : markToolSignature(signature)
      reader.toolCall(call, whole ? position : null, marked)
    })
  } else if (isObject(delta.function_call)) {
    // The deprecated form has one call, and no id.
    reader.toolCall({ function: delta.function_call }, 0, null)
  }
  if (Array.isArray(delta.annotations)) {
    for (const annotation of delta.annotations) {
      const citation = readAnnotation(annotation)
      if (citation !== null) reader.citation(citation)
    }
  }
  for (const field of ownFields) {
    const value = delta[field]
    const isFilled = Array.isArray(value) ? value.length > 0 : isObject(value)
    if (isFilled) reader.raw({ delta: { [field]: value } })
  }
}

/** Text, or Mistral's list of pieces; a stream may change from one to the other. */
function readContent(content: unknown, logprobs: Logprobs | null, reader: ChoiceRead): void {
  if (typeof content === 'string') {
    reader.text(content, logprobs)
    return
  }
  if (!Array.isArray(content)) {
    // A token that is only part of a character has a probability and no text.
    reader.text('', logprobs)
    return
  }
  let scores = logprobs
  for (const piece of content) {
    if (typeof piece === 'string') reader.text(piece, null)
    if (!isObject(piece)) continue
    if (typeof piece.text === 'string') {
      reader.text(piece.text, scores)
      scores = null
    } else if (piece.type === 'thinking') {
      readThinking(piece, reader)
    } else if (typeof piece.refusal === 'string') {
      reader.refusal(piece.refusal, null)
    } else {
      reader.raw({ delta: { content: [piece] } })
    }
  }
}

/** `thinking` is a list of texts, or a text. `closed` comes with every piece and says nothing. */
function readThinking({ thinking, signature }: JsonObject, reader: ChoiceRead): void {
  const pieces: readonly unknown[] = Array.isArray(thinking) ? thinking : [thinking]
  for (const piece of pieces) {
    const text = isObject(piece) ? piece.text : piece
    if (typeof text === 'string') reader.reasoning(text, false, null)
  }
  if (typeof signature === 'string' && signature !== '') {
    const proof = { kind: 'signature', signature, signedBy: 'openai-chat' } as const
    reader.proof({ ...proof, id: null, group: null })
  }
}

/** Null where there are no scores: empty lists come with every chunk of some models. */
function readLogprobs(logprobs: unknown): JsonObject | null {
  if (!isObject(logprobs)) return null
  return hasItems(logprobs.content) || hasItems(logprobs.refusal) ? logprobs : null
}

function contentOf(logprobs: JsonObject | null): Logprobs | null {
  if (logprobs === null || !hasItems(logprobs.content)) return null
  return { content: logprobs.content, refusal: null }
}

function refusalOf(logprobs: JsonObject | null): Logprobs | null {
  if (logprobs === null || !hasItems(logprobs.refusal)) return null
  return { content: null, refusal: logprobs.refusal }
}

function hasItems(value: unknown): boolean {
  return Array.isArray(value) && value.length > 0
}
