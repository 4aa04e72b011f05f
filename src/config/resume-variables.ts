/** The variables of resumable streams: `ResumeSettings` as variables. */
import type { ResumeSettings } from './config.ts'
import { duration, flag, gibibyte, kibibyte, mebibyte, size } from './kinds.ts'
import type { Reader } from './reader.ts'
import { inGroup } from './variable.ts'

const streams = inGroup('Streams')

/** One row for each of `ResumeSettings`, under the same key. */
export const resumeVariables = {
  enabled: streams(
    'STREAM_RESUME',
    flag,
    'on',
    'Whether a request may ask for a stream that can be resumed; off takes no notice of that.',
  ),
  graceMs: streams(
    'STREAM_RESUME_GRACE_MS',
    duration(),
    '30000',
    'How long a resumable stream goes on while nobody reads it. 0 is not at all.',
  ),
  keepMs: streams(
    'STREAM_RESUME_KEEP_MS',
    duration(),
    '300000',
    'How long a resumable stream can be read after its end. 0 is not at all.',
  ),
  bytesMax: streams(
    'STREAM_RESUME_BYTES_MAX',
    size(64 * kibibyte, gibibyte),
    '4m',
    'What is kept of one resumable stream; the oldest events go first.',
  ),
  totalBytesMax: streams(
    'STREAM_RESUME_TOTAL_BYTES_MAX',
    size(mebibyte, 1024 * gibibyte),
    '256m',
    'What one worker keeps of all of them; when it is full, new streams cannot be resumed.',
  ),
} as const

/** The settings of an environment. */
export function resumeSettings(read: Reader['read']): ResumeSettings {
  return {
    enabled: read(resumeVariables.enabled),
    graceMs: read(resumeVariables.graceMs),
    keepMs: read(resumeVariables.keepMs),
    bytesMax: read(resumeVariables.bytesMax),
    totalBytesMax: read(resumeVariables.totalBytesMax),
  }
}
