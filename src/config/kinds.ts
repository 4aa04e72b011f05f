/**
 * The kinds of value a variable can have. Each is a zod schema from the text in the environment to
 * the value the program uses, and has exactly one rule, in words: a wrong value is one line, and
 * that line must tell what would have been right.
 */
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

/** What may stand behind a size. */
export const sizeUnits: Readonly<Record<string, number>> = {
  '': 1,
  k: kibibyte,
  m: mebibyte,
  g: gibibyte,
}
const durationUnits: Readonly<Record<string, number>> = { '': 1, ms: 1, s: 1000, m: 60_000 }

/** A kind whose `read` gives undefined for a text that breaks the rule. */
export function kind<Value>(rule: string, read: (text: string) => Value | undefined): Kind<Value> {
  return z.string().transform((text, context) => {
    const value = read(text.trim())
    if (value !== undefined) return value
    context.addIssue({ code: 'custom', message: rule })
    return z.NEVER
  })
}

/** A whole number with one of `units` behind it, within the bounds; undefined where it is not. */
export function quantity(
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

/** Whether a value can be sent in a header as it is, and has no end that one would not see. */
export function isHeaderSafe(value: string): boolean {
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
