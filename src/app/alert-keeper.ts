/**
 * Looks after the alert rules. Every worker counts for them; one of them looks, at the sums of all:
 * the one with the lowest number that is alive and stays. It takes the states along with every
 * question, so each worker has them, and whoever looks next goes on where the last one stopped.
 */
import type { AlertRule, AlertSettings } from '../config/alert-rules.ts'
import { type Board, lookedAt, silenced, withRules } from '../observe/alerts/board.ts'
import { Deliveries, type Delivery, type DeliveryView } from '../observe/alerts/delivery.ts'
import { type KeptCounts, RuleCounts, type RulePart } from '../observe/alerts/rule-counts.ts'
import type { Kept, WorkerIdentity } from './kept.ts'

const LOOK_TOPIC = 'alerts'
const TELL_TOPIC = 'alerts-told'
const SILENCE_TOPIC = 'alerts-silence'
const STATE_TOPIC = 'alerts-state'

/** Another worker looks as long as it was heard within so many looks. */
const LOOKS_MISSED = 2.5

/** How long a message that is on its way may hold up a worker that leaves. */
const RESIGN_MS = 2000

/** What all workers know. The one with the higher revision is the newer. */
interface Shared {
  readonly revision: number
  readonly board: Board
  readonly delivery: DeliveryView
}

/** The place of one worker: the lower goes first, and of two in one place the older. */
interface Seat {
  readonly worker: number
  readonly startedAt: number
}

interface Question {
  readonly from: Seat
  readonly shared: Shared
}

interface Told extends Question {
  readonly isLeaving: boolean
}

interface Answer extends Told {
  /** It looks no more, and still has a message on its way. */
  readonly isBusy: boolean
  readonly parts: Readonly<Record<string, RulePart>>
}

/** The rules in one worker. */
export class AlertKeeper {
  readonly #kept: Kept
  readonly #seat: Seat
  readonly #counts: RuleCounts
  readonly #deliveries: Deliveries
  #settings: AlertSettings
  #shared: Shared
  #timer: ReturnType<typeof setInterval> | null = null
  #heardOther = Number.NEGATIVE_INFINITY
  #isLeading = false
  #isLooking = false
  #resigning: Promise<void> | null = null

  constructor(kept: Kept, worker: WorkerIdentity, settings: AlertSettings) {
    this.#kept = kept
    this.#seat = { worker: worker.id, startedAt: Date.now() }
    this.#settings = settings
    const keyIdOf = (name: string): string =>
      kept.keys.ring.configured().find((key) => key.name === name)?.id ?? name
    this.#counts = new RuleCounts(keyIdOf)
    this.#deliveries = new Deliveries(settings.webhook, (delivery) => this.#moved(delivery))
    this.#shared = { revision: 0, board: [], delivery: this.#deliveries.view() }
    const { fleet, observer } = kept
    observer.onFinished((finished, _exchange, gaps) => {
      this.#counts.record(finished, gaps, Date.now())
    })
    fleet.answer(LOOK_TOPIC, (question) => this.#answer(question as Question))
    fleet.answer(TELL_TOPIC, (told) => {
      const { from, shared, isLeaving } = told as Told
      if (isLeaving && !isSame(from, this.#seat)) this.#heardOther = Number.NEGATIVE_INFINITY
      this.#adopt(shared)
    })
    fleet.answer(STATE_TOPIC, () => this.#shared)
    fleet.answer(SILENCE_TOPIC, (wish) => {
      const { rule, until } = wish as { rule: string; until: number | null }
      const board = silenced(this.#shared.board, rule, until)
      this.#shared = { ...this.#shared, board }
    })
    this.obey(settings)
    void this.#catchUp()
  }

  /** The rules with their states, and how messages fare, as far as this worker knows. */
  get shared(): Pick<Shared, 'board' | 'delivery'> {
    return this.#shared
  }

  get settings(): AlertSettings {
    return this.#settings
  }

  /** Goes by other settings from now on. Rules that stay the same keep what they have. */
  obey(settings: AlertSettings): void {
    const now = Date.now()
    this.#settings = settings
    this.#counts.obey(settings.rules, now)
    this.#deliveries.renew(settings.webhook)
    const board = withRules(this.#shared.board, settings.rules, now)
    this.#shared = { ...this.#shared, board }
    if (this.#timer !== null) clearInterval(this.#timer)
    if (this.#resigning !== null) return
    this.#timer = setInterval(() => void this.#look(), settings.everySeconds * 1000)
    this.#timer.unref()
  }

  /** The operator wants to hear nothing of a rule until then; null takes that back. */
  async silence(rule: string, until: number | null): Promise<void> {
    await this.#kept.fleet.ask(SILENCE_TOPIC, { rule, until })
  }

  /** Looks no more, and leaves what is known to the others. Safe to call twice. */
  resign(): Promise<void> {
    this.#resigning ??= this.#resign()
    return this.#resigning
  }

  bequeath(): Record<string, KeptCounts> {
    return this.#counts.kept(Date.now())
  }

  inherit(counts: Readonly<Record<string, KeptCounts>>): void {
    this.#counts.take(counts, Date.now())
  }

  async #resign(): Promise<void> {
    if (this.#timer !== null) clearInterval(this.#timer)
    if (this.#isLeading) await this.#giveUp()
  }

  /** Leaves all to whoever looks from now on. */
  async #giveUp(): Promise<void> {
    this.#isLeading = false
    await this.#deliveries.pause(RESIGN_MS)
    await this.#tell({ delivery: this.#deliveries.view() })
  }

  /** Learns what the others know: whoever does may be gone before it looks for the first time. */
  async #catchUp(): Promise<void> {
    const known = (await this.#kept.fleet.ask(STATE_TOPIC)) as readonly Shared[]
    for (const shared of known) this.#adopt(shared)
  }

  #answer({ from, shared }: Question): Answer {
    if (!isSame(from, this.#seat)) {
      if (precedes(from, this.#seat)) {
        this.#heardOther = Date.now()
        if (this.#isLeading) void this.#giveUp()
      }
      this.#adopt(shared)
    }
    return {
      from: this.#seat,
      shared: this.#shared,
      isLeaving: this.#resigning !== null,
      isBusy: !this.#isLeading && this.#deliveries.isRunning,
      parts: this.#parts(),
    }
  }

  #parts(): Record<string, RulePart> {
    const { pool, breakers, resilience } = this.#kept
    const now = Date.now()
    this.#counts.overflow(pool.getMetrics().overflow, now)
    const isOut = ({ state, override }: { state: string; override: string }): boolean =>
      override === 'auto' ? state === 'open' : override === 'open'
    const openBreakers = breakers.list().filter(isOut)
    const moment = {
      openBreakers: openBreakers.map(({ target }) => target),
      gates: resilience.slots.view(),
    }
    return this.#counts.parts(moment, now)
  }

  /** One turn of the timer. Never rejects. */
  async #look(): Promise<void> {
    const { everySeconds, rules } = this.#settings
    if (rules.length === 0 && this.#shared.board.length === 0) return
    const isOtherThere = Date.now() - this.#heardOther < LOOKS_MISSED * everySeconds * 1000
    if (this.#isLooking || isOtherThere) return
    this.#isLooking = true
    const question: Question = { from: this.#seat, shared: this.#shared }
    const answers = (await this.#kept.fleet.ask(LOOK_TOPIC, question)) as readonly Answer[]
    this.#isLooking = false
    if (this.#resigning === null && this.#mayLead(answers)) this.#lead(answers, rules)
  }

  #mayLead(answers: readonly Answer[]): boolean {
    const others = answers.filter(({ from }) => !isSame(from, this.#seat))
    return !others.some(
      (other) => other.isBusy || (!other.isLeaving && precedes(other.from, this.#seat)),
    )
  }

  #lead(answers: readonly Answer[], rules: readonly AlertRule[]): void {
    for (const { shared } of answers) this.#adopt(shared)
    if (!this.#isLeading) this.#deliveries.takeOver(this.#shared.delivery)
    this.#isLeading = true
    const parts = answers.map((answer) => answer.parts)
    const { board, messages } = lookedAt(this.#shared.board, rules, parts, Date.now())
    this.#shared = { ...this.#shared, revision: this.#shared.revision + 1, board }
    for (const { rule, notice } of messages) {
      const level = notice === 'firing' ? 'warn' : 'info'
      this.#kept.log.line(level, `alert ${notice}`, { rule })
    }
    this.#deliveries.send(messages)
  }

  /** The others are told before anything else happens, should this be the last that it does. */
  #moved(delivery: Delivery | null): void {
    void this.#tell({ delivery: this.#deliveries.view() })
    if (delivery === null || delivery.outcome === 'delivered') return
    const { rule, outcome, attempts, status, error } = delivery
    this.#kept.log.line('warn', 'alert not delivered', { rule, outcome, attempts, status, error })
  }

  async #tell(change: Partial<Shared>): Promise<void> {
    this.#shared = { ...this.#shared, ...change, revision: this.#shared.revision + 1 }
    const isLeaving = this.#resigning !== null
    const told: Told = { from: this.#seat, shared: this.#shared, isLeaving }
    await this.#kept.fleet.ask(TELL_TOPIC, told)
  }

  #adopt(shared: Shared): void {
    if (shared.revision <= this.#shared.revision) return
    const board = withRules(shared.board, this.#settings.rules, Date.now())
    this.#shared = { ...shared, board }
  }
}

const isSame = (a: Seat, b: Seat): boolean => a.worker === b.worker && a.startedAt === b.startedAt

const precedes = (a: Seat, b: Seat): boolean =>
  a.worker === b.worker ? a.startedAt < b.startedAt : a.worker < b.worker
