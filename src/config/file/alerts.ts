/** `alerts` in the file: when the operator wants to be told, and where. */
import type { z } from 'zod'
import {
  type AlertRule,
  type AlertSettings,
  alertMetricNames,
  alertMetrics,
  noAlerts,
} from '../alert-rules.ts'
import type { Setting } from '../reader.ts'
import { type Environment, masked, withoutCredentials } from '../variable.ts'
import { decimal, named, object, text, whole, word } from './fields.ts'
import { type Path, pathText } from './problems.ts'
import { isReference, referenced, secretReference } from './references.ts'

const DAY_SECONDS = 86_400

const nameRule =
  'must be a name of 1 to 64 letters, digits, dots, _ and -, beginning with none of . _ -'
const namePattern = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/

const scopeRule = 'must be a name of 1 to 200 characters without control characters'
const scopePattern = /^[^\u0000-\u001f\u007f-\u009f]{1,200}$/

const scope = (meaning: string) =>
  text(scopeRule, (name) => scopePattern.test(name), meaning, scopePattern).optional()

const addressRule = 'must be an http or https address without credentials, or env:NAME'

/** Addresses of webhooks often hold a secret, so they can stand in a variable. */
function isAddress(value: string): boolean {
  if (!URL.canParse(value)) return false
  const { protocol, username, password } = new URL(value)
  return /^https?:$/.test(protocol) && username === '' && password === ''
}

const webhookSchema = (environment: Environment) =>
  object('Webhook', 'Who is told. Each message is signed as Standard Webhooks describe it.', {
    url: text(
      addressRule,
      (value) => isReference(value) || isAddress(value),
      'Where to. Also as env:NAME, because such addresses often hold a secret.',
    ).refine((value) => !isReference(value) || isAddress(referenced(value, environment) ?? ''), {
      error: 'must name a variable that is set to an http or https address without credentials',
    }),
    secret: secretReference(
      environment,
      'What messages are signed with: whsec_ and base64, or any text; as',
    ).refine(
      (value) => !isReference(value) || isSigningSecret(referenced(value, environment) ?? 'unset'),
      { error: 'must name a variable whose whsec_ is followed by base64' },
    ),
  })

/** Behind the prefix is base64; anything else is taken as it is. */
function isSigningSecret(secret: string): boolean {
  return (
    !secret.startsWith('whsec_') ||
    /^whsec_(?:[A-Za-z0-9+/]{4})+(?:[A-Za-z0-9+/]{2,3}={0,2})?$/.test(secret)
  )
}

const ruleSchema = (providers: readonly string[]) =>
  object('AlertRule', 'When one thing is too much.', {
    metric: word(
      alertMetricNames,
      'What is measured, over all workers: errorRate is the part of requests that failed, with a ' +
        'provider that of its attempts; poolOverflow and spendUsd are sums over the window.',
    ),
    above: decimal(0, 1_000_000_000, 'It holds while the measure is larger than this.'),
    windowSeconds: whole(
      1,
      DAY_SECONDS,
      'Over how much of the past is measured; 300 when not set.',
    ).optional(),
    forSeconds: whole(
      0,
      DAY_SECONDS,
      'How long it must hold to fire, and not hold to be resolved; 60 when not set.',
    ).optional(),
    minimumRequests: whole(
      0,
      1_000_000_000,
      'With fewer requests in the window there is no measure; 10 when not set.',
    ).optional(),
    provider: text(
      `must be an enabled provider (${providers.join(', ') || 'none is'})`,
      (name) => providers.includes(name),
      'Of this provider alone.',
    ).optional(),
    route: scope('Of this route alone.'),
    key: scope('Of this key alone: its name in keys, or the id of any.'),
    silenceSeconds: whole(
      0,
      30 * DAY_SECONDS,
      'It is told at most once in so long, and again while it lasts; 3600 when not set, 0 tells ' +
        'each firing once.',
    ).optional(),
  })
    .refine(({ metric, route }) => route === undefined || takes(metric, 'route'), {
      path: ['route'],
      error: 'must not be there with this metric',
    })
    .refine(({ metric, key }) => key === undefined || takes(metric, 'key'), {
      path: ['key'],
      error: 'must not be there with this metric',
    })
    .refine(({ metric, provider }) => provider === undefined || takes(metric, 'provider'), {
      path: ['provider'],
      error: 'must not be there with this metric',
    })

const takes = (metric: AlertRule['metric'], scopeName: 'provider' | 'route' | 'key'): boolean =>
  (alertMetrics[metric].scopes as readonly string[]).includes(scopeName)

/** `alerts`, of `providers`, with secrets in `environment`. */
export const alertsSchema = (providers: readonly string[], environment: Environment) =>
  object('Alerts', 'When the operator wants to be told, and where.', {
    everySeconds: whole(1, 300, 'How often the rules are looked at; 5 when not set.').optional(),
    webhook: webhookSchema(environment).optional(),
    rules: named(
      text(nameRule, (name) => namePattern.test(name), 'A name of a rule.', namePattern),
      ruleSchema(providers),
      'The rules by name; they show in the dashboard and at /api/alerts.',
    )
      .refine((rules) => Object.keys(rules).length <= RULES_MAX, {
        error: `must be ${RULES_MAX} rules at most`,
      })
      .optional(),
  })

/** More would be a monitoring system; that is fed by /metrics. */
const RULES_MAX = 100

type FileAlerts = z.infer<ReturnType<typeof alertsSchema>>

/** Tells of rules about a route or a key that is not there: such a rule would never hold. */
export function checkAlerts(
  { rules = {} }: FileAlerts,
  known: { readonly routes: readonly string[]; readonly keys: readonly string[] },
  reject: (path: Path, rule: string) => void,
): void {
  for (const [name, { route, key }] of Object.entries(rules)) {
    const path = ['alerts', 'rules', name]
    if (route !== undefined && !known.routes.includes(route)) {
      reject([...path, 'route'], `must be a route of the file (${listed(known.routes)})`)
    }
    if (key !== undefined && !known.keys.includes(key) && !keyIdPattern.test(key)) {
      reject([...path, 'key'], 'must be the name of a key of the file, or an id such as key_0a1b2c')
    }
  }
}

const listed = (names: readonly string[]): string => names.slice(0, 20).join(', ') || 'none is'

const keyIdPattern = /^key_[0-9a-z]{1,40}$/

/** `alerts` of the file, in its order. */
export function alertsOf(alerts: FileAlerts, environment: Environment): AlertSettings {
  const { everySeconds = noAlerts.everySeconds, webhook, rules = {} } = alerts
  const told = (value: string): string | null =>
    isReference(value) ? referenced(value, environment) : value
  const [url, secret] = webhook === undefined ? [] : [told(webhook.url), told(webhook.secret)]
  return {
    everySeconds,
    // Without its variable there is none; a problem says so.
    webhook: url && secret ? { url, secret } : null,
    rules: Object.entries(rules).map(([name, rule]) => ({
      name,
      metric: rule.metric,
      above: rule.above,
      windowSeconds: rule.windowSeconds ?? 300,
      forSeconds: rule.forSeconds ?? 60,
      minimumRequests: rule.minimumRequests ?? 10,
      provider: rule.provider ?? null,
      route: rule.route ?? null,
      key: rule.key ?? null,
      silenceSeconds: rule.silenceSeconds ?? 3600,
    })),
  }
}

/** Alerts as they may be shown. */
export function shownAlerts({ webhook, rules, everySeconds }: AlertSettings): Setting[] {
  const shown = (path: readonly string[], value: string): Setting => ({
    name: pathText(['alerts', ...path]),
    text: value,
    given: true,
  })
  const address = webhook === null ? '' : new URL(webhook.url).origin
  return [
    ...(webhook === null
      ? []
      : [shown(['webhook'], `${withoutCredentials(address)}/**** ${masked(webhook.secret)}`)]),
    ...(rules.length === 0 ? [] : [shown(['everySeconds'], String(everySeconds))]),
    ...rules.map(({ name, metric, above, ...rest }) => {
      const words = Object.entries(rest)
        .filter(([, value]) => value !== null)
        .map(([field, value]) => ` ${field}=${value}`)
      return shown(['rules', name], `${metric} above ${above}${words.join('')}`)
    }),
  ]
}
