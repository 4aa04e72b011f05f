/** Writes a whole chat completion. */
import type { JsonObject } from '../../core/json.ts'
import {
  type Collected,
  type CollectedChoice,
  type CollectedPart,
  collect,
} from '../hub/collect.ts'
import type { HubEvent, Logprobs } from '../hub/events.ts'
import { wholeFrame } from '../hub/own-frame.ts'
import { chunkHead } from '../openai/chunk-write.ts'
import { writeFinish } from '../openai/finish.ts'
import { writeUsage } from '../openai/hub-usage.ts'
import type { AnswerContext } from '../translation.ts'
import { writeAnnotation } from './annotations.ts'
import { callsFunctions, callsOtherwise } from './functions.ts'
import { writeReasoning } from './reasoning-write.ts'
import { writeToolSignature } from './tool-signature.ts'

const names = { object: 'chat.completion', idPrefix: 'chatcmpl-' }

/** The events of a finished answer as a whole one. @throws GatewayError the one it ended with. */
export function writeChatResponse(events: readonly HubEvent[], context: AnswerContext): JsonObject {
  const answer = collect(events)
  if (answer.error !== null) throw answer.error
  const own = callsOtherwise(context.request) ? null : wholeFrame(events, 'openai-chat')
  if (own !== null) return own
  const usage = answer.usage === null ? null : writeUsage(answer.usage)
  const asFunction = callsFunctions(context.request)
  return {
    ...chunkHead(answer, names, context),
    choices: answer.choices.map((choice) => writeChoice(choice, asFunction)),
    ...(usage !== null && { usage }),
    ...ownFields(answer),
  }
}

function writeChoice({ index, parts, finish }: CollectedChoice, asFunction: boolean): JsonObject {
  const calls = parts.filter((part) => part.type === 'tool-call')
  const reason = finish?.reason ?? (calls.length > 0 ? 'tool-calls' : 'stop')
  const word = reason === 'tool-calls' && asFunction ? 'function_call' : writeFinish(reason)
  return {
    index,
    message: writeMessage(parts, asFunction),
    logprobs: writeLogprobs(parts),
    finish_reason: word,
    ...(reason === 'pause' && { native_finish_reason: 'pause_turn' }),
  }
}

function writeMessage(parts: readonly CollectedPart[], asFunction: boolean): JsonObject {
  const texts = parts.filter((part) => part.type === 'text')
  const refusals = parts.filter((part) => part.type === 'refusal')
  const thoughts = parts.filter((part) => part.type === 'reasoning')
  const annotations = texts
    .flatMap(({ citations }) => citations)
    .map(writeAnnotation)
    .filter((annotation) => annotation !== null)
  const hasText = texts.length > 0 || !parts.some(({ type }) => isInstead(type))
  return {
    role: 'assistant',
    content: hasText ? texts.map(({ text }) => text).join('') : null,
    refusal: refusals.length > 0 ? refusals.map(({ text }) => text).join('') : null,
    ...(annotations.length > 0 && { annotations }),
    ...writeReasoning(thoughts, () => true),
    ...writeCalls(parts, asFunction),
    ...ownDeltas(parts),
  }
}

/** What stands in the place of text, so that `content` is null. */
function isInstead(type: CollectedPart['type']): boolean {
  return type === 'tool-call' || type === 'refusal'
}

function writeCalls(parts: readonly CollectedPart[], asFunction: boolean): JsonObject {
  const calls = parts.filter((part) => part.type === 'tool-call')
  const [first] = calls
  if (first === undefined) return {}
  if (asFunction) return { function_call: { name: first.name, arguments: first.arguments } }
  return {
    tool_calls: calls.map(({ id, name, arguments: text, custom, signature }) => ({
      id,
      ...(custom
        ? { type: 'custom', custom: { name, input: text } }
        : { type: 'function', function: { name, arguments: text } }),
      ...(signature !== null && writeToolSignature(signature)),
    })),
  }
}

function writeLogprobs(parts: readonly CollectedPart[]): Logprobs | null {
  const scored = parts.flatMap((part) =>
    (part.type === 'text' || part.type === 'refusal') && part.logprobs ? [part.logprobs] : [],
  )
  if (scored.length === 0) return null
  const listOf = (key: string): unknown[] | null => {
    const items = scored.flatMap((each) => (Array.isArray(each[key]) ? each[key] : []))
    return items.length > 0 ? items : null
  }
  return { content: listOf('content'), refusal: listOf('refusal') }
}

/** What this dialect said itself and the hub does not know, as fields of the message. */
function ownDeltas(parts: readonly CollectedPart[]): JsonObject {
  return Object.assign({}, ...nativesOf(parts).map(({ delta }) => delta ?? {}))
}

/** The same, as fields of the answer. */
function ownFields({ choices }: Collected): JsonObject {
  const natives = choices.flatMap(({ parts }) => nativesOf(parts))
  return Object.assign({}, ...natives.map(({ chunk }) => chunk ?? {}))
}

function nativesOf(parts: readonly CollectedPart[]): readonly OwnValue[] {
  return parts.flatMap((part) =>
    part.type === 'native' && part.native.dialect === 'openai-chat'
      ? [part.native.value as OwnValue]
      : [],
  )
}

/** What the reader of this dialect keeps: a piece of a delta, or fields of the chunk. */
interface OwnValue {
  readonly delta?: JsonObject
  readonly chunk?: JsonObject
}
