/** The pool of this worker, for those who are not handed one: metrics pages and scripts. */
import type { BufferPool } from './lease.ts'
import { createBufferPool } from './pool.ts'
import { bufferPoolDefaults } from './settings.ts'

let installed: BufferPool | null = null

/** The installed pool. Before any was installed, one with the documented defaults. */
export function getBufferPool(): BufferPool {
  installed ??= createBufferPool(bufferPoolDefaults)
  return installed
}

/**
 * Makes `pool` the worker's pool; called once, by the composition root. Null takes it away again,
 * when the worker's server stops.
 */
export function installBufferPool(pool: BufferPool | null): void {
  installed = pool
}
