/** The kinds of value that are lists, with commas between the items. */
import { urlOf } from './address-kinds.ts'
import { isHeaderSafe, type Kind, kind, quantity, sizeText, sizeUnits } from './kinds.ts'

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
