/** The log of the processes themselves, in the form that the requests' log has. */
import type { Config } from '../config/config.ts'
import { createLog, type Log } from '../observe/log.ts'
import { logSettingsOf } from '../observe/log-settings.ts'

/** The log of the parent (`worker` 0) or of one worker. */
export function processLog(config: Config, worker: number): Log {
  // The console writes at once, and costs nothing to load; its line feed takes the place of ours.
  const write = (line: string): void => console.log(line.trimEnd())
  return createLog(logSettingsOf(config, worker), write)
}

/**
 * What of an exception may be logged: its class, its code and where it was thrown. Not its message,
 * because a message can quote a key or a prompt.
 */
export function exceptionFields(thrown: unknown): Record<string, unknown> {
  if (!(thrown instanceof Error)) return { error: typeof thrown, code: null, stack: null }
  const frames = (thrown.stack ?? '').split('\n').filter((line) => /^\s+at /.test(line))
  const code = 'code' in thrown && typeof thrown.code === 'string' ? thrown.code : null
  const stack = frames.map((line) => line.trim().slice(3)).join(' < ')
  return { error: thrown.constructor.name, code, stack }
}
