/** Sums by metric and labels: what counters were that others keep, in workers that have ended. */
import type { Sample } from './worker-state.ts'

/** What was left by them, in sum. */
export class SumsByLabels {
  readonly #sums = new Map<string, Map<string, [labels: readonly string[], value: number]>>()

  /** Adds the values of a metric; those with another number of labels are left out. */
  add(name: string, samples: readonly Sample[], labelCount: number): void {
    const sums = this.#sums.get(name) ?? new Map()
    this.#sums.set(name, sums)
    for (const [labels, value] of samples) {
      if (labels.length !== labelCount || !Number.isFinite(value)) continue
      const key = labels.join('\n')
      sums.set(key, [labels, (sums.get(key)?.[1] ?? 0) + value])
    }
  }

  /** What is read now with what was left; also where only one of the two is there. */
  with(name: string, samples: readonly Sample[]): readonly Sample[] {
    const sums = this.#sums.get(name)
    if (sums === undefined) return samples
    const left = new Map(sums)
    const read = samples.map(([labels, value]): Sample => {
      const key = labels.join('\n')
      const before = left.get(key)?.[1] ?? 0
      left.delete(key)
      return [labels, before + value]
    })
    return [...read, ...left.values()]
  }
}
