/** The words of the Messages API that stand for something in the hub. */
import { isObject, type JsonObject } from '../../core/json.ts'
import type { FinishReason, HubEvent } from '../hub/events.ts'
import type { Native } from '../hub/request.ts'

/** The name of this dialect, as it marks what only it understands. */
export const dialect = 'anthropic-messages'

/** What an event of a stream is in the hub when only this dialect can say it. */
interface RawEvent {
  /** The hub's block that it belongs to, or null for one that the hub has no words for. */
  readonly block: number | null
  readonly event: JsonObject
}

/** An event that only this dialect understands, in the hub. */
export function rawEvent(block: number | null, event: JsonObject): HubEvent {
  const value: RawEvent = { block, event }
  return { type: 'raw', choice: 0, native: { dialect, value } }
}

/** The finish for each `stop_reason`; `compaction` pauses a turn like `pause_turn` does. */
const finishReasons: ReadonlyMap<string, FinishReason> = new Map([
  ['end_turn', 'stop'],
  ['stop_sequence', 'stop-sequence'],
  ['max_tokens', 'length'],
  ['model_context_window_exceeded', 'length'],
  ['tool_use', 'tool-calls'],
  ['pause_turn', 'pause'],
  ['compaction', 'pause'],
  ['refusal', 'content-filter'],
])

const stopReasons: Readonly<Record<FinishReason, string>> = {
  stop: 'end_turn',
  'stop-sequence': 'stop_sequence',
  length: 'max_tokens',
  'tool-calls': 'tool_use',
  'content-filter': 'refusal',
  pause: 'pause_turn',
}

/**
 * The finish for a `stop_reason`. A stop with calls is calls, and calls that nobody made are a
 * stop; an unknown word is a stop, as an SDK that does not know it would have it.
 */
export function readStopReason(reason: string, hasToolCalls: boolean): FinishReason {
  const finish = finishReasons.get(reason) ?? 'stop'
  if (finish === 'stop' && hasToolCalls) return 'tool-calls'
  return finish === 'tool-calls' && !hasToolCalls ? 'stop' : finish
}

/** The `stop_reason` for a finish; our own word of several, where the answer came with one. */
export function writeStopReason(reason: FinishReason, native: string | null): string {
  return native !== null && finishReasons.get(native) === reason ? native : stopReasons[reason]
}

/** Service tiers of requests and answers, in the hub (OpenAI's words) and here. */
const requestTiers: ReadonlyMap<string, string> = new Map([
  ['auto', 'auto'],
  ['default', 'standard_only'],
])
const answerTiers: ReadonlyMap<string, string> = new Map([
  ['default', 'standard'],
  ['priority', 'priority'],
  ['batch', 'batch'],
])

/** A requested tier in the hub's words; one that is not known stays as it is. */
export function readRequestTier(tier: string): string {
  return tier === 'standard_only' ? 'default' : tier
}

/** A requested tier in our words, or null where we have none. */
export function writeRequestTier(tier: string | null): string | null {
  return requestTiers.get(tier ?? '') ?? null
}

/** The tier that an answer was served in, in the hub's words. */
export function readAnswerTier(tier: string | null): string | null {
  return tier === 'standard' ? 'default' : tier
}

/** The tier that an answer was served in, in our words, or null where we have none. */
export function writeAnswerTier(tier: string | null): string | null {
  return answerTiers.get(tier ?? '') ?? null
}

/** The object inside a value of this dialect; null for another dialect's. */
export function ownValue(native: Native | null | undefined): JsonObject | null {
  if (native === null || native === undefined || native.dialect !== dialect) return null
  return isObject(native.value) ? native.value : null
}

/** `object` without `keys`; null where nothing is left. */
export function without(object: JsonObject, keys: ReadonlySet<string>): JsonObject | null {
  const rest = Object.entries(object).filter(([key]) => !keys.has(key))
  return rest.length === 0 ? null : Object.fromEntries(rest)
}
