/**
 * A written request for providers that take nothing but what OpenAI documents. Chat requests are
 * written with the extensions that most compatible providers know or ignore: reasoning of earlier
 * turns, cache markers, signatures. Some refuse what they do not know; their provider files use
 * these two functions in `amend`.
 */
import { isObject, type JsonObject } from '../../core/json.ts'

const messageExtensions = ['reasoning_content', 'reasoning_details', 'annotations']
const anyExtensions = ['cache_control', 'extra_content']

/** `body` without the extensions. Whatever is in it else stays as it is. */
export function withoutExtensions(body: JsonObject): JsonObject {
  const { top_k: _topK, messages, tools, ...rest } = body
  return {
    ...rest,
    ...(Array.isArray(messages) && { messages: messages.map(strictMessage) }),
    ...(Array.isArray(tools) && { tools: tools.map((tool) => without(tool, anyExtensions)) }),
  }
}

/** `body` with the deprecated `max_tokens`, which is all that many compatible providers know. */
export function withMaxTokens(body: JsonObject): JsonObject {
  const { max_completion_tokens: most, ...rest } = body
  return most === undefined ? body : { ...rest, max_tokens: most }
}

function strictMessage(message: unknown): unknown {
  const plain = without(message, [...messageExtensions, ...anyExtensions])
  if (!isObject(plain)) return plain
  const { content, tool_calls: calls } = plain
  return {
    ...plain,
    ...(Array.isArray(content) && { content: content.map((part) => without(part, anyExtensions)) }),
    ...(Array.isArray(calls) && { tool_calls: calls.map((call) => without(call, anyExtensions)) }),
  }
}

function without(value: unknown, keys: readonly string[]): unknown {
  if (!isObject(value)) return value
  return Object.fromEntries(Object.entries(value).filter(([key]) => !keys.includes(key)))
}
