/** Circuit breakers: what they do, and deciding for them by hand. */
import { useState } from 'react'
import type { DashboardBreaker } from '../../observe/dashboard/frame.ts'
import { ask } from '../feed/ask.ts'
import { usePage } from '../feed/context.tsx'
import { duration, exact, NONE, words } from '../format.ts'
import { Choice } from '../parts/choice.tsx'
import { type Column, DataTable } from '../parts/data-table.tsx'
import { Question } from '../parts/dialog.tsx'
import { Badge, Empty, Panel } from '../parts/pieces.tsx'

type Override = DashboardBreaker['override']

const stateTones = { closed: 'good', 'half-open': 'warn', open: 'bad' } as const

const choices: readonly (readonly [Override, string])[] = [
  ['auto', 'Auto'],
  ['closed', 'Closed'],
  ['open', 'Open'],
]

/** What was done, for who listens. */
const done: Readonly<Record<Override, string>> = {
  auto: 'is left to the program again.',
  closed: 'is kept in use.',
  open: 'is out of use.',
}

/** A table with the decision in each row. */
export function Breakers({ breakers }: { breakers: readonly DashboardBreaker[] }) {
  const { announce } = usePage()
  const [toOpen, setToOpen] = useState<string | null>(null)
  const [busy, setBusy] = useState<string | null>(null)
  const decide = async (target: string, override: Override): Promise<void> => {
    setBusy(target)
    const answer = await ask('PUT', '/api/breakers', { target, override })
    setBusy(null)
    setToOpen(null)
    if (answer.ok) announce(`${target} ${done[override]}`)
    else announce(`${target} is as it was. ${answer.problem}`, 'bad')
  }
  const columns = columnsOf(busy, (target, override) => {
    if (override === 'open') setToOpen(target)
    else void decide(target, override)
  })
  return (
    <Panel title="Circuit breakers" note="The worst state of all workers">
      {breakers.length === 0 ? (
        <Empty title="No target was used yet.">
          There is a breaker for each target that was asked. It opens by itself when a target keeps
          failing, and lets a probe through after a while.
        </Empty>
      ) : (
        <DataTable
          caption="Circuit breakers"
          columns={columns}
          rows={breakers}
          keyOf={({ target }) => target}
          toneOf={({ state }) => (state === 'closed' ? undefined : `row-${stateTones[state]}`)}
        />
      )}
      <Question
        title="Take this target out of use?"
        isOpen={toOpen !== null}
        close={() => setToOpen(null)}
        action="Open the breaker"
        isBusy={busy !== null}
        confirm={() => void decide(toOpen ?? '', 'open')}
      >
        <p>
          <strong>{toOpen}</strong>
        </p>
        <p>
          Until you choose <em>Auto</em> or <em>Closed</em>, all workers send its requests to the
          other targets of their route. Where no other is left, it is asked all the same.
        </p>
      </Question>
    </Panel>
  )
}

function State({ breaker: { state, override } }: { breaker: DashboardBreaker }) {
  return (
    <>
      <Badge tone={stateTones[state]}>{words(state)}</Badge>
      {override !== 'auto' && <span className="hint"> by hand</span>}
    </>
  )
}

function columnsOf(
  busy: string | null,
  choose: (target: string, override: Override) => void,
): readonly Column<DashboardBreaker>[] {
  return [
    {
      ...{ name: 'target', title: 'Target', sortBy: ({ target }) => target },
      cell: (breaker) => (
        <>
          <span className="target">{breaker.target}</span>
          <span className="narrow-only">
            <State breaker={breaker} />
          </span>
        </>
      ),
    },
    {
      ...{ name: 'state', title: 'State', sortBy: ({ state }) => state, from: 'medium' },
      cell: (breaker) => <State breaker={breaker} />,
    },
    {
      ...{ name: 'failures', title: 'Failures in a row', isNumber: true, from: 'medium' },
      sortBy: ({ consecutiveFailures }) => consecutiveFailures,
      cell: ({ consecutiveFailures }) => exact(consecutiveFailures),
    },
    {
      ...{ name: 'open-for', title: 'Probe in', isNumber: true, from: 'medium' },
      sortBy: ({ openForMs }) => openForMs,
      cell: ({ openForMs }) => (openForMs > 0 ? duration(openForMs) : NONE),
    },
    {
      ...{ name: 'decide', title: 'Decided by', isEnd: true },
      cell: ({ target, override }) => (
        <Choice
          label={`Breaker of ${target}`}
          options={choices}
          value={override}
          isDisabled={busy === target}
          onChange={(value) => choose(target, value)}
        />
      ),
    },
  ]
}
