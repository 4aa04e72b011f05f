/** `prices` in the file: what the operator pays, in place of the program's own table. */
import type { z } from 'zod'
import type { Prices } from '../prices.ts'
import { decimal, named, object, text, whole } from './fields.ts'

/** US dollars for a million tokens; more is no price but a mistake. */
const USD_MAX = 1_000_000

const dollars = (meaning: string) => decimal(0, USD_MAX, meaning)

const kinds = {
  input: dollars('For a million tokens of the request.'),
  output: dollars('For a million tokens of the answer, reasoning among them.'),
  cachedInput: dollars('For a million that were in the cache; as input when not set.').optional(),
  cacheWrite: dollars('For a million written to the cache; as input when not set.').optional(),
  cacheWriteLong: dollars('The same for an hour; as cacheWrite when not set.').optional(),
}

/** A price of a target or of a model. */
export const priceSchema = object('Price', 'US dollars for a million tokens.', {
  ...kinds,
  long: object('LongPrice', 'What all tokens of a long request cost.', {
    aboveInputTokens: whole(1, 1_000_000_000, 'Requests with more tokens than this are long.'),
    ...kinds,
  }).optional(),
})

const nameRule = 'must be provider/model, where * at the end is any rest'

const namePattern = /^[a-z][a-z0-9-]{0,62}\/(?=.)[^\u0000-\u001f\u007f-\u009f*]{0,200}\*?$/

/** `prices`, by `provider/model`. */
export const pricesSchema = named(
  text(nameRule, (name) => namePattern.test(name), 'provider/model.', namePattern),
  priceSchema,
  'Prices by provider/model, in place of those that the program knows; * at the end is any rest.',
)

/** `prices` as the schema leaves them. */
export const pricesOf = (prices: z.infer<typeof pricesSchema>): Prices => prices
