/** A request of the Responses API as the hub holds it. */
import { isObject, type JsonObject } from '../../core/json.ts'
import { emptyRequest } from '../hub/empty-request.ts'
import type { HubRequest, Message } from '../hub/request.ts'
import type { RequestPath } from '../translation.ts'
import { Fields } from './fields.ts'
import { messageOf, readInput, textPart } from './input-read.ts'
import { readFormat, readReasoning } from './settings.ts'
import { readTool, readToolChoice } from './tools.ts'
import { dialect } from './words.ts'

/** Fields that have a place in the hub. */
const knownKeys = new Set([
  ...['model', 'input', 'instructions', 'stream', 'tools', 'tool_choice', 'parallel_tool_calls'],
  ...['text', 'reasoning', 'max_output_tokens', 'temperature', 'top_p', 'top_logprobs', 'store'],
  ...['metadata', 'user', 'safety_identifier', 'service_tier', 'include'],
])
const textKeys = new Set(['format', 'verbosity'])
const reasoningKeys = new Set(['effort', 'summary', 'generate_summary'])

/** In `include`, what the hub has a field for. */
export const logprobsIncluded = 'message.output_text.logprobs'

/** Values that say what would be so without them. */
const defaults: JsonObject = {
  background: false,
  truncation: 'disabled',
  'reasoning.context': 'auto',
  'reasoning.mode': 'standard',
}

/**
 * Items that stand for a part of the conversation which only the provider has, or which change how
 * the rest is read. Without them the request would be another one.
 */
const bindingItems: ReadonlySet<unknown> = new Set([
  ...['item_reference', 'compaction', 'compaction_trigger', 'configuration_update'],
  'additional_tools',
])

/** @throws GatewayError a 400 that names the parameter. */
export function readRequest(body: JsonObject, path: RequestPath): HubRequest {
  const fields = new Fields(body, '')
  const include = includeOf(fields)
  const user = fields.text('user')
  const toolChoice = readToolChoice(fields)
  return {
    ...emptyRequest(fields.text('model') ?? path.model ?? '', dialect),
    stream: fields.boolean('stream') ?? path.stream ?? false,
    messages: [...instructions(fields), ...readInput(fields)],
    tools: fields.objects('tools').map(readTool),
    toolChoice: toolChoice === 'unknown' ? null : toolChoice,
    parallelToolCalls: fields.boolean('parallel_tool_calls'),
    responseFormat: readFormat(fields),
    reasoning: readReasoning(fields),
    outputTokensMax: fields.number('max_output_tokens'),
    temperature: fields.number('temperature'),
    topP: fields.number('top_p'),
    logprobs: include.includes(logprobsIncluded) ? true : null,
    topLogprobs: fields.number('top_logprobs'),
    userId: fields.text('safety_identifier') ?? user,
    serviceTier: fields.text('service_tier'),
    metadata: fields.object('metadata'),
    store: fields.boolean('store'),
    verbosity: fields.inner('text')?.text('verbosity') ?? null,
    extra: {
      dialect,
      fields: {
        ...unknownFields(fields),
        ...nested(fields, 'text', textKeys),
        ...nested(fields, 'reasoning', reasoningKeys),
        ...included(include),
        ...binding(body.input),
        ...(toolChoice === 'unknown' && { tool_choice: body.tool_choice }),
        ...(fields.text('safety_identifier') !== null && user !== null && { user }),
      },
    },
  }
}

function instructions(fields: Fields): readonly Message[] {
  const text = fields.text('instructions')
  return text === null ? [] : [messageOf('system', [textPart(text)])]
}

function includeOf(fields: Fields): readonly unknown[] {
  const include = fields.value.include
  return Array.isArray(include) ? include : []
}

function included(include: readonly unknown[]): JsonObject {
  const others = include.filter((name) => name !== logprobsIncluded)
  return others.length === 0 ? {} : { include: others }
}

/** A field for each kind of item that no other dialect may drop, so that it refuses the request. */
function binding(input: unknown): JsonObject {
  const items: readonly unknown[] = Array.isArray(input) ? input : []
  const types = items.map((item) => (isObject(item) ? item.type : null))
  const found = types.filter((type) => bindingItems.has(type))
  return Object.fromEntries(found.map((type) => [`input.${type}`, true]))
}

function unknownFields(fields: Fields): JsonObject {
  return telling(Object.entries(fields.rest(knownKeys) ?? {}))
}

/** Fields of an object that the hub has no words for, under a name like `reasoning.context`. */
function nested(fields: Fields, key: string, known: ReadonlySet<string>): JsonObject {
  const rest = fields.inner(key)?.rest(known) ?? {}
  return telling(Object.entries(rest).map(([name, value]) => [`${key}.${name}`, value]))
}

function telling(entries: readonly (readonly [string, unknown])[]): JsonObject {
  return Object.fromEntries(entries.filter(([key, value]) => defaults[key] !== value))
}
