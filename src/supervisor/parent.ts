/** The parent: starts the workers, replaces those that crash, ends or renews them on a signal. */
import type { Config } from '../config/config.ts'
import type { Loaded } from '../config/env.ts'
import { delayMsMax } from '../config/kinds.ts'
import type { Log } from '../observe/log.ts'
import { Backoff } from './backoff.ts'
import { drainPhaseMs } from './drain.ts'
import { FileFollower } from './follow.ts'
import { processLog } from './log.ts'
import { Switchboard } from './switchboard.ts'
import { WorkerProcess } from './worker-process.ts'

/** What the parent is given. */
export interface ParentOptions {
  /** With the port that was claimed. */
  readonly config: Config
  /** A process that was started before the configuration was read, so that both take one time. */
  readonly first: WorkerProcess
  /** The command that starts a worker. */
  readonly command: readonly string[]
  /** Reads the configuration again, for workers that replace others; null if it is wrong now. */
  readonly reload: () => Promise<Config | null>
  /** The environment as it was read last, with the configuration file as it is now. */
  readonly reloadFile: () => Promise<Loaded>
  /** Called once, when the first worker listens. */
  readonly onListening: (url: string) => void
}

/** The place of one worker. Over time several processes may have it. */
interface Slot {
  readonly id: number
  readonly backoff: Backoff
  worker: WorkerProcess
}

/** How much longer than its grace time a worker may take before it is killed. */
const lateMs = 5000

/** How long a worker may take when it is told to leave at once. */
const stopMs = 3000

/** Looks after the workers from start to end. */
export class Parent {
  readonly #options: ParentOptions
  readonly #slots: readonly Slot[]
  /** Every process that is not gone yet, those that drain after a roll included. */
  readonly #alive = new Set<WorkerProcess>()
  readonly #switchboard = new Switchboard()
  /** Those that have left what they counted to others, and leave. */
  readonly #bequeathed = new WeakSet<WorkerProcess>()
  readonly #finished = Promise.withResolvers<number>()
  readonly #stopping = Promise.withResolvers<void>()
  readonly #follower: FileFollower
  #config: Config
  #log: Log
  #first: WorkerProcess | null
  #hasListened = false
  #phase: 'running' | 'draining' | 'stopping' = 'running'
  #isRolling = false
  #isRollWanted = false

  constructor(options: ParentOptions) {
    this.#first = options.first
    this.#options = options
    this.#config = options.config
    this.#log = processLog(options.config, 0)
    this.#follower = new FileFollower({
      read: options.reloadFile,
      current: () => this.#config,
      adopt: (next) => this.#adoptFile(next),
      log: () => this.#log,
    })
    this.#slots = Array.from({ length: options.config.workers }, (_, index) => ({
      id: index + 1,
      backoff: new Backoff(),
      worker: this.#spawn(index + 1),
    }))
  }

  /** Runs until everything has ended. @returns the exit code: 1 where no worker could start. */
  async run(): Promise<number> {
    for (const slot of this.#slots) void this.#keep(slot)
    this.#follower.follow(this.#config.configFile)
    return await this.#finished.promise
  }

  /** First call: lets all workers finish what is under way. Second call: ends it. */
  async shutDown(): Promise<void> {
    if (this.#phase === 'running') {
      this.#phase = 'draining'
      this.#stopping.resolve()
      this.#follower.close()
      this.#log.line('info', 'draining', { grace_ms: this.#config.shutdownGraceMs })
      for (const worker of this.#alive) worker.drain(false)
      await this.#allGone(this.#config.shutdownGraceMs + drainPhaseMs + lateMs)
    } else if (this.#phase === 'draining') {
      this.#phase = 'stopping'
      for (const worker of this.#alive) worker.stop()
      await this.#allGone(stopMs)
    }
    this.#finished.resolve(0)
  }

  /** Replaces all workers, one after another, so that some always serve. */
  async roll(): Promise<void> {
    // A call during a roll is not lost: when that is through, another begins.
    this.#isRollWanted = true
    if (this.#isRolling) return
    this.#isRolling = true
    while (this.#isRollWanted && this.#phase === 'running') {
      this.#isRollWanted = false
      await this.#rollOnce()
    }
    this.#isRolling = false
  }

  /** Lets every worker write what it does and what it holds, those that still drain included. */
  profile(): void {
    for (const worker of this.#alive) worker.profile()
  }

  async #rollOnce(): Promise<void> {
    const next = await this.#options.reload()
    if (next === null) return
    this.#adopt(next)
    for (const slot of this.#slots) {
      const replacement = this.#spawn(slot.id)
      const url = await replacement.started
      if (this.#phase !== 'running') return
      if (url === null) {
        const { reason } = await replacement.exited
        this.#log.line('error', 'new worker cannot start, keeping the old', {
          worker: slot.id,
          reason,
        })
        return
      }
      const old = slot.worker
      slot.worker = replacement
      this.#log.line('info', 'worker replaced', { worker: slot.id, pid: replacement.pid })
      void this.#retire(old)
      // The next new worker must not listen before this old one has closed; see handover.ts.
      await Promise.race([old.closed, this.#stopping.promise])
      if (this.#phase !== 'running') return
    }
  }

  /** Takes over a configuration, apart from what only a new parent could change. */
  #adopt(next: Config): void {
    const { host, port, workers } = this.#options.config
    const portChanged = next.port !== 0 && next.port !== port
    if (next.host !== host || portChanged || next.workers !== workers) {
      this.#log.line('warn', 'HOST, PORT and WORKERS change with a restart only')
    }
    const version = { count: this.#config.version.count + 1, hash: next.version.hash }
    this.#config = { ...next, host, port, workers, version }
    this.#log = processLog(next, 0)
    this.#follower.follow(next.configFile)
  }

  /**
   * Lets every worker obey what the file says now. They are all the same program with the same
   * environment, so either all can or none; what is left of a refusal is taken back all the same.
   */
  async #adoptFile(next: Config): Promise<string | null> {
    const before = this.#config
    const { host, port, workers } = before
    // Workers that start from now on get it from the beginning.
    const config = { ...next, host, port, workers }
    this.#config = config
    const asked = [...this.#alive].map(async (worker) => ({
      worker,
      refusal: await worker.reload(config),
    }))
    const answers = await Promise.all(asked)
    const refused = answers.find(({ refusal }) => refusal !== null)
    if (refused === undefined) {
      // Its secrets may be others.
      this.#log = processLog(config, 0)
      return null
    }
    if (this.#config === config) this.#config = before
    const willing = answers.filter(({ refusal }) => refusal === null)
    await Promise.all(willing.map(({ worker }) => worker.reload(this.#config)))
    return refused.refusal
  }

  async #retire(worker: WorkerProcess): Promise<void> {
    worker.drain(true)
    const graceMs = this.#config.shutdownGraceMs + drainPhaseMs + lateMs
    const timer = setTimeout(() => worker.kill(), Math.min(graceMs, delayMsMax))
    await worker.exited
    clearTimeout(timer)
  }

  #spawn(id: number): WorkerProcess {
    const identity = { id, total: this.#options.config.workers }
    const worker = this.#first ?? new WorkerProcess(this.#options.command)
    this.#first = null
    worker.start(this.#config, identity)
    this.#alive.add(worker)
    this.#connect(id, worker)
    void worker.exited.then(() => {
      this.#alive.delete(worker)
      this.#switchboard.forget(worker)
    })
    void worker.started.then((url) => {
      if (url === null || this.#hasListened) return
      this.#hasListened = true
      this.#options.onListening(url)
    })
    return worker
  }

  /** Lets it speak with the others, and with whoever has its place after it. */
  #connect(id: number, worker: WorkerProcess): void {
    const others = () => [...this.#alive].filter((other) => other !== worker)
    worker.onNews = (news) => {
      for (const other of others()) other.tell(news)
    }
    worker.onAsk = (count, topic, detail) =>
      this.#switchboard.pass(
        worker,
        count,
        { topic, detail },
        [...this.#alive].filter((each) => !this.#bequeathed.has(each)),
      )
    worker.onAnswer = (count, values) => this.#switchboard.take(worker, count, values)
    worker.onBequest = (value) => {
      const successor = this.#slots.find((slot) => slot.id === id)?.worker
      // From here on the successor answers for both; what was asked before, each for itself.
      this.#bequeathed.add(worker)
      if (successor !== worker) successor?.inherit(value)
      worker.release()
    }
  }

  /** Keeps one place filled for as long as the program runs. */
  async #keep(slot: Slot): Promise<void> {
    while (this.#phase === 'running') {
      const { worker } = slot
      const exit = await worker.exited
      if (slot.worker !== worker) continue
      if (this.#phase !== 'running') return
      if (!this.#hasListened) {
        this.#giveUp(exit.reason)
        return
      }
      const delayMs = slot.backoff.afterCrash(exit.servedMs)
      const fields = { worker: slot.id, pid: worker.pid, reason: exit.reason, delay_ms: delayMs }
      this.#log.line('error', 'worker ended, starting another', fields)
      await this.#pause(delayMs)
      // In the meantime a roll may have filled the place, or the program may have been told to end.
      if (slot.worker === worker && this.#phase === 'running') slot.worker = this.#spawn(slot.id)
    }
  }

  /** Ends the program because no worker ever listened. */
  #giveUp(reason: string): void {
    if (this.#phase === 'stopping') return
    this.#phase = 'stopping'
    this.#follower.close()
    console.error(`sluice: cannot start: ${reason}`)
    for (const worker of this.#alive) worker.kill()
    void this.#allGone(stopMs).then(() => this.#finished.resolve(1))
  }

  /** Waits, unless the program ends first. */
  async #pause(delayMs: number): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>()
    const timer = setTimeout(resolve, delayMs)
    await Promise.race([promise, this.#stopping.promise])
    clearTimeout(timer)
  }

  /** Waits until no worker is left, and kills those that are after `limitMs`. */
  async #allGone(limitMs: number): Promise<void> {
    const kill = () => {
      for (const worker of this.#alive) worker.kill()
    }
    const timer = setTimeout(kill, Math.min(limitMs, delayMsMax))
    await Promise.all([...this.#alive].map((worker) => worker.exited))
    clearTimeout(timer)
  }
}
