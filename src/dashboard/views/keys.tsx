/** Keys of clients: what each used and spent today, against what it may. */
import type { DashboardFrame, DashboardKey } from '../../observe/dashboard/frame.ts'
import { count, exact, money, percent } from '../format.ts'
import { type Column, DataTable } from '../parts/data-table.tsx'
import { fullness, Meter } from '../parts/meter.tsx'
import { Empty, Panel } from '../parts/pieces.tsx'

/** What is spent of a budget, as a part of one; null where there is none. */
export function spentShare({ costMicroUsd, dailyBudgetMicroUsd }: DashboardKey): number | null {
  if (dailyBudgetMicroUsd === null) return null
  if (dailyBudgetMicroUsd === 0) return 1
  return costMicroUsd / dailyBudgetMicroUsd
}

const columns: readonly Column<DashboardKey>[] = [
  {
    ...{ name: 'name', title: 'Key', sortBy: ({ name }) => name },
    cell: ({ id, name }) => (
      <>
        {name}
        {id !== name && <span className="id">{id}</span>}
      </>
    ),
  },
  {
    ...{ name: 'live', title: 'Live', isNumber: true, sortBy: ({ live }) => live },
    cell: ({ live }) => count(live),
  },
  {
    ...{ name: 'requests', title: 'Requests', isNumber: true, sortBy: (row) => row.requests },
    cell: ({ requests }) => exact(requests),
  },
  {
    ...{ name: 'tokens', title: 'Output tokens', isNumber: true, from: 'medium' },
    sortBy: ({ outputTokens }) => outputTokens,
    cell: ({ outputTokens }) => count(outputTokens),
  },
  {
    ...{ name: 'cost', title: 'Spent', isNumber: true, sortBy: ({ costMicroUsd }) => costMicroUsd },
    cell: ({ costMicroUsd }) => money(costMicroUsd),
  },
  {
    ...{ name: 'budget', title: 'Daily budget', isNumber: true, from: 'medium' },
    sortBy: ({ dailyBudgetMicroUsd }) => dailyBudgetMicroUsd,
    cell: ({ dailyBudgetMicroUsd }) =>
      dailyBudgetMicroUsd === null ? 'none' : money(dailyBudgetMicroUsd),
  },
  {
    ...{ name: 'share', title: 'Of budget', isNumber: true, sortBy: spentShare },
    cell: (key) => percent(spentShare(key)),
  },
  {
    ...{ name: 'bar', title: 'Spent of budget', from: 'wide' },
    cell: (key) => {
      const share = spentShare(key)
      return share === null ? null : <Meter parts={[{ share, tone: fullness(share) }]} />
    },
  },
]

/** The view. */
export function Keys({ frame: { keys, keysHidden } }: { frame: DashboardFrame }) {
  const spent = keys.reduce((sum, { costMicroUsd }) => sum + costMicroUsd, 0)
  return (
    <Panel title="Today" note={keys.length === 0 ? undefined : `${money(spent)} in all`}>
      {keys.length === 0 ? (
        <NoKeys reason={keysHidden} />
      ) : (
        <DataTable
          caption="Keys today"
          columns={columns}
          rows={keys}
          keyOf={({ id }) => id}
          initialSort={{ column: 'cost', isDescending: true }}
          toneOf={(key) => ((spentShare(key) ?? 0) >= 1 ? 'row-bad' : undefined)}
        />
      )}
    </Panel>
  )
}

/** Says why there is nothing, and what to do about it. */
function NoKeys({ reason }: { reason: DashboardFrame['keysHidden'] }) {
  switch (reason) {
    case 'no-admin-token':
      return (
        <Empty title="What keys use is told to the operator only.">
          Start sluice with <code>ADMIN_TOKEN</code> set; the dashboard then asks for it.
        </Empty>
      )
    case 'no-ledger':
      return (
        <Empty title="Nobody keeps count of what keys use.">
          Set <code>LEDGER=on</code>, or name a <code>DATABASE_URL</code>.
        </Empty>
      )
    case null:
      return (
        <Empty title="No key was used today.">
          Keys come from <code>API_KEYS</code>, from <code>keys</code> of the configuration file, or
          from <code>sluice keys create</code>; each can have limits and a budget.
        </Empty>
      )
  }
}
