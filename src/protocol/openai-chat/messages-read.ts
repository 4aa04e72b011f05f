/** Reads the messages of a chat request. */
import { isObject } from '../../core/json.ts'
import { madeToolCallId } from '../hub/ids.ts'
import type { Message, Part, ToolCallPart } from '../hub/request.ts'
import { type Fields, wrongParameter } from '../openai/fields.ts'
import { readAnnotation } from './annotations.ts'
import { readCache, readContent } from './content-read.ts'
import { readReasoningParts } from './reasoning-parts.ts'
import { readToolSignature } from './tool-signature.ts'

/** The messages of a request. @throws GatewayError a 400 that names what is wrong. */
export function readMessages(messages: readonly Fields[]): readonly Message[] {
  const calls = new Calls()
  return messages.map((message, index) => readMessage(message, index, calls))
}

/** The calls so far, for the results that only name them. */
class Calls {
  readonly #byId = new Map<string, ToolCallPart>()
  /** Of the deprecated form, which has no ids. */
  lastFunctionId: string | null = null

  add(call: ToolCallPart): ToolCallPart {
    this.#byId.set(call.id, call)
    return call
  }

  get(id: string): ToolCallPart | null {
    return this.#byId.get(id) ?? null
  }
}

function readMessage(fields: Fields, index: number, calls: Calls): Message {
  const role = fields.text('role')
  switch (role) {
    case 'system':
    case 'developer':
    case 'user': {
      const content = readContent(fields.value('content'), fields.pathOf('content'))
      const parts = withCache(content, fields)
      return { role, parts, name: fields.text('name') }
    }
    case 'assistant':
      return { role, parts: readAssistant(fields, index, calls), name: fields.text('name') }
    case 'tool':
    case 'function':
      return readResult(fields, role, calls)
    default:
      throw wrongParameter(
        fields.pathOf('role'),
        'one of system, developer, user, assistant, tool, function',
      )
  }
}

/** LiteLLM's clients mark whole messages: the marker belongs to the end of it. */
function withCache(parts: readonly Part[], fields: Fields): readonly Part[] {
  const cache = readCache(fields)
  const last = parts.at(-1)
  if (cache === null || last === undefined || !('cache' in last)) return parts
  return [...parts.slice(0, -1), { ...last, cache: last.cache ?? cache }]
}

function readAssistant(fields: Fields, index: number, calls: Calls): readonly Part[] {
  const content = withCache(readContent(fields.value('content'), fields.pathOf('content')), fields)
  const refusal = fields.text('refusal')
  const called = fields
    .objects('tool_calls')
    .map((call, place) => calls.add(readCall(call, `${index}`, place)))
  const audio = fields.object('audio')
  return [
    ...readReasoningParts(fields.whole),
    ...withCitations(content, fields),
    ...(refusal ? [{ type: 'refusal', text: refusal } as const] : []),
    ...(audio === null
      ? []
      : [{ type: 'native', native: { dialect: 'openai-chat', value: { audio } } } as const]),
    ...called,
    ...readFunctionCall(fields, index, calls),
  ]
}

/** Annotations count characters of the whole text, so they stay with its first part. */
function withCitations(parts: readonly Part[], fields: Fields): readonly Part[] {
  const annotations = fields.value('annotations')
  if (!Array.isArray(annotations)) return parts
  const citations = annotations.map(readAnnotation).filter((citation) => citation !== null)
  const at = parts.findIndex(({ type }) => type === 'text')
  if (citations.length === 0 || at === -1) return parts
  return parts.map((part, place) =>
    place === at && part.type === 'text' ? { ...part, citations } : part,
  )
}

function readCall(fields: Fields, turn: string, place: number): ToolCallPart {
  const custom = fields.text('type') === 'custom'
  const about = fields.inside(custom ? 'custom' : 'function')
  return {
    type: 'tool-call',
    id: fields.text('id') || madeToolCallId(turn, 0, place),
    name: about.needText('name'),
    arguments: readArguments(about, custom),
    custom,
    signature: readToolSignature(fields.whole),
    cache: readCache(fields),
  }
}

/** Text; some clients send the object itself. */
function readArguments(about: Fields, custom: boolean): string {
  if (custom) return about.text('input') ?? ''
  const given = about.value('arguments')
  if (isObject(given)) return JSON.stringify(given)
  return about.text('arguments') || '{}'
}

function readFunctionCall(fields: Fields, index: number, calls: Calls): readonly ToolCallPart[] {
  if (fields.object('function_call') === null) return []
  const about = fields.inside('function_call')
  const id = madeToolCallId(`function_call ${index}`, 0, 0)
  calls.lastFunctionId = id
  const call = {
    type: 'tool-call',
    id,
    name: about.needText('name'),
    arguments: readArguments(about, false),
    ...{ custom: false, signature: null, cache: null },
  } as const
  return [calls.add(call)]
}

function readResult(fields: Fields, role: 'tool' | 'function', calls: Calls): Message {
  const isOld = role === 'function'
  const named = isOld ? fields.needText('name') : fields.text('name')
  const callId = isOld
    ? (calls.lastFunctionId ?? madeToolCallId(`function_call ${named}`, 0, 0))
    : fields.needText('tool_call_id')
  const call = calls.get(callId)
  const content = readContent(fields.value('content'), fields.pathOf('content'))
  const result = {
    type: 'tool-result',
    callId,
    name: named ?? call?.name ?? null,
    content,
    isError: false,
    custom: call?.custom ?? false,
    cache: readCache(fields),
  } as const
  return { role: 'tool', parts: [result], name: null }
}
