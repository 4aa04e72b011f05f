/** Providers over the last minutes, and the circuit breakers of their targets. */
import type { DashboardFrame, DashboardProvider } from '../../observe/dashboard/frame.ts'
import { count, duration, exact, money, percent, rate } from '../format.ts'
import { type Column, DataTable } from '../parts/data-table.tsx'
import { Badge, Empty, Panel } from '../parts/pieces.tsx'
import { Breakers } from './breakers.tsx'

/** From this part of failures on it is marked. */
const MANY_ERRORS = 0.05

const columns: readonly Column<DashboardProvider>[] = [
  { name: 'name', title: 'Provider', sortBy: ({ name }) => name, cell: ({ name }) => name },
  {
    ...{ name: 'live', title: 'Live', isNumber: true, sortBy: ({ live }) => live },
    cell: ({ live }) => count(live),
  },
  {
    ...{ name: 'requests', title: 'Requests', isNumber: true, sortBy: (row) => row.requests },
    cell: ({ requests }) => exact(requests),
  },
  {
    ...{ name: 'errors', title: 'Errors', isNumber: true, sortBy: ({ errorRate }) => errorRate },
    cell: ({ errorRate }) =>
      errorRate >= MANY_ERRORS ? (
        <Badge tone="bad">{percent(errorRate)}</Badge>
      ) : (
        percent(errorRate)
      ),
  },
  {
    ...{ name: 'p50', title: 'First token p50', isNumber: true, from: 'medium' },
    sortBy: ({ firstContentP50Ms }) => firstContentP50Ms,
    cell: ({ firstContentP50Ms }) => duration(firstContentP50Ms),
  },
  {
    ...{ name: 'p95', title: 'p95', isNumber: true, from: 'medium' },
    sortBy: ({ firstContentP95Ms }) => firstContentP95Ms,
    cell: ({ firstContentP95Ms }) => duration(firstContentP95Ms),
  },
  {
    ...{ name: 'gap', title: 'Gap p99', isNumber: true, from: 'wide' },
    sortBy: ({ gapP99Ms }) => gapP99Ms,
    cell: ({ gapP99Ms }) => duration(gapP99Ms),
  },
  {
    ...{ name: 'speed', title: 'Tokens/s a stream', isNumber: true, from: 'wide' },
    sortBy: ({ tokensPerSecond }) => tokensPerSecond,
    cell: ({ tokensPerSecond }) => rate(tokensPerSecond),
  },
  {
    ...{ name: 'cost', title: 'Cost', isNumber: true, from: 'wide' },
    sortBy: ({ costMicroUsd }) => costMicroUsd,
    cell: ({ costMicroUsd }) => money(costMicroUsd),
  },
]

/** The view. */
export function Providers({ frame: { providers, breakers } }: { frame: DashboardFrame }) {
  return (
    <>
      <Panel title="Providers" note="Last 5 minutes">
        {providers.length === 0 ? (
          <Empty title="No provider was asked in the last 5 minutes.">
            A provider is there when its key is: put it into <code>.env</code> under its usual name,
            such as <code>OPENAI_API_KEY</code>. Without any key, <code>demo</code> answers.
          </Empty>
        ) : (
          <DataTable
            caption="Providers"
            columns={columns}
            rows={providers}
            keyOf={({ name }) => name}
            initialSort={{ column: 'requests', isDescending: true }}
          />
        )}
      </Panel>
      <Breakers breakers={breakers} />
    </>
  )
}
