/**
 * How a provider differs from OpenAI's chat completions, as data: what is done about each
 * difference, and the sentence that the README has for it.
 *
 * Quirks are only ever applied to bodies that were translated. A client that speaks the provider's
 * own dialect is passed through byte for byte, and hears from the provider itself what it refuses.
 * What a provider refuses loudly and could not be left out without changing the request has no
 * quirk: its own 400 names the parameter better than we could.
 */
import { GatewayError } from '../core/errors.ts'
import type { JsonObject } from '../core/json.ts'

/** One difference. */
export interface Quirk {
  /** The field it is about, in the words of chat completions; fields within others have dots. */
  readonly what: string
  readonly how: 'renamed' | 'changed' | 'dropped' | 'refused'
  /** One sentence for the README: what happens, and why that is right. */
  readonly note: string
  /**
   * A body in which it is seen to. Its argument stays as it is.
   * @throws GatewayError a 400 that names the field, where `how` is `refused`.
   */
  apply(body: JsonObject): JsonObject
}

/** All of them, in order. @throws GatewayError for a field that is refused. */
export function applyQuirks(quirks: readonly Quirk[], body: JsonObject): JsonObject {
  return quirks.reduce((written, quirk) => quirk.apply(written), body)
}

/** A field gives way to what `write` makes of it; it may be itself again, or nothing. */
export function replaced(
  what: string,
  note: string,
  write: (value: unknown, body: JsonObject) => JsonObject,
  how: Quirk['how'] = 'changed',
): Quirk {
  return {
    what,
    how,
    note,
    apply(body) {
      const { [what]: value, ...rest } = body
      return value === undefined ? body : { ...rest, ...write(value, body) }
    },
  }
}

/** A field with another name. */
export function renamed(what: string, to: string, note = `It is called \`${to}\` there.`): Quirk {
  return replaced(what, note, (value) => ({ [to]: value }), 'renamed')
}

/** A field that the provider would refuse, and without which the request means the same. */
export function dropped(what: string, note: string): Quirk {
  return replaced(what, note, () => ({}), 'dropped')
}

/** A field without which the request would mean something else. An empty list asks for nothing. */
export function refused(what: string, provider: string, note: string): Quirk {
  const refuse = (value: unknown): JsonObject => {
    if (Array.isArray(value) && value.length === 0) return {}
    throw new GatewayError('invalid_request', {
      message: `'${what}' cannot be expressed for the chosen provider (${provider}).`,
      param: what,
    })
  }
  return replaced(what, note, refuse, 'refused')
}

/** Efforts of reasoning that have another name there; null leaves it to the model. */
export function efforts(names: Readonly<Record<string, string | null>>, note: string): Quirk {
  return replaced('reasoning_effort', note, (value) => {
    const name = typeof value === 'string' && Object.hasOwn(names, value) ? names[value] : value
    return name === null ? {} : { reasoning_effort: name }
  })
}

/** The older name of the limit, which is the only one that many know: they ignore the newer. */
export const olderTokenLimit = renamed('max_completion_tokens', 'max_tokens')

/** For providers that refuse it. */
export const withoutTopK = dropped(
  'top_k',
  'Unknown there; `temperature` and `top_p` still shape the choice.',
)

/** For providers that always tell the usage, and refuse to be asked. */
export const withoutStreamOptions = dropped(
  'stream_options',
  'Usage is always told at the end of a stream.',
)

/** For providers that refuse it. */
export const withoutUser = dropped('user', 'End users are not told apart there.')
