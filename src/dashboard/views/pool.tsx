/** The buffer pool: what is taken, what lies ready, and how often it was of use. */
import type { DashboardFrame, DashboardPoolTier } from '../../observe/dashboard/frame.ts'
import { bytes, count, exact, NONE, percent } from '../format.ts'
import { type Column, DataTable } from '../parts/data-table.tsx'
import { fullness, Meter } from '../parts/meter.tsx'
import { Empty, Panel } from '../parts/pieces.tsx'

const hitRateOf = ({ hits, misses }: DashboardPoolTier): number | null =>
  hits + misses === 0 ? null : hits / (hits + misses)

const columns: readonly Column<DashboardPoolTier>[] = [
  {
    ...{ name: 'size', title: 'Buffers of', sortBy: ({ sizeBytes }) => sizeBytes },
    cell: ({ sizeBytes }) => bytes(sizeBytes),
  },
  {
    ...{ name: 'used', title: 'In use', isNumber: true, sortBy: ({ inUse }) => inUse },
    cell: ({ inUse }) => exact(inUse),
  },
  {
    ...{ name: 'free', title: 'Free', isNumber: true, sortBy: ({ free }) => free },
    cell: ({ free }) => exact(free),
  },
  {
    ...{ name: 'rate', title: 'Hit rate', isNumber: true, sortBy: hitRateOf },
    cell: (tier) => percent(hitRateOf(tier)),
  },
  {
    ...{ name: 'hits', title: 'Hits', isNumber: true, from: 'medium' },
    sortBy: ({ hits }) => hits,
    cell: ({ hits }) => count(hits),
  },
  {
    ...{ name: 'misses', title: 'Misses', isNumber: true, from: 'medium' },
    sortBy: ({ misses }) => misses,
    cell: ({ misses }) => count(misses),
  },
  {
    ...{ name: 'bar', title: 'In use of allocated', from: 'medium' },
    cell: ({ inUse, free }) => (
      <Meter parts={[{ share: inUse / Math.max(1, inUse + free), tone: 'used' }]} />
    ),
  },
]

/** The view. */
export function Pool({ frame: { pool, workers } }: { frame: DashboardFrame }) {
  if (!pool.enabled) {
    return (
      <Empty title="The buffer pool is switched off.">
        Each piece of an answer gets memory of its own. Whether the pool pays on this machine is
        measured by <code>bench/streaming-benchmark.ts</code>; it is switched on by{' '}
        <code>STREAM_BUFFER_POOL_ENABLED=1</code>.
      </Empty>
    )
  }
  const share = pool.bytesMax === 0 ? 0 : pool.bytes / pool.bytesMax
  return (
    <>
      <section className="figures" aria-label="Buffer pool">
        <div className="figure">
          <h2>Hit rate</h2>
          <p className="value">{pool.tiers.some(wasUsed) ? percent(pool.hitRate) : NONE}</p>
          <p className="hint">
            {pool.tiers.some(wasUsed)
              ? 'of all buffers that were asked for'
              : 'none was needed yet'}
          </p>
        </div>
        <div className="figure">
          <h2>Memory</h2>
          <p className="value">{bytes(pool.bytes)}</p>
          <p className="hint">
            {percent(share)} of {bytes(pool.bytesMax)}
            {workers > 1 ? ` in ${workers} workers` : ''}
          </p>
          <Meter parts={[{ share, tone: fullness(share) }]} />
        </div>
        <div className="figure">
          <h2>Overflow</h2>
          <p className={pool.overflowInUse > 0 ? 'value is-warn' : 'value'}>
            {exact(pool.overflowInUse)}
          </p>
          <p className="hint">buffers beside the pool, which was at its bound</p>
        </div>
      </section>
      <Panel title="Tiers" note="Since the start; all workers">
        <DataTable
          caption="Tiers of the buffer pool"
          columns={columns}
          rows={pool.tiers}
          keyOf={({ sizeBytes }) => String(sizeBytes)}
        />
      </Panel>
    </>
  )
}

const wasUsed = ({ hits, misses }: DashboardPoolTier): boolean => hits + misses > 0
