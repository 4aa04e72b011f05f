/** Alerts in the documentation, and what silences one. */
import { z } from 'zod'
import { alertMetricNames } from '../config/alert-rules.ts'
import type { Delivery as Delivered } from '../observe/alerts/delivery.ts'
import type { AlertsView, AlertView } from '../observe/alerts/view.ts'

/** What `/api/alerts` answers. */
type WorkerAlerts = AlertsView & {
  readonly worker: { readonly id: number; readonly total: number }
}

const count = z.int().min(0).max(Number.MAX_SAFE_INTEGER)
const text = z.string().nullable()
const wallTime = z.number().describe('Milliseconds since 1970.')

const AlertRuleState: z.ZodType<AlertView> = z.object({
  name: z.string(),
  metric: z.enum(alertMetricNames),
  above: z.number().min(0),
  windowSeconds: count,
  forSeconds: count,
  minimumRequests: count,
  provider: text,
  route: text,
  key: text,
  silenceSeconds: count,
  state: z
    .enum(['inactive', 'pending', 'firing', 'resolved'])
    .describe('`pending` until it has held for `forSeconds`; `resolved` is shown for 15 minutes.'),
  since: wallTime,
  value: z.number().nullable().describe('The last measure; null where there was too little.'),
  requests: count.describe('Requests in the window.'),
  targets: z.array(z.string()).describe('Whose breakers are open, where it is about them.'),
  toldAt: wallTime.nullable().describe('When somebody was last told that it fires.'),
  silencedUntil: wallTime.nullable(),
})

const Delivery: z.ZodType<Delivered> = z.object({
  id: z.string().describe('As `webhook-id` of the message.'),
  rule: z.string(),
  notice: z.enum(['firing', 'resolved']),
  at: wallTime,
  endedAt: wallTime,
  outcome: z.enum(['delivered', 'refused', 'failed', 'dropped']),
  attempts: count,
  status: count.nullable(),
  error: text,
})

const Alerts: z.ZodType<WorkerAlerts> = z.object({
  everySeconds: count.describe('How often the rules are looked at.'),
  rules: z.array(AlertRuleState),
  webhook: z
    .object({
      host: z.string(),
      delivered: count,
      lost: count.describe('Refused, failed too often, or given up because too many waited.'),
      waiting: count,
      last: z.array(Delivery).describe('The newest first.'),
    })
    .nullable()
    .describe('Null where nobody is told.'),
  worker: z.object({ id: count, total: count }),
})

/** 30 days: a longer silence is a rule that should not be there. */
const silenceSecondsMax = 30 * 86_400

/** What `PUT /api/alerts/{rule}` takes. */
export const AlertSilence = z
  .strictObject({
    silenceSeconds: z
      .int()
      .min(0)
      .max(silenceSecondsMax)
      .describe('So long nobody is told that it fires; 0 ends that.'),
  })
  .meta({ example: { silenceSeconds: 3600 } })

/** Name in the document -> schema. */
export const alertSchemas = { Alerts, AlertSilence } as const
