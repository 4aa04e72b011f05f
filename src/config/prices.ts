/** What models cost: the table of the program, what the operator says of it, and the arithmetic. */
import table from './prices.json' with { type: 'json' }

/** US dollars for a million tokens. */
export interface Price {
  readonly input: number
  /** Reasoning counts as output. */
  readonly output: number
  /** Of input that the provider had in its cache; as `input` where it is not told apart. */
  readonly cachedInput?: number | undefined
  /** Of input that the provider wrote into its cache; as `input` where it is not told apart. */
  readonly cacheWrite?: number | undefined
  /** Of what is to stay in the cache for long, an hour; as `cacheWrite` where not told apart. */
  readonly cacheWriteLong?: number | undefined
  /** What holds for all tokens of a request whose input is longer than so many tokens. */
  readonly long?: LongPrice | undefined
}

/** The prices of long requests. */
export interface LongPrice extends Omit<Price, 'long'> {
  readonly aboveInputTokens: number
}

/** The counts that a price is applied to: input has all of its kinds in it. */
export interface PricedUsage {
  readonly inputTokens: number | null
  readonly outputTokens: number | null
  readonly cachedInputTokens?: number | null
  readonly cacheWriteInputTokens?: number | null
  /** The part of `cacheWriteInputTokens` that is to stay for long. */
  readonly cacheWriteLongInputTokens?: number | null
}

/** The price of a provider's model in US dollars for a million tokens, or null: it is not known. */
export type PriceOf = (provider: string, model: string | null) => Price | null

/** By `provider/model`, where `*` at the end of a model is any rest. */
export type Prices = Readonly<Record<string, Price>>

/** The most tokens that are believed; whatever reports more is not counting tokens. */
const TOKENS_MAX = 1_000_000_000

/** A price has six decimals, and a micro-dollar as many parts: so is a token's price whole. */
const PARTS = 1_000_000

/** Names of models, exact and by their beginnings, for one lookup after another. */
class PriceList {
  readonly #exact = new Map<string, Price>()
  /** Longest first, so that `provider/gpt-5-mini*` comes before `provider/gpt-5*`. */
  readonly #prefixes: readonly (readonly [prefix: string, price: Price])[]

  constructor(prices: Prices) {
    const prefixes: [string, Price][] = []
    for (const [name, price] of Object.entries(prices)) {
      if (name.endsWith('*')) prefixes.push([name.slice(0, -1), price])
      else this.#exact.set(name, price)
    }
    this.#prefixes = prefixes.toSorted(([a], [b]) => b.length - a.length)
  }

  find(name: string): Price | null {
    const exact = this.#exact.get(name)
    if (exact !== undefined) return exact
    return this.#prefixes.find(([prefix]) => name.startsWith(prefix))?.[1] ?? null
  }
}

/** The program's own table by `provider/model`; the day it was checked is in the file. */
export const knownPrices: Prices = Object.freeze(
  Object.fromEntries(
    Object.entries(table.providers).flatMap(([provider, rows]) =>
      rows
        .map(({ models, ...price }): [readonly string[], Price] => [models, price])
        .flatMap(([models, price]) =>
          models.map((model) => [`${provider}/${model}`, price] as const),
        ),
    ),
  ),
)

const known = new PriceList(knownPrices)

/** The price in the program's own table. Null where it has none: never zero for that. */
export const priceOf: PriceOf = (provider, model) => known.find(`${provider}/${model ?? ''}`)

/**
 * A lookup that asks the operator first. What the operator says by a wildcard comes before an exact
 * name of the table, for a price that was agreed on holds for all of them.
 * @param kinds the registry entry of each configured provider, by its name: `my-openai` that is an
 *   `openai` has OpenAI's prices.
 */
export function createPriceOf(own: Prices, kinds: ReadonlyMap<string, string>): PriceOf {
  const ownList = new PriceList(own)
  return (provider, model) =>
    ownList.find(`${provider}/${model ?? ''}`) ?? priceOf(kinds.get(provider) ?? provider, model)
}

/**
 * What a request cost in whole micro-dollars, rounded up, so that nothing that costs anything is
 * told as free. Null where the price is not known, where a count that it needs was not reported, or
 * where a count is no number of tokens. Exact: no sum here leaves the safe integers.
 */
export function costOf(usage: PricedUsage, price: Price | null): number | null {
  if (price === null) return null
  const { inputTokens, outputTokens } = usage
  const rates = ratesFor(inputTokens, price)
  // A count that is not there is needed only where it has a price: embeddings have no output.
  if (inputTokens === null && rates.input > 0) return null
  if (outputTokens === null && rates.output > 0) return null
  const input = inputTokens ?? 0
  const output = outputTokens ?? 0
  const reportedCached = usage.cachedInputTokens ?? 0
  const reportedWritten = usage.cacheWriteInputTokens ?? 0
  const reportedLong = usage.cacheWriteLongInputTokens ?? 0
  if (![input, output, reportedCached, reportedWritten, reportedLong].every(isCount)) return null
  // What is told apart is a part of the input; a provider that says more of it than there is input
  // is believed in the sum only.
  const cached = Math.min(reportedCached, input)
  const written = Math.min(reportedWritten, input - cached)
  const long = Math.min(reportedLong, written)
  const writeRate = rates.cacheWrite ?? rates.input
  return microUsd([
    [input - cached - written, rates.input],
    [cached, rates.cachedInput ?? rates.input],
    [written - long, writeRate],
    [long, rates.cacheWriteLong ?? writeRate],
    [output, rates.output],
  ])
}

function ratesFor(inputTokens: number | null, price: Price): Omit<Price, 'long'> {
  const { long } = price
  return long !== undefined && (inputTokens ?? 0) > long.aboveInputTokens ? long : price
}

const isCount = (count: number): boolean =>
  Number.isSafeInteger(count) && count >= 0 && count <= TOKENS_MAX

/** Micro-dollars and millionths of them are summed apart: each product stays below 2^53. */
function microUsd(parts: readonly (readonly [tokens: number, usdPerMillion: number])[]): number {
  let whole = 0
  let millionths = 0
  for (const [tokens, usdPerMillion] of parts) {
    const rate = Math.round(usdPerMillion * PARTS)
    whole += tokens * Math.floor(rate / PARTS)
    millionths += tokens * (rate % PARTS)
  }
  return whole + Math.ceil(millionths / PARTS)
}

/**
 * Micro-dollars as US dollars in decimals, such as `0.000123`; never in powers of ten.
 * `unknown` for null.
 */
export function usdText(microUsd: number | null): string {
  if (microUsd === null) return 'unknown'
  const digits = String(Math.abs(microUsd)).padStart(7, '0')
  const fraction = digits.slice(-6).replace(/0+$/, '')
  const sign = microUsd < 0 ? '-' : ''
  return `${sign}${digits.slice(0, -6)}${fraction === '' ? '' : '.'}${fraction}`
}
