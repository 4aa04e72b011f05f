/** Where the workers of one parent count together. */
import { existsSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** Memory that all processes of a Linux machine can have files in. */
const SHARED_MEMORY = '/dev/shm'

/** The directory of a parent's workers. Nothing in it is worth more than that parent's life. */
export function limitsDirectory(parentPid: number): string {
  return join(existsSync(SHARED_MEMORY) ? SHARED_MEMORY : tmpdir(), `sluice-limits-${parentPid}`)
}

/** Removes it, when the workers are gone. Never throws: what stays is small and of no use. */
export function removeLimitsDirectory(parentPid: number): void {
  try {
    rmSync(limitsDirectory(parentPid), { recursive: true, force: true })
  } catch {}
}
