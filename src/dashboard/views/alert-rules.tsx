/** The rules behind the alerts, what each measures, and hearing nothing of one for a while. */
import { useState } from 'react'
import type { AlertsView, AlertView } from '../../observe/alerts/view.ts'
import { ask } from '../feed/ask.ts'
import { usePage } from '../feed/context.tsx'
import { useAnswer } from '../feed/use-answer.ts'
import { age, count, dayAndClock, duration, money, NONE, percent } from '../format.ts'
import { type Column, DataTable } from '../parts/data-table.tsx'
import { Badge, Empty, Panel, type Tone } from '../parts/pieces.tsx'

/** Rules are looked at every few seconds; their states change slowly. */
const ASK_EVERY_MS = 5_000

/** What a press on the button silences; the API takes any time. */
const SILENCE_SECONDS = 3_600

const stateTones: Readonly<Record<AlertView['state'], Tone>> = {
  inactive: 'calm',
  pending: 'warn',
  firing: 'bad',
  resolved: 'good',
}

/** The measure of a rule with its unit. */
export function measureText(metric: AlertView['metric'], value: number | null): string {
  if (metric === 'errorRate') return percent(value)
  if (metric === 'spendUsd') return money(value === null ? null : value * 1e6)
  return metric.endsWith('Ms') ? duration(value) : count(value)
}

/** A table of all rules, and what the webhook was told. */
export function AlertRules() {
  const { announce } = usePage()
  const { body, problem, put } = useAnswer<AlertsView>('/api/alerts', ASK_EVERY_MS)
  const [busy, setBusy] = useState<string | null>(null)
  const silence = async (rule: string, silenceSeconds: number): Promise<void> => {
    setBusy(rule)
    const path = `/api/alerts/${encodeURIComponent(rule)}`
    const answer = await ask('PUT', path, { silenceSeconds })
    setBusy(null)
    if (!answer.ok) return announce(`${rule} is as it was. ${answer.problem}`, 'bad')
    put(answer.body as AlertsView)
    announce(silenceSeconds === 0 ? `${rule} is told again.` : `${rule} is silent for an hour.`)
  }
  if (body === null) return <p className="hint">{problem}</p>
  if (body.rules.length === 0) {
    return (
      <Empty title="There is no rule yet.">
        Rules are in <code>alerts</code> of the configuration file: error rate, first token, open
        breakers, waiting, the pool, spending. A webhook can be told as well.
      </Empty>
    )
  }
  return (
    <>
      <Panel title="Rules" note={`Looked at every ${body.everySeconds} s, over all workers`}>
        <DataTable
          caption="Alert rules"
          columns={columnsOf(busy, (rule, seconds) => void silence(rule, seconds))}
          rows={body.rules}
          keyOf={({ name }) => name}
        />
      </Panel>
      <Webhook webhook={body.webhook} />
    </>
  )
}

function columnsOf(
  busy: string | null,
  silence: (rule: string, seconds: number) => void,
): readonly Column<AlertView>[] {
  return [
    {
      ...{ name: 'rule', title: 'Rule', sortBy: ({ name }) => name },
      cell: ({ name, state, provider, route, key }) => (
        <>
          {name}
          <span className="id">{[provider, route, key].filter(Boolean).join(' · ')}</span>
          <span className="narrow-only">
            <Badge tone={stateTones[state]}>{state}</Badge>
          </span>
        </>
      ),
    },
    {
      ...{ name: 'state', title: 'State', sortBy: ({ state }) => state, from: 'medium' },
      cell: ({ state }) => <Badge tone={stateTones[state]}>{state}</Badge>,
    },
    {
      ...{ name: 'value', title: 'Measured', isNumber: true },
      cell: ({ metric, value }) => measureText(metric, value),
    },
    {
      ...{ name: 'above', title: 'Fires above', isNumber: true },
      cell: ({ metric, above }) => measureText(metric, above),
    },
    {
      ...{ name: 'window', title: 'Over', isNumber: true, from: 'wide' },
      cell: ({ windowSeconds }) => age(windowSeconds * 1000),
    },
    {
      ...{ name: 'silent', title: 'Silent until', from: 'wide' },
      cell: ({ silencedUntil }) => (silencedUntil === null ? NONE : dayAndClock(silencedUntil)),
    },
    {
      ...{ name: 'actions', title: 'Actions', isTitleUnseen: true, isEnd: true },
      cell: ({ name, silencedUntil }) => (
        <button
          type="button"
          className="small"
          disabled={busy === name}
          onClick={() => silence(name, silencedUntil === null ? SILENCE_SECONDS : 0)}
        >
          {silencedUntil === null ? 'Silence 1 h' : 'Tell again'}
          <span className="unseen"> {name}</span>
        </button>
      ),
    },
  ]
}

function Webhook({ webhook }: { webhook: AlertsView['webhook'] }) {
  if (webhook === null) return null
  const { host, delivered, lost, waiting, last } = webhook
  const note = `${host}: ${count(delivered)} told, ${count(lost)} lost, ${count(waiting)} waiting`
  return (
    <Panel title="Webhook" note={note}>
      {last.length === 0 ? (
        <p className="hint">Nothing was told yet.</p>
      ) : (
        <DataTable
          caption="Messages to the webhook"
          columns={deliveryColumns}
          rows={last}
          keyOf={({ id, endedAt }) => `${id} ${endedAt}`}
        />
      )}
    </Panel>
  )
}

type Delivery = NonNullable<AlertsView['webhook']>['last'][number]

const deliveryColumns: readonly Column<Delivery>[] = [
  { name: 'rule', title: 'Rule', cell: ({ rule }) => rule },
  { name: 'notice', title: 'Told', cell: ({ notice }) => notice },
  {
    ...{ name: 'outcome', title: 'Outcome' },
    cell: ({ outcome }) => <Badge tone={outcome === 'delivered' ? 'good' : 'bad'}>{outcome}</Badge>,
  },
  {
    ...{ name: 'attempts', title: 'Attempts', isNumber: true, from: 'medium' },
    cell: ({ attempts }) => count(attempts),
  },
  {
    ...{ name: 'why', title: 'Answer', from: 'wide' },
    cell: ({ status, error }) => error ?? status ?? NONE,
  },
  { name: 'at', title: 'At', isEnd: true, from: 'medium', cell: ({ at }) => dayAndClock(at) },
]
