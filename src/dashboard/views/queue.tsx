/** Who is inside of each provider's limit, and who waits before it. */
import type { DashboardFrame, DashboardGate } from '../../observe/dashboard/frame.ts'
import { counted, exact } from '../format.ts'
import { type Column, DataTable } from '../parts/data-table.tsx'
import { fullness, Meter } from '../parts/meter.tsx'
import { Empty, Panel } from '../parts/pieces.tsx'

const columns: readonly Column<DashboardGate>[] = [
  {
    ...{ name: 'name', title: 'Gate', sortBy: ({ name }) => name },
    cell: ({ name }) => <span className="target">{name}</span>,
  },
  {
    ...{ name: 'inside', title: 'Inside', isNumber: true, sortBy: ({ inside }) => inside },
    cell: ({ inside }) => exact(inside),
  },
  {
    ...{ name: 'limit', title: 'Limit', isNumber: true, sortBy: ({ limit }) => limit },
    cell: ({ limit }) => (limit === null ? 'none' : exact(limit)),
  },
  {
    ...{ name: 'waiting', title: 'Waiting', isNumber: true, sortBy: ({ waiting }) => waiting },
    cell: ({ waiting }) => exact(waiting),
  },
  {
    ...{ name: 'bar', title: 'Inside and waiting', from: 'medium' },
    cell: (gate) => <GateBar gate={gate} />,
  },
]

/** The view. */
export function Queue({ frame: { gates, points } }: { frame: DashboardFrame }) {
  const waiting = points.at(-1)?.waiting ?? 0
  return (
    <Panel
      title="Gates"
      note={waiting === 0 ? 'Nobody waits' : `${counted(waiting, 'request')} waiting`}
    >
      {gates.length === 0 ? (
        <Empty title="No provider was asked yet.">
          Each provider has a gate, and so has each target of a route with a limit of its own. How
          many it takes at once is set by <code>&lt;PROVIDER&gt;_CONCURRENCY</code> or learnt from
          its refusals; who does not get in waits here for its turn.
        </Empty>
      ) : (
        <DataTable
          caption="Gates"
          columns={columns}
          rows={gates}
          keyOf={({ name }) => name}
          initialSort={{ column: 'waiting', isDescending: true }}
          toneOf={(gate) => (gate.waiting > 0 ? 'row-warn' : undefined)}
        />
      )}
    </Panel>
  )
}

/** Without a limit there is nothing to draw it against. */
function GateBar({ gate: { inside, waiting, limit } }: { gate: DashboardGate }) {
  if (limit === null) return null
  const whole = Math.max(1, limit, inside) + waiting
  return (
    <Meter
      parts={[
        { share: inside / whole, tone: fullness(inside / Math.max(1, limit)) },
        { share: waiting / whole, tone: 'waiting' },
      ]}
    />
  )
}
