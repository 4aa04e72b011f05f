/** The answer of `/v2/chat` that is not streamed, told as the stream that would have said it. */
import { isObject, type JsonObject, objectAt, textAt } from '../../core/json.ts'
import type { HubEvent } from '../hub/events.ts'
import { CohereReader } from './stream.ts'

/** A whole answer as the events of a stream; one without a reason is incomplete. Never throws. */
export function readResponse(body: JsonObject): readonly HubEvent[] {
  const reader = new CohereReader()
  const events: HubEvent[] = []
  const say = (type: string, index: number, message: JsonObject, rest: JsonObject = {}): void => {
    const event = { type, index, delta: { message }, ...rest }
    for (const each of reader.readEvent(event, null)) events.push(each)
  }
  const message = objectAt(body, 'message')
  if (message === null) {
    const failed = reader.readEvent(body, null)
    return failed.length > 0 ? failed : reader.end()
  }
  say('message-start', 0, {}, { id: textAt(body, 'id') ?? '' })
  const plan = textAt(message, 'tool_plan')
  if (plan !== null) say('tool-plan-delta', 0, { tool_plan: plan })
  const citations = listAt(message, 'citations')
  const { logprobs } = body
  let hasLogprobs = logprobs !== undefined && logprobs !== null
  for (const [index, content] of listAt(message, 'content').entries()) {
    const isText = textAt(content, 'text') !== null
    say('content-delta', index, { content }, isText && hasLogprobs ? { logprobs } : {})
    if (isText) hasLogprobs = false
    for (const citation of citations.filter((each) => (each.content_index ?? 0) === index)) {
      say('citation-start', index, { citations: citation })
    }
    say('content-end', index, {})
  }
  for (const [index, call] of listAt(message, 'tool_calls').entries()) {
    say('tool-call-start', index, { tool_calls: call })
    say('tool-call-end', index, {})
  }
  const { finish_reason, usage, error } = body
  const last = { type: 'message-end', delta: { finish_reason, usage, error } }
  return [...events, ...reader.readEvent(last, null), ...reader.end()]
}

function listAt(object: JsonObject, key: string): readonly JsonObject[] {
  const value = object[key]
  return Array.isArray(value) ? value.filter(isObject) : []
}
