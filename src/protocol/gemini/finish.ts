/** Why an answer ended, in Google's words and in the hub's (reference, 12.1). */
import type { FinishReason } from '../hub/events.ts'

const hubReasons: ReadonlyMap<string, FinishReason> = new Map([
  ['STOP', 'stop'],
  ['MAX_TOKENS', 'length'],
  ['SAFETY', 'content-filter'],
  ['RECITATION', 'content-filter'],
  ['LANGUAGE', 'content-filter'],
  ['BLOCKLIST', 'content-filter'],
  ['PROHIBITED_CONTENT', 'content-filter'],
  ['SPII', 'content-filter'],
  ['IMAGE_SAFETY', 'content-filter'],
  ['IMAGE_PROHIBITED_CONTENT', 'content-filter'],
  ['IMAGE_RECITATION', 'content-filter'],
  ['MODEL_ARMOR', 'content-filter'],
])

/** The model called a tool in a way that cannot be passed on. */
const failedCalls: ReadonlySet<string> = new Set([
  'MALFORMED_FUNCTION_CALL',
  'UNEXPECTED_TOOL_CALL',
  'TOO_MANY_TOOL_CALLS',
])

/** Whether the reason means that a tool call went wrong: an error where nothing else was said. */
export function isFailedCall(native: string): boolean {
  return failedCalls.has(native)
}

/**
 * The hub's word for a finish reason. Google says `STOP` for tool calls as well, so they decide;
 * a reason that is new, unknown or `OTHER` ends the answer like any other.
 */
export function hubReason(native: string, hasToolCalls: boolean): FinishReason {
  const reason = hubReasons.get(native) ?? 'stop'
  return reason === 'stop' && hasToolCalls ? 'tool-calls' : reason
}

/**
 * Google's word for a finish.
 * @param own what Google itself said, where it was the one who answered; also a word that is new.
 */
export function geminiReason(reason: FinishReason, own: string | null): string {
  if (own !== null) return own
  switch (reason) {
    case 'length':
      return 'MAX_TOKENS'
    case 'content-filter':
      return 'SAFETY'
    case 'stop':
    case 'stop-sequence':
    case 'tool-calls':
    case 'pause':
      return 'STOP'
  }
}
