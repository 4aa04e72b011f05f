/** What is said of an alert: a sentence for people, and a body for programs. */
import { type AlertRule, alertMetrics } from '../../config/alert-rules.ts'
import { randomText } from '../../core/ids.ts'
import type { Notice, RuleState } from './rule-state.ts'

/** One message to the operator. Survives JSON. */
export interface AlertMessage {
  /** The same however often it is sent, so that a receiver knows what it has. */
  readonly id: string
  readonly rule: string
  readonly notice: Notice
  /** Wall time in milliseconds. */
  readonly at: number
  /** The body, as JSON. */
  readonly body: string
}

/** One sentence, such as `The share of failures of openai is 42 %, above 20 %, over 300 s.` */
export function sentenceOf(rule: AlertRule, { phase, value, targets }: RuleState): string {
  const { phrase, unit, isMomentary } = alertMetrics[rule.metric]
  const whose = [
    rule.provider === null ? '' : ` of ${rule.provider}`,
    rule.route === null ? '' : ` on the route ${rule.route}`,
    rule.key === null ? '' : ` with the key ${rule.key}`,
  ].join('')
  const told = (number: number): string =>
    unit === 'share' ? `${rounded(number * 100)} %` : `${rounded(number)}${units[unit]}`
  const is = value === null ? 'is not known any more' : `is ${told(value)}`
  const limit = `${phase === 'resolved' ? 'not above' : 'above'} ${told(rule.above)}`
  const over = isMomentary ? '' : `, over ${rule.windowSeconds} s`
  const about = targets.length === 0 ? '' : ` (${namesOf(targets)})`
  return `${phrase[0]?.toUpperCase()}${phrase.slice(1)}${whose} ${is}${about}, ${limit}${over}.`
}

const units = { ms: ' ms', usd: ' USD', count: '' } as const

/** Three of them at most; a sentence is no list. */
const namesOf = (names: readonly string[]): string =>
  names.slice(0, 3).join(', ') + (names.length > 3 ? ` and ${names.length - 3} more` : '')

/** Without the digits that say nothing. */
const rounded = (number: number): string => String(Number(number.toPrecision(4)))

/** The message of a notice. `text` is what chat programs show of such a body. */
export function messageOf(
  rule: AlertRule,
  state: RuleState,
  notice: Notice,
  now: number,
): AlertMessage {
  const message = sentenceOf(rule, state)
  const { metric, above, windowSeconds, provider, route, key } = rule
  const body = JSON.stringify({
    type: `alert.${notice}`,
    timestamp: new Date(now).toISOString(),
    text: `[${notice}] ${rule.name}: ${message}`,
    data: {
      ...{ rule: rule.name, state: notice, metric, value: state.value, above, windowSeconds },
      ...{ provider, route, key, requests: state.requests, targets: state.targets },
      ...{ since: new Date(state.since).toISOString(), message },
    },
  })
  return { id: `alert_${randomText(24)}`, rule: rule.name, notice, at: now, body }
}
