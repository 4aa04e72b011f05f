/** What the requests of one conversation have in common, so that they can stay with one target. */
import { isObject, type JsonObject } from '../core/json.ts'
import type { Intent } from '../provider/call.ts'

/** Names the conversation, or the user, whose prompts a provider should find in its cache. */
export const SESSION_HEADER = 'x-sluice-session'

/** A header longer than this is not a name. */
const NAME_LENGTH_MAX = 512

/**
 * The session of a request: its header, else its system prompt and first user message, which stay
 * the same while the conversation grows. Null where neither is there, or the body is not in memory.
 */
export function sessionOf(headers: Headers, { body }: Intent): string | null {
  const named = headers.get(SESSION_HEADER)
  if (named !== null && named !== '') return `name ${named.slice(0, NAME_LENGTH_MAX)}`
  const bytes = body?.bytes ?? null
  if (bytes === null) return null
  try {
    const parsed: unknown = JSON.parse(new TextDecoder().decode(bytes))
    return isObject(parsed) ? beginningOf(parsed) : null
  } catch {
    // Whoever reads the body for its own sake says what is wrong with it.
    return null
  }
}

/** The parts of all client dialects that begin a conversation, as one text. */
function beginningOf(body: JsonObject): string | null {
  const turns = [body.messages, body.input, body.contents].find(Array.isArray) ?? []
  const system = turns.filter((turn) => isObject(turn) && isInstruction(turn.role))
  const user = turns.find((turn) => isObject(turn) && (turn.role ?? 'user') === 'user')
  const text = typeof body.input === 'string' ? body.input : body.prompt
  const instructions = [body.system, body.instructions, body.systemInstruction]
  const beginning = [...instructions, ...system, user, text].filter((part) => part !== undefined)
  return beginning.length === 0 ? null : `text ${JSON.stringify(beginning)}`
}

const isInstruction = (role: unknown): boolean => role === 'system' || role === 'developer'
