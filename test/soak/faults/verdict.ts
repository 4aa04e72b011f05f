/** What is wrong with a soak, if anything. */
import type { SoakResult } from './soak.ts'

/** What the memory of a process may differ by from one third of the run to its end. */
const growthShareMax = 0.25
const growthBytesMax = 40e6

/** Idle connections that the runtime keeps, and a few files of its own. */
const openFilesMax = 300

/** Objects of one type that may be left beyond those of a fresh process; some are cached. */
const moreObjectsMax = 100

const sum = (counts: Readonly<Record<string, number>>): number =>
  Object.values(counts).reduce((all, each) => all + each, 0)

/** Every fault of a run in words; empty for a good one. */
export function faultsOf({
  requests,
  seen,
  lies,
  before,
  early,
  late,
  quiet,
}: SoakResult): string[] {
  const faults = lies.map((lie) => `a client was lied to: ${lie}`)
  const grewBytes = late.rssBytes - early.rssBytes
  if (grewBytes > growthBytesMax && grewBytes > early.rssBytes * growthShareMax) {
    faults.push(`memory grew by ${(grewBytes / 1e6).toFixed(0)} MB`)
  }
  const heapGrewBytes = quiet.heapBytes - early.heapBytes
  if (heapGrewBytes > growthBytesMax) {
    faults.push(`the heap grew by ${(heapGrewBytes / 1e6).toFixed(0)} MB`)
  }
  for (const [name, count] of Object.entries(quiet.leftovers)) {
    if (count !== 0) faults.push(`left: ${count} ${name}`)
  }
  for (const [type, count] of Object.entries(quiet.objects)) {
    const more = count - (before.objects[type] ?? 0)
    if (more > moreObjectsMax) faults.push(`left: ${more} objects of type ${type}`)
  }
  if (quiet.openFiles > openFilesMax) faults.push(`left: ${quiet.openFiles} open files`)
  if (quiet.ended.none !== undefined) faults.push(`${quiet.ended.none} ended without a reason`)
  // A client that left before its request was read never was a request.
  const ended = sum(quiet.ended)
  if (ended > requests) faults.push(`${ended} ends of ${requests} requests`)
  if (requests - ended > seen.left) faults.push(`${requests - ended} requests have no end`)
  // Without these the run would have proved nothing.
  if (seen.whole < requests / 10) faults.push('hardly anything succeeded')
  if (seen['in-band error'] + seen.status === 0) faults.push('nothing failed')
  return faults
}

/** The run in a few lines. */
export function summaryOf({ requests, seen, early, late, quiet }: SoakResult): string {
  const list = (counts: Readonly<Record<string, number>>): string =>
    Object.entries(counts)
      .map(([name, count]) => `${name} ${count}`)
      .join(', ')
  const mb = (bytes: number): string => `${(bytes / 1e6).toFixed(0)} MB`
  return [
    `requests ${requests}, attempts ${quiet.attempts}, hedges ${quiet.hedges}`,
    `seen by clients: ${list(seen)}`,
    `end reasons: ${list(quiet.ended)}`,
    `recoveries: ${list(quiet.recoveries)}`,
    `memory at a third, at the end, when quiet: ` +
      [early, late, quiet].map(({ rssBytes }) => mb(rssBytes)).join(', '),
    `heap: ${[early, late, quiet].map(({ heapBytes }) => mb(heapBytes)).join(', ')}`,
    `objects when quiet: ${list(quiet.objects)}; open files ${quiet.openFiles}`,
  ].join('\n')
}
