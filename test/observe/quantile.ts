/** The quantile of a list of values: what all others are held against. */
export function exactQuantile(list: readonly number[], quantile: number): number {
  const sorted = list.toSorted((a, b) => a - b)
  const rank = quantile * (sorted.length - 1)
  const below = sorted[Math.floor(rank)] ?? 0
  return below + ((sorted[Math.ceil(rank)] ?? below) - below) * (rank % 1)
}
