/** Streams that can be resumed: those of this worker, and the way to those of the others. */
import type { BufferPool } from '../buffer/lease.ts'
import type { Config } from '../config/config.ts'
import type { Sweep } from '../core/clock.ts'
import { createResumption, type Resumption } from '../gateway/resume.ts'
import { MachinePeers } from '../gateway/stream-peers.ts'
import type { Log } from '../observe/log.ts'
import { protocols } from '../protocol/registry.ts'
import { ResumableStreams } from '../relay/resumables.ts'
import { streamsDirectory } from '../store/limits-directory.ts'
import type { Kept } from './kept.ts'

/** Both, as long as the worker lives. */
export interface HeldStreams {
  readonly streams: ResumableStreams
  /** Null for a process without workers. */
  readonly peers: MachinePeers | null
}

/** Makes them. A worker listens to the others from its first resumable stream on. */
export function heldStreams(
  { resume, stream }: Config,
  workers: number,
  sweep: Sweep,
  pool: BufferPool,
  log: Log,
): HeldStreams {
  const streams = new ResumableStreams(resume, sweep, pool, () => peers?.listen())
  const peers =
    workers === 0
      ? null
      : new MachinePeers({
          ...{ directory: streamsDirectory(process.ppid), streams, sweep, pool },
          protocols: Object.values(protocols),
          settings: stream['chat-completions'],
          failed: (cause) => {
            const code = cause instanceof Error && 'code' in cause ? String(cause.code) : null
            log.line('warn', 'other workers cannot resume streams of this one', { cause: code })
          },
        })
  return { streams, peers }
}

/** The way back to a stream. */
export function resumptionOf({ streams, peers, admission }: Kept): Resumption {
  return createResumption({
    streams,
    peers,
    admit: (headers, search) => admission.admit(headers, search),
  })
}
