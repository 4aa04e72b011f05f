/** `sluice` without arguments: claims the address, starts the parent, and listens to signals. */
import type { Config } from '../config/config.ts'
import type { Loaded } from '../config/env.ts'
import { removeLimitsDirectory, removeStaleDirectories } from '../store/limits-directory.ts'
import { Parent } from './parent.ts'
import { AddressError, type Claim, claimPort } from './port.ts'
import { ownCommand, type WorkerProcess } from './worker-process.ts'

/** When the start is over, about. */
const STALE_AFTER_MS = 1000

/** What serving needs to know. */
export interface ServeOptions {
  readonly config: Config
  /** See `ParentOptions`. */
  readonly first: WorkerProcess
  readonly version: string
  /** Reads the configuration again for SIGHUP; tells what is wrong with it and gives null. */
  readonly reload: () => Promise<Config | null>
  /** See `ParentOptions`. */
  readonly reloadFile: () => Promise<Loaded>
}

/** Serves until a signal ends it. @returns the exit code. */
export async function serve(options: ServeOptions): Promise<number> {
  const claim = claimOrTell(options.config)
  if (claim === null) {
    options.first.kill()
    return 1
  }
  const parent = new Parent({
    config: { ...options.config, port: claim.port },
    first: options.first,
    command: ownCommand(),
    reload: options.reload,
    reloadFile: options.reloadFile,
    onListening: (url) => console.log(`sluice ${options.version} listening on ${url}`),
  })
  process.on('SIGTERM', () => void parent.shutDown())
  process.on('SIGINT', () => void parent.shutDown())
  process.on('SIGHUP', () => void parent.roll())
  process.on('SIGUSR2', () => parent.profile())
  // Nobody waits for it: it is looked for when the first worker has begun to start.
  setTimeout(removeStaleDirectories, STALE_AFTER_MS).unref()
  const code = await parent.run()
  removeLimitsDirectory(process.pid)
  claim.release()
  return code
}

function claimOrTell(config: Config): Claim | null {
  try {
    return claimPort(config.host, config.port)
  } catch (error) {
    if (!(error instanceof AddressError)) throw error
    console.error(`sluice: ${error.message}`)
    return null
  }
}
