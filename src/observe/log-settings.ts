/** The log as a configuration wants it. */
import type { Config } from '../config/config.ts'
import { secretsOf } from '../config/secrets.ts'
import type { LogSettings } from './log.ts'
import { Redactor } from './redact.ts'

/** How a process logs: the parent is `worker` 0. */
export function logSettingsOf(
  config: Config,
  worker: number,
  redactor = new Redactor(secretsOf(config)),
): LogSettings {
  const { logLevel: level, logFormat: format, log } = config
  return { ...log, level, format, worker, redactor }
}
