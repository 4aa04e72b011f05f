/** The answer that is not streamed: `generateContent`. */
import { isObject, type JsonObject } from '../../core/json.ts'
import type { HubEvent } from '../hub/events.ts'
import { wholeFrame } from '../hub/own-frame.ts'
import type { ProtocolName } from '../names.ts'
import type { Protocol } from '../protocol.ts'
import type { AnswerContext } from '../translation.ts'
import type { CandidateWriter } from './candidate-write.ts'
import { isErrorEvent, readEventError } from './error.ts'
import { GeminiReader } from './stream-read.ts'
import { AnswerFrame } from './stream-write.ts'
import { readUsage } from './usage.ts'

/** The usage of an answer, or the error that hides in its 200. */
export function readAnswer(body: JsonObject): ReturnType<Protocol['readAnswer']> {
  const isAnswer = Array.isArray(body.candidates)
  return {
    usage: readUsage(body.usageMetadata),
    error: !isAnswer && isErrorEvent(body) ? readEventError(body) : null,
  }
}

/**
 * A whole answer as the events of a stream; one without a finish reason is incomplete.
 * @param client the dialect that will be written.
 */
export function readResponse(body: JsonObject, client?: ProtocolName): readonly HubEvent[] {
  const reader = new GeminiReader(client)
  const events = reader.read({ event: null, data: JSON.stringify(body) })
  return [...events, ...reader.end()]
}

/**
 * The events of a finished answer as a whole one. Texts and thoughts that follow each other are one
 * part, as they are on Google's own server.
 * @throws GatewayError the answer's own error, where it ended in one.
 */
export function writeResponse(events: readonly HubEvent[], context: AnswerContext): JsonObject {
  const frame = new AnswerFrame(context)
  const said = new Map<number, JsonObject[]>()
  const failed = events.find((event) => event.type === 'error')
  if (failed !== undefined) throw failed.error
  const own = wholeFrame(events, 'gemini')
  if (own !== null) return own
  for (const event of events) {
    if (event.type === 'start') frame.start(event)
    else if (event.type === 'usage') frame.usage = event.usage
    else if (event.type !== 'end' && event.type !== 'error') {
      const piece = frame.candidate(event.choice).write(event)
      if (piece === null) continue
      const pieces = said.get(event.choice)
      if (pieces === undefined) said.set(event.choice, [piece])
      else pieces.push(piece)
    }
  }
  return frame.last((writer) => joined([...(said.get(writer.index) ?? []), writer.last()], writer))
}

/** The pieces of one candidate as a whole one. */
function joined(pieces: readonly JsonObject[], writer: CandidateWriter): JsonObject {
  const parts: JsonObject[] = []
  const rest: Record<string, unknown> = {}
  const chosenCandidates: unknown[] = []
  const topCandidates: unknown[] = []
  for (const piece of pieces) {
    const { content, logprobsResult, ...fields } = piece
    if (isObject(content) && Array.isArray(content.parts)) {
      for (const part of content.parts) if (isObject(part)) addPart(parts, part)
    }
    if (isObject(logprobsResult)) {
      chosenCandidates.push(...listOf(logprobsResult.chosenCandidates))
      topCandidates.push(...listOf(logprobsResult.topCandidates))
    }
    Object.assign(rest, fields)
  }
  return {
    content: { parts, role: 'model' },
    ...rest,
    ...(chosenCandidates.length > 0 && { logprobsResult: { chosenCandidates, topCandidates } }),
    index: writer.index,
  }
}

const listOf = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : [])

/** Adds `part`, to the one before where both are text or both are a thought. */
function addPart(parts: JsonObject[], part: JsonObject): void {
  const last = parts.at(-1)
  if (last !== undefined && part.text === '' && part.thoughtSignature === undefined) return
  const joins =
    typeof last?.text === 'string' &&
    typeof part.text === 'string' &&
    last.thoughtSignature === undefined &&
    Boolean(last.thought) === Boolean(part.thought)
  if (!joins) parts.push(part)
  else parts[parts.length - 1] = { ...part, text: `${last.text}${part.text}` }
}
