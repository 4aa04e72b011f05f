/** What was measured, the verdict on it, and the table of both. */
import { table } from '../load/statistics.ts'
import type { Content } from './content.ts'

/** Microseconds of processor time for one event of a stream. */
export interface Cost {
  readonly content: Content
  readonly provider: string
  readonly client: string
  /** The same number of events, passed. */
  readonly passedMicros: number
  readonly translatedMicros: number
}

/** What translating an event may cost above passing it. */
export const extraMicrosMax = 3

const extraOf = ({ passedMicros, translatedMicros }: Cost): number =>
  translatedMicros - passedMicros

/** Those above the limit. What could not be measured is above it. */
export function above(costs: readonly Cost[], limitMicros = extraMicrosMax): readonly Cost[] {
  return costs.filter((cost) => !(extraOf(cost) <= limitMicros))
}

/** The least of two measurements of the same pairs, in the same order. */
export function leastOf(first: readonly Cost[], second: readonly Cost[]): readonly Cost[] {
  return first.map((cost, index) => {
    const other = second[index] ?? cost
    return {
      ...cost,
      passedMicros: Math.min(cost.passedMicros, other.passedMicros),
      translatedMicros: Math.min(cost.translatedMicros, other.translatedMicros),
    }
  })
}

/** A row for each pair. */
export function costTable(title: string, costs: readonly Cost[], limitMicros: number): string {
  const rows = costs.map((cost) => {
    const { content, provider, client, passedMicros, translatedMicros } = cost
    return [
      `${provider} -> ${client}`,
      content,
      passedMicros.toFixed(2),
      translatedMicros.toFixed(2),
      (translatedMicros / passedMicros).toFixed(2),
      extraOf(cost).toFixed(2),
      above([cost], limitMicros).length === 0 ? 'ok' : `ABOVE ${limitMicros}`,
    ]
  })
  const titles = [title, 'deltas of', 'passed us', 'translated us', 'ratio', '+us/event', '']
  return table(titles, rows)
}

/** One line for all of them, with the dearest. */
export function verdict(costs: readonly Cost[], limitMicros: number): string {
  const dearest = costs.toSorted((a, b) => extraOf(b) - extraOf(a))[0]
  const most =
    dearest === undefined
      ? ''
      : `; the most is ${extraOf(dearest).toFixed(2)} us ` +
        `(${dearest.provider} -> ${dearest.client}, ${dearest.content})`
  const isGood = costs.length > 0 && above(costs, limitMicros).length === 0
  return (
    `${isGood ? 'PASS' : 'FAIL'} translating costs at most ${limitMicros} us of processor time ` +
    `an event above passing it${most}`
  )
}
