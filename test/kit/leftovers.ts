/** The last assertion of every behaviour test: nothing is left. */
import { eventually } from './signal.ts'

/** How many are left, by name: streams, leases, timers, files, sockets. */
export type Leftovers = Readonly<Record<string, number>>

/** Something that counts what it holds. */
export interface Holder {
  leftovers(): Leftovers | Promise<Leftovers>
}

/** Counts by name, each asked for whenever it is looked at. */
export type Counts = Readonly<Record<string, () => number | Promise<number>>>

/**
 * Waits until every count is zero; the sources are a holder, or counts by name, or both.
 * @throws Error naming what is left, and how many, when `withinMs` have passed.
 */
export async function expectNothingLeft(
  holder: Holder | null,
  counts: Counts = {},
  withinMs = 2000,
): Promise<void> {
  let left: readonly string[] = []
  await eventually(
    async () => {
      const found = Object.entries((await holder?.leftovers()) ?? {})
      for (const [name, count] of Object.entries(counts)) found.push([name, await count()])
      left = found.filter(([, count]) => count !== 0).map(([name, count]) => `${name} ${count}`)
      return left.length === 0
    },
    () => `left: ${left.join(', ')}`,
    withinMs,
  )
}
