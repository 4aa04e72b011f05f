/** Follows the configuration file: a change that is right is taken over, any other is refused. */
import { type Config, versionText } from '../config/config.ts'
import type { Loaded } from '../config/env.ts'
import type { Log } from '../observe/log.ts'
import { FileWatch } from './file-watch.ts'

/** What following needs of the parent. */
export interface FollowOptions {
  /** The environment of the last start or roll with the file as it is now. Never rejects. */
  readonly read: () => Promise<Loaded>
  /** What is obeyed now. */
  readonly current: () => Config
  /** Lets everyone obey `next`. @returns why somebody cannot, or null; then nobody does. */
  readonly adopt: (next: Config) => Promise<string | null>
  readonly log: () => Log
}

/** Follows one file at a time. */
export class FileFollower {
  readonly #options: FollowOptions
  #file: string | null = null
  #watch: FileWatch | null = null
  #isChecking = false
  #isCheckWanted = false

  constructor(options: FollowOptions) {
    this.#options = options
  }

  /** Follows `file` from now on, in place of any other; null follows none. */
  follow(file: string | null): void {
    if (file === this.#file) return
    this.close()
    this.#file = file
    if (file === null) return
    this.#watch = new FileWatch(file, () => void this.check())
    // It may have changed between the moment it was read and this one.
    void this.check()
  }

  close(): void {
    this.#watch?.close()
    this.#watch = null
    this.#file = null
  }

  /** Reads the file and takes it over. Calls meanwhile become one more: the last state counts. */
  async check(): Promise<void> {
    this.#isCheckWanted = true
    if (this.#isChecking) return
    this.#isChecking = true
    while (this.#isCheckWanted && this.#file !== null) {
      this.#isCheckWanted = false
      await this.#checkOnce()
    }
    this.#isChecking = false
  }

  async #checkOnce(): Promise<void> {
    const { read, current, adopt, log } = this.#options
    const loaded = await read()
    const refuse = (problem: string): void =>
      log().line('error', 'configuration refused, keeping the old', { problem })
    if (!loaded.ok) {
      for (const problem of loaded.problems) refuse(problem)
      return
    }
    const before = current()
    const { hash } = loaded.config.version
    if (hash === before.version.hash) {
      log().line('debug', 'configuration unchanged', { version: versionText(before.version) })
      return
    }
    const next = { ...loaded.config, version: { count: before.version.count + 1, hash } }
    const reason = await adopt(next)
    if (reason === null) {
      const { version, routes, providers } = next
      log().line('info', 'configuration reloaded', {
        version: versionText(version),
        routes: routes.length,
        providers: providers.length,
      })
    } else refuse(reason)
  }
}
