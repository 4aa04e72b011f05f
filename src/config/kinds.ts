/**
 * The kinds of value a variable can have. Each is a zod schema from the text in the environment to
 * the value the program uses, and has exactly one rule, in words: a wrong value is one line, and
 * that line must tell what would have been right.
 */
import { isIP } from 'node:net'
import { z } from 'zod'

/** Reads the text of a variable; its only issue is the rule that the text broke. */
export type Kind<Value> = z.ZodType<Value, string>

/** A larger delay fires at once in a JavaScript timer, so it is refused (fault matrix, row 61). */
export const delayMsMax = 2 ** 31 - 1

/** One kibibyte, in bytes. */
export const kibibyte = 1024

/** One mebibyte, in bytes. */
export const mebibyte = 1024 * kibibyte

/** One gibibyte, in bytes. */
export const gibibyte = 1024 * mebibyte

const sizeUnits: Readonly<Record<string, number>> = { '': 1, k: kibibyte, m: mebibyte, g: gibibyte }
const durationUnits: Readonly<Record<string, number>> = { '': 1, ms: 1, s: 1000, m: 60_000 }

/** A kind whose `read` gives undefined for a text that breaks the rule. */
function kind<Value>(rule: string, read: (text: string) => Value | undefined): Kind<Value> {
  return z.string().transform((text, context) => {
    const value = read(text.trim())
    if (value !== undefined) return value
    context.addIssue({ code: 'custom', message: rule })
    return z.NEVER
  })
}

/** A whole number with one of `units` behind it, within the bounds. */
function quantity(
  text: string,
  units: Readonly<Record<string, number>>,
  min: number,
  max: number,
): number | undefined {
  const match = /^(\d{1,15})([a-z]*)$/i.exec(text)
  const unit = units[(match?.[2] ?? '').toLowerCase()]
  if (match === null || unit === undefined) return undefined
  const value = Number(match[1]) * unit
  return Number.isSafeInteger(value) && value >= min && value <= max ? value : undefined
}

/** A number of bytes: plain, or with `k`, `m`, `g` for multiples of 1024. */
export function size(min: number, max: number): Kind<number> {
  return kind(
    `must be a size from ${sizeText(min)} to ${sizeText(max)} (bytes, or such as 32k, 1m, 1g)`,
    (text) => quantity(text, sizeUnits, min, max),
  )
}

/** Milliseconds: plain, or with `ms`, `s`, `m` behind. */
export function duration(min = 0): Kind<number> {
  return kind(
    `must be a duration from ${min} to ${delayMsMax} ms (milliseconds, or such as 10s, 2m)`,
    (text) => quantity(text, durationUnits, min, delayMsMax),
  )
}

/** A whole number. */
export function integer(min: number, max: number): Kind<number> {
  return kind(`must be a whole number from ${min} to ${max}`, (text) =>
    quantity(text, { '': 1 }, min, max),
  )
}

/** A whole number, or `auto` for what `automatic` says at that moment. */
export function integerOrAuto(min: number, max: number, automatic: () => number): Kind<number> {
  return kind(`must be a whole number from ${min} to ${max}, or auto`, (text) =>
    text === 'auto' ? automatic() : quantity(text, { '': 1 }, min, max),
  )
}

/** A switch. */
export const flag: Kind<boolean> = kind('must be 1 or 0', (text) =>
  /^(1|true|on|yes)$/i.test(text) ? true : /^(0|false|off|no)$/i.test(text) ? false : undefined,
)

/** One of a few words. */
export function oneOf<const Word extends string>(words: readonly Word[]): Kind<Word> {
  return kind(`must be one of ${words.join(', ')}`, (text) => words.find((word) => word === text))
}

/** Any text, or null where there is none. */
export const text: Kind<string | null> = kind('must be text', (value) => value || null)

/** A secret that can travel in a header: visible ASCII without blanks. Null where there is none. */
export const secret: Kind<string | null> = kind(
  'must be at most 4096 visible ASCII characters without blanks',
  (value) => (value === '' ? null : isHeaderSafe(value) ? value : undefined),
)

/** Items with commas between them; blanks around an item and empty items are left out. */
function list(rule: string, read: (item: string) => string | undefined): Kind<readonly string[]> {
  return kind(rule, (value) => {
    const items: string[] = []
    for (const part of value.split(',')) {
      if (part.trim() === '') continue
      const item = read(part.trim())
      if (item === undefined) return undefined
      if (!items.includes(item)) items.push(item)
    }
    return items
  })
}

/** Secrets with commas between them. */
export const secrets = list(
  'must be keys with commas between them, each of visible ASCII characters without blanks',
  (item) => (isHeaderSafe(item) ? item : undefined),
)

/** Model names; a `*` may stand at the end. */
export const modelNames = list(
  'must be model names with commas between them, where only the last character may be *',
  (item) => (/^[^\s*]{1,200}\*?$|^\*$/.test(item) ? item : undefined),
)

/** Provider names. `openai` and `demo` have settings of their own. */
export const providerNames = list(
  'must be names with commas between them, of a-z, 0-9 and -, not openai or demo',
  (item) =>
    /^[a-z][a-z0-9-]{0,62}$/.test(item) && item !== 'openai' && item !== 'demo' ? item : undefined,
)

/** Origins of web pages, or `*`. */
export const origins = list(
  'must be * or origins with commas between them, such as https://app.example.com',
  (item) =>
    item === '*' || urlOf(item)?.origin === item.toLowerCase() ? item.toLowerCase() : undefined,
)

/** Ascending sizes. */
export function ascendingSizes(
  min: number,
  max: number,
  countMax: number,
): Kind<readonly number[]> {
  return kind(
    `must be 1 to ${countMax} ascending sizes from ${sizeText(min)} to ${sizeText(max)} with ` +
      'commas between them',
    (value) => {
      const sizes: number[] = []
      for (const part of value.split(',')) {
        const bytes = quantity(part.trim(), sizeUnits, min, max)
        if (bytes === undefined || bytes <= (sizes.at(-1) ?? 0)) return undefined
        sizes.push(bytes)
      }
      return sizes.length <= countMax ? sizes : undefined
    },
  )
}

/** An address to listen on: an IP address or a host name, without a port. */
export const host: Kind<string> = kind(
  'must be an IP address or a host name, without scheme and port',
  (value) => {
    const bare = /^\[(.*)\]$/.exec(value)?.[1] ?? value
    if (isIP(bare) !== 0) return bare
    return /^[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?$/i.test(value) ? value.toLowerCase() : undefined
  },
)

/** Where a provider's API is. Credentials belong in the key, so that no log can show them. */
export const baseUrl: Kind<string | null> = kind(
  'must be an http or https address without credentials, query and fragment',
  (value) => {
    if (value === '') return null
    const url = urlOf(value)
    if (url === null || url.username !== '' || url.password !== '') return undefined
    return /[?#]/.test(value) ? undefined : url.href.replace(/\/+$/, '')
  },
)

/** A proxy between this program and the providers; the usual place for its credentials is the address. */
export const proxyUrl: Kind<string | null> = kind(
  'must be the http or https address of a proxy, without path, query and fragment',
  (value) => {
    if (value === '') return null
    const url = urlOf(value)
    return url?.pathname === '/' && !/[?#]/.test(value) ? url.href : undefined
  },
)

function urlOf(value: string): URL | null {
  const url = URL.parse(value)
  return url !== null && /^https?:$/.test(url.protocol) && url.hostname !== '' ? url : null
}

function isHeaderSafe(value: string): boolean {
  return /^[!-~]{1,4096}$/.test(value)
}

/** Bytes as a person writes them: `32k` where it divides evenly. */
export function sizeText(bytes: number): string {
  for (const unit of ['g', 'm', 'k']) {
    const factor = sizeUnits[unit] ?? 1
    if (bytes >= factor && bytes % factor === 0) return `${bytes / factor}${unit}`
  }
  return String(bytes)
}
