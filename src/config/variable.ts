/** What one variable of the environment is, and how its value may be shown. */
import type { Kind } from './kinds.ts'

/** The headings under which variables are listed, in this order. */
export const groups = [
  'Server',
  'Logs and profiles',
  'Access',
  'Storage',
  'Providers',
  'Streams',
  'Resilience',
  'Overload',
  'Requests',
  'Buffer pool',
  'OpenTelemetry',
] as const

/** One of the headings. */
export type Group = (typeof groups)[number]

/** One row of the table from which parsing, printing and the documentation come. */
export interface Variable<Value> {
  readonly name: string
  readonly group: Group
  /** One sentence, for the operator. */
  readonly meaning: string
  /** The text that stands for the variable where the environment has none; empty is "not set". */
  readonly default: string
  readonly kind: Kind<Value>
  /** `secret` is never shown whole; `address` is shown without credentials and query. */
  readonly shown: 'plain' | 'secret' | 'address'
  /** Whether `NAME__ENDPOINT` sets it for one endpoint. */
  readonly perEndpoint: boolean
}

/** Makes the rows of one group. */
export const inGroup =
  (group: Group) =>
  <Value>(
    name: string,
    kind: Kind<Value>,
    fallback: string,
    meaning: string,
    shown: Variable<Value>['shown'] = 'plain',
  ): Variable<Value> => ({
    name,
    group,
    meaning,
    default: fallback,
    kind,
    shown,
    perEndpoint: false,
  })

/** The names and values of an environment, as `process.env` has them. */
export type Environment = Readonly<Record<string, string | undefined>>

/**
 * A secret as it may be shown: a fixed text, so that not even the length is told, and the last four
 * characters where the secret is long enough that they give nothing away.
 */
export function masked(secret: string): string {
  return secret.length >= 16 ? `****${secret.slice(-4)}` : '****'
}

/** An address as it may be shown: with neither credentials nor a query, which often is a key. */
export function withoutCredentials(address: string): string {
  return address.replace(/^([a-z]+:\/\/)?.*@/is, '$1****@').replace(/([?#]).*$/s, '$1****')
}

/** The text of a variable as it may be shown. */
export function shownText(variable: Pick<Variable<unknown>, 'shown'>, text: string): string {
  if (variable.shown === 'address') return withoutCredentials(text)
  if (variable.shown === 'plain' || text === '') return text
  return text
    .split(',')
    .map((item) => masked(item.trim()))
    .join(',')
}
