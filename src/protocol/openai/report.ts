/**
 * What a provider says about a failure, in whichever shape. "OpenAI-compatible" ends at the error
 * body: `error` is an object, a string or a list, the message is at the top, under `detail` or two
 * levels down, and the code is a word, a number, or the HTTP status again.
 */
import { isObject, type JsonObject, objectAt, textAt } from '../../core/json.ts'
import { maskSecrets } from '../../core/secrets.ts'
import { parseData } from './data.ts'

/** A provider's words, masked and cut to a sane length. */
export interface Report {
  readonly message: string | null
  readonly type: string | null
  /** A word; a number that only repeats an HTTP status is in `status` instead. */
  readonly code: string | null
  readonly param: string | null
  /** The HTTP status that the body itself names, 400 to 599. */
  readonly status: number | null
}

/** Read far enough that a credential is not cut in two before it is masked. */
const readCharsMax = 16_384
const messageCharsMax = 4_096
const wordCharsMax = 100
const nestingMax = 5
const listItemsMax = 8

/** Where a message may be, most telling first. */
const messageKeys = [
  'message',
  'Message',
  'error',
  'detail',
  'errors',
  'msg',
  'error_message',
  'error_description',
  'title',
] as const

/** What OpenRouter says when the real message is in `metadata.raw`. */
const emptyPhrase = /^provider returned error\.?$/i

/** The report in a parsed body or event, or null where there is none. Never throws. */
export function readReport(body: unknown): Report | null {
  const outer = Array.isArray(body) ? body.find(isObject) : body
  if (!isObject(outer)) return messageOnly(body)
  const inner = errorObject(outer)
  const message = telling(inner)
  const type = typeIn(inner) ?? typeIn(outer)
  const code = codeIn(inner) ?? codeIn(outer)
  if (message === null && type === null && code === null) return null
  return {
    message,
    type,
    code,
    param: word(inner.param) ?? word(outer.param) ?? parameterIn(inner.detail),
    status: statusIn(inner) ?? statusIn(outer),
  }
}

function messageOnly(body: unknown): Report | null {
  const message = messageIn(body, 0)
  if (message === null) return null
  return { message: clean(message), type: null, code: null, param: null, status: null }
}

/** The object that holds the details: `error`, the first of a list of them, or the body itself. */
function errorObject(outer: JsonObject): JsonObject {
  for (const key of ['error', 'errors']) {
    const value = outer[key]
    const first: unknown = Array.isArray(value) ? value.find(isObject) : value
    if (isObject(first)) return first
  }
  return outer
}

/** The message; with that of the provider behind a reseller where the reseller's says nothing. */
function telling(inner: JsonObject): string | null {
  const message = messageIn(inner, 0)
  if (message === null) return null
  if (!emptyPhrase.test(message)) return clean(message)
  const behind = messageIn(objectAt(inner, 'metadata')?.raw, 0)
  return clean(behind === null ? message : `${message}: ${behind}`)
}

function messageIn(value: unknown, nesting: number): string | null {
  if (nesting > nestingMax) return null
  if (typeof value === 'string') return messageInText(value.slice(0, readCharsMax), nesting)
  if (Array.isArray(value)) {
    for (const item of value.slice(0, listItemsMax)) {
      const found = messageIn(item, nesting + 1)
      if (found !== null) return found
    }
    return null
  }
  if (!isObject(value)) return null
  for (const key of messageKeys) {
    const found = messageIn(value[key], nesting + 1)
    if (found !== null) return found
  }
  return null
}

/** A gateway on the way may have put a whole JSON error into the message. HTML is no message. */
function messageInText(text: string, nesting: number): string | null {
  const trimmed = text.trim()
  if (trimmed === '' || trimmed.startsWith('<')) return null
  if (!trimmed.startsWith('{') && !trimmed.startsWith('[')) return trimmed
  const parsed = parseData(trimmed)
  return (typeof parsed === 'object' ? messageIn(parsed, nesting + 1) : null) ?? trimmed
}

function clean(message: string): string {
  return maskSecrets(message).slice(0, messageCharsMax)
}

function word(value: unknown): string | null {
  if (typeof value !== 'string' || value.trim() === '') return null
  return maskSecrets(value.slice(0, readCharsMax)).slice(0, wordCharsMax)
}

/** `error` as a type only says what everyone knows by now. */
function typeIn(object: JsonObject): string | null {
  const type = word(object.type)
  return type === 'error' ? null : type
}

function codeIn(object: JsonObject): string | null {
  const code = object.code
  if (asStatus(code) === null) {
    const text = typeof code === 'number' ? String(code) : word(code)
    if (text !== null) return text
  }
  // Cohere's and Google's places for the same thing.
  return word(object.error_type) ?? (asStatus(object.status) ? null : word(object.status))
}

function statusIn(object: JsonObject): number | null {
  return asStatus(object.code) ?? asStatus(object.status_code) ?? asStatus(object.status)
}

/** 400 to 599, also as text (Azure sends `"401"`). */
function asStatus(value: unknown): number | null {
  const number = typeof value === 'string' && /^\d{3}$/.test(value) ? Number(value) : value
  return typeof number === 'number' && Number.isInteger(number) && number >= 400 && number < 600
    ? number
    : null
}

/** The path in a FastAPI validation error: `[{loc: ["body", "messages"], msg, type}]`. */
function parameterIn(detail: unknown): string | null {
  const first: unknown = Array.isArray(detail) ? detail[0] : null
  if (!isObject(first)) return null
  const path = first.loc
  if (!Array.isArray(path)) return textAt(first, 'param')
  const steps = path.slice(0, listItemsMax).filter((step) => step !== 'body')
  return word(steps.filter((step) => typeof step !== 'object').join('.'))
}
