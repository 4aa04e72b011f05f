/** Quirks that concern what messages look like. */
import { isObject, type JsonObject } from '../core/json.ts'
import { hashText } from '../protocol/hub/ids.ts'
import { customToolsAreFunctions } from './custom-tools.ts'
import { dropped, type Quirk, replaced } from './quirks.ts'

/** A quirk of each message; `isLast` tells the one that the answer follows. */
function ofMessages(
  what: string,
  how: Quirk['how'],
  note: string,
  write: (message: JsonObject, isLast: boolean) => JsonObject,
): Quirk {
  const { apply } = replaced('messages', note, (messages) => ({
    messages: Array.isArray(messages)
      ? messages.map((message, index) =>
          isObject(message) ? write(message, index === messages.length - 1) : message,
        )
      : messages,
  }))
  return { what: `messages.${what}`, how, note, apply }
}

const without = (message: JsonObject, ...fields: readonly string[]): JsonObject =>
  Object.fromEntries(Object.entries(message).filter(([key]) => !fields.includes(key)))

const developerIsSystem = ofMessages(
  'developer',
  'changed',
  'The role `developer` is `system`, which every model knows.',
  (message) => (message.role === 'developer' ? { ...message, role: 'system' } : message),
)

const refusalIsText = ofMessages(
  'refusal',
  'changed',
  'A refusal of an earlier turn is text like any other.',
  ({ refusal, ...message }) => {
    const { content } = message
    const text = typeof refusal === 'string' && !content ? refusal : content
    if (!Array.isArray(text)) return 'content' in message ? { ...message, content: text } : message
    const parts = text.map((part: unknown) =>
      isObject(part) && part.type === 'refusal' ? { type: 'text', text: part.refusal } : part,
    )
    return { ...message, content: parts }
  },
)

const withoutAnnotations = ofMessages(
  'annotations',
  'dropped',
  'The sources of earlier answers are not sent back; their text is.',
  (message) => without(message, 'annotations'),
)

/** Signed or hidden thinking, which means something to the provider that made it only. */
const withoutReasoningDetails = ofMessages(
  'reasoning_details',
  'dropped',
  'Signatures of reasoning mean nothing there; its text goes back where it is known.',
  (message) => without(message, 'reasoning_details'),
)

/** Google's signature of a call, as its own chat endpoint says it. */
export const withoutCallExtras = ofMessages(
  'extra_content',
  'dropped',
  'Signatures of calls mean nothing there.',
  (message) => {
    const { tool_calls: calls } = message
    if (!Array.isArray(calls)) return message
    return {
      ...message,
      tool_calls: calls.map((call: unknown) =>
        isObject(call) ? without(call, 'extra_content') : call,
      ),
    }
  },
)

/** Prompt-cache markers, in messages, parts of them, calls, and tools. */
export const withoutCacheMarkers: Quirk = {
  what: 'cache_control',
  how: 'dropped',
  note: 'Prompts are cached there without being told to, or not at all.',
  apply: ({ messages, tools, ...body }) => ({
    ...body,
    ...(messages !== undefined && { messages: unmarked(messages) }),
    ...(tools !== undefined && { tools: unmarked(tools) }),
  }),
}

/** Markers stand no deeper than this: `messages`, one of them, `content`, a part of it. */
const MARKER_DEPTH = 4

function unmarked(value: unknown, depth = 0): unknown {
  if (depth > MARKER_DEPTH) return value
  if (Array.isArray(value)) return value.map((item) => unmarked(item, depth + 1))
  if (!isObject(value)) return value
  const kept = Object.entries(value).filter(([key]) => key !== 'cache_control')
  const inside = kept.map(([key, item]) => {
    const goesOn = key === 'content' || key === 'tool_calls'
    return [key, goesOn ? unmarked(item, depth + 1) : item]
  })
  return Object.fromEntries(inside)
}

/** Thinking of earlier turns is left out: the provider refuses it, or does without. */
export const withoutReasoning = ofMessages(
  'reasoning_content',
  'dropped',
  'Reasoning of earlier turns is not taken back.',
  (message) => without(message, 'reasoning_content', 'reasoning_details'),
)

/** Thinking of earlier turns goes back under the name that it came with. */
export const reasoningIsReasoning = ofMessages(
  'reasoning_content',
  'renamed',
  'Reasoning of earlier turns is called `reasoning` there.',
  ({ reasoning_content: reasoning, ...message }) =>
    reasoning === undefined ? message : { ...message, reasoning },
)

/** Mistral's way: thinking is a part of the content, in front of the text. */
export const reasoningIsContent = ofMessages(
  'reasoning_content',
  'changed',
  'Reasoning of earlier turns is a part of the content there.',
  ({ reasoning_content: reasoning, ...message }) => {
    if (typeof reasoning !== 'string') return message
    const { content } = message
    const said = typeof content === 'string' && content !== '' ? [textPart(content)] : content
    const thinking = { type: 'thinking', thinking: [textPart(reasoning)] }
    return { ...message, content: [thinking, ...(Array.isArray(said) ? said : [])] }
  },
)

const textPart = (text: string): JsonObject => ({ type: 'text', text })

/** For providers that refuse the name of a speaker. */
export const withoutNames = ofMessages(
  'name',
  'dropped',
  'Speakers have no names there.',
  (message) => without(message, 'name'),
)

/** An answer that was begun by the client, which must be said to be one. */
export function begunAnswer(field: string): Quirk {
  const note = `An answer begun by the client is marked with \`${field}\`.`
  return ofMessages('prefill', 'changed', note, (message, isLast) =>
    isLast && message.role === 'assistant' ? { ...message, [field]: true } : message,
  )
}

/** Ids of calls that the provider would refuse are hashed, on calls as on results. */
export function fittedCallIds(legal: RegExp, length: number): Quirk {
  const fitted = (id: unknown): unknown =>
    typeof id !== 'string' || legal.test(id) ? id : hashText(id, length)
  const note = `Ids of calls that do not fit (\`${legal.source}\`) become hashes of themselves.`
  return ofMessages('tool_calls.id', 'changed', note, (message) => {
    const { tool_call_id: answered, tool_calls: calls } = message
    return {
      ...message,
      ...(answered !== undefined && { tool_call_id: fitted(answered) }),
      ...(Array.isArray(calls) && {
        tool_calls: calls.map((call: unknown) =>
          isObject(call) ? { ...call, id: fitted(call.id) } : call,
        ),
      }),
    }
  })
}

const notStored = 'It concerns what OpenAI stores or bills.'

const commonQuirks: readonly Quirk[] = [
  customToolsAreFunctions,
  developerIsSystem,
  refusalIsText,
  withoutAnnotations,
  withoutReasoningDetails,
  withoutCallExtras,
  withoutCacheMarkers,
  dropped('store', notStored),
  dropped('metadata', notStored),
  dropped('service_tier', 'Each provider has tiers of its own.'),
  dropped('safety_identifier', notStored),
  dropped('prompt_cache_key', 'Prompts are cached there without a key.'),
  dropped('prompt_cache_retention', notStored),
  dropped('verbosity', 'Only OpenAI has a measure for it.'),
]

/** What OpenAI has and hardly anybody else, except what `keeping` names. */
export function common(keeping: readonly string[] = []): readonly Quirk[] {
  return commonQuirks.filter(({ what }) => !keeping.includes(what))
}

/** What a server that is only known to be compatible cannot be expected to know. */
export const documentedOnly: readonly Quirk[] = [
  customToolsAreFunctions,
  developerIsSystem,
  withoutAnnotations,
  withoutReasoningDetails,
  withoutCacheMarkers,
]
