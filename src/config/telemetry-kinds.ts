/** The kinds of value that the variables of OpenTelemetry have and no others. */
import { type Kind, kind } from './kinds.ts'

/** Names and what they stand for. */
export type Pairs = Readonly<Record<string, string>>

/** `name=value` with commas between them, as in a W3C baggage: values may be percent-encoded. */
function pairs(rule: string, name: RegExp, value: RegExp): Kind<Pairs> {
  return kind(rule, (list) => {
    const found: Record<string, string> = {}
    for (const item of list.split(',')) {
      if (item.trim() === '') continue
      const cut = item.indexOf('=')
      const key = decoded(item.slice(0, Math.max(cut, 0)).trim())
      const said = decoded(item.slice(cut + 1).trim())
      if (cut < 1 || key === null || said === null) return undefined
      if (!name.test(key) || !value.test(said)) return undefined
      found[key] = said
    }
    return found
  })
}

function decoded(text: string): string | null {
  try {
    return decodeURIComponent(text)
  } catch {
    return null
  }
}

/** Headers of a request; the names in any case. */
export const headers = pairs(
  'must be name=value with commas between them, values percent-encoded where they hold one',
  /^[!#$%&'*+.^_`|~0-9a-z-]+$/i,
  /^[ -~]*$/,
)

/** Attributes of a resource. */
export const attributes = pairs(
  'must be name=value with commas between them, values percent-encoded where they hold one',
  /^[^\s"=,;\\]+$/,
  /^[^\u0000-\u001f\u007f]*$/,
)

/** A part of the whole. */
export const ratio: Kind<number> = kind('must be a number from 0 to 1', (value) => {
  const number = /^(\d+(\.\d*)?|\.\d+)$/.test(value) ? Number(value) : Number.NaN
  return number >= 0 && number <= 1 ? number : undefined
})

/** A switch; the newer names of its values are understood too. */
export const capture: Kind<boolean> = kind('must be true or false', (value) => {
  if (/^(no_content|false|0|off|no)$/i.test(value)) return false
  return /^(span_only|true|1|on|yes)$/i.test(value) ? true : undefined
})
