/** The limits of one worker: what the operator set, and what this machine has where he set none. */
import { readFileSync } from 'node:fs'
import { totalmem } from 'node:os'
import type { OverloadSettings } from '../config/config.ts'

/** What a worker may use. A limit of 0 is none. */
export interface OverloadLimits {
  readonly memoryBytesMax: number
  readonly eventLoopLagMaxMs: number
  /** Null where the system does not say. */
  readonly descriptorsMax: number | null
  readonly concurrentRequestsMax: number
}

/**
 * The part of the memory that workers share. The rest is for what is not in their books: buffers
 * of the kernel for sockets, which are up to 4 MB for a client that does not read, and the parent.
 */
const MEMORY_SHARE = 0.75

/** Descriptors that no request may count on: listeners, files, channels, and the operator. */
const DESCRIPTORS_RESERVED = 64

/** A client's connection and a provider's. */
const DESCRIPTORS_PER_REQUEST = 2

/** @param workers how many share the machine, at least 1 */
export function overloadLimits(settings: OverloadSettings, workers: number): OverloadLimits {
  const descriptorsMax = descriptorLimit()
  return {
    memoryBytesMax:
      settings.memoryBytesMax ?? Math.floor((memoryOfMachine() * MEMORY_SHARE) / workers),
    eventLoopLagMaxMs: settings.eventLoopLagMaxMs,
    descriptorsMax,
    concurrentRequestsMax: Math.min(
      settings.concurrentRequestsMax,
      descriptorsMax === null ? Number.POSITIVE_INFINITY : requestsFor(descriptorsMax),
    ),
  }
}

/** How many requests so many descriptors are enough for. */
export function requestsFor(descriptors: number): number {
  const reserved = Math.min(DESCRIPTORS_RESERVED, descriptors / 2)
  return Math.max(1, Math.floor((descriptors - reserved) / DESCRIPTORS_PER_REQUEST))
}

/** The memory of the machine, or of the control group where that is less. */
function memoryOfMachine(): number {
  return Math.min(totalmem(), ...cgroupLimits(textOf))
}

/**
 * The limits of the control groups that the process is in, of both versions of the file system.
 * @param read gives the text of a file, or null where there is none
 */
export function cgroupLimits(read: (path: string) => string | null): number[] {
  const limits: number[] = []
  for (const line of (read('/proc/self/cgroup') ?? '').split('\n')) {
    const [, controllers = '', ...rest] = line.split(':')
    const path = rest.join(':')
    const isSecondVersion = controllers === ''
    if (path === '' || !(isSecondVersion || controllers.split(',').includes('memory'))) continue
    const root = isSecondVersion ? '/sys/fs/cgroup' : '/sys/fs/cgroup/memory'
    const file = isSecondVersion ? 'memory.max' : 'memory.limit_in_bytes'
    // A container may see its own group as the root, so every group above counts as well.
    const names = path.split('/').filter((name) => name !== '')
    for (let depth = names.length; depth >= 0; depth--) {
      const limit = Number(read([root, ...names.slice(0, depth), file].join('/')) ?? Number.NaN)
      if (limit > 0) limits.push(limit)
    }
  }
  return limits
}

/** How many descriptors the process may have. */
function descriptorLimit(): number | null {
  const soft = /^Max open files\s+(\d+|unlimited)/m.exec(textOf('/proc/self/limits') ?? '')?.[1]
  return soft === undefined || soft === 'unlimited' ? null : Number(soft)
}

function textOf(path: string): string | null {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return null
  }
}
