/** Where the workers of one parent count together, and where they hear of each other's streams. */
import { existsSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { isAlive } from '../core/alive.ts'

/** Memory that all processes of a Linux machine can have files in. */
const SHARED_MEMORY = '/dev/shm'

const base = (): string => (existsSync(SHARED_MEMORY) ? SHARED_MEMORY : tmpdir())

/** The directory of a parent's workers. Nothing in it is worth more than that parent's life. */
export function limitsDirectory(parentPid: number): string {
  return join(base(), `sluice-limits-${parentPid}`)
}

/** Where those that hold resumable streams have their sockets. */
export function streamsDirectory(parentPid: number): string {
  return join(base(), `sluice-streams-${parentPid}`)
}

/**
 * Removes what parents have left that were killed. Never throws. A number that another program has
 * now is kept until a later start.
 */
export function removeStaleDirectories(): void {
  try {
    for (const name of readdirSync(base())) {
      const pid = Number(/^sluice-(?:limits|streams)-(\d+)$/.exec(name)?.[1])
      if (pid > 0 && !isAlive(pid)) removeLimitsDirectory(pid)
    }
  } catch {}
}

/** Removes both, when the workers are gone. Never throws: what stays is small and of no use. */
export function removeLimitsDirectory(parentPid: number): void {
  for (const directory of [limitsDirectory(parentPid), streamsDirectory(parentPid)]) {
    try {
      rmSync(directory, { recursive: true, force: true })
    } catch {}
  }
}
