/**
 * The way to another answer when one breaks in the middle, for routes with `midstream: recover`:
 * which target is asked next, and whether to go on or to begin again.
 */
import type { GatewayError } from '../core/errors.ts'
import type { AnswerContext } from '../protocol/translation.ts'
import {
  type Call,
  type Intent,
  type Opened,
  type RequestBody,
  type Target,
  targetKey,
} from '../provider/call.ts'
import type { Recover, Rescue } from '../relay/context.ts'
import type { Ask } from '../resilience/ask.ts'
import { verdictOn } from '../resilience/verdict.ts'
import { answerContext, readHubRequest } from '../upstream/outgoing.ts'

/** What the gateway has of a request at that point. */
export interface Rescuable {
  readonly call: Call
  readonly intent: Intent
  /** What the first answer was asked with. */
  readonly ask: Ask
  /** Asks for an answer, behind `prefill` where that is not null. */
  attempt(ask: Ask, prefill: string | null): Promise<Opened>
}

/** An answer that was found. */
type Another = Pick<Rescue, 'opened' | 'way'>

/** The recovery of a request; null where its failures in the middle are told as errors. */
export function recoverOf(rescuable: Rescuable): Recover | null {
  const { ask, call, intent } = rescuable
  const isWanted = ask.plan.route?.midstream === 'recover' && intent.stream && ask.replayable
  const isAnswer = call.protocol.translation !== null && call.aside === undefined
  const { body } = intent
  return isWanted && isAnswer && body !== null ? new Rescuer(rescuable, body) : null
}

/**
 * Every target of the plan is asked at most once, and none that has failed in this request; so
 * there are at most as many recoveries as targets. Only a target that can go on with its own text
 * is asked once more, where no other one is left.
 */
class Rescuer implements Recover {
  readonly #rescuable: Rescuable
  readonly #body: RequestBody
  /** Those that were asked for another answer; the log of a request keeps only its beginning. */
  readonly #asked = new Set<string>()
  #wentOnItself = false

  constructor(rescuable: Rescuable, body: RequestBody) {
    this.#rescuable = rescuable
    this.#body = body
  }

  /** The body is kept until the answer is over. */
  get heldBytes(): number {
    return this.#body.bytes?.byteLength ?? 0
  }

  isPossible(failure: GatewayError, failed: Target): boolean {
    const { action } = verdictOn(failure)
    if (action === 'stop' || action === 'longer') return false
    return this.#fresh(failed).length > 0 || this.#canGoOnItself(failed)
  }

  async open(text: string, failed: Target): Promise<Rescue | null> {
    const { call, ask } = this.#rescuable
    const { id, startedAt } = ask.exchange
    const request = await readHubRequest(this.#body, call)
    const answer = answerContext(request, call, id, startedAt)
    if (!isPlain(answer)) return null
    const fresh = this.#fresh(failed)
    const hasPrefill = text.trimEnd() !== ''
    const goingOn = fresh.filter(({ traits }) => traits.prefill && hasPrefill)
    const others = fresh.filter((target) => !goingOn.includes(target))
    const opened =
      (await this.#ask(goingOn, text)) ??
      (await this.#ask(others, null)) ??
      (await this.#askItself(failed, hasPrefill ? text : null))
    return opened === null ? null : { ...opened, answer }
  }

  async #ask(targets: readonly Target[], text: string | null): Promise<Another | null> {
    const [first, ...rest] = targets
    const { ask, attempt } = this.#rescuable
    const { exchange, signal, plan } = ask
    if (first === undefined || signal.aborted) return null
    // What was measured before the response opened is about the first answer.
    const { upstreamWaitMs } = exchange
    try {
      const opened = await attempt(
        { ...ask, plan: { ...plan, targets: [first, ...rest] }, kind: 'recovery' },
        text?.trimEnd() ?? null,
      )
      this.#asked.add(targetKey(opened.target))
      return { opened, way: text === null ? 'restart' : 'prefill' }
    } catch {
      for (const target of targets) this.#asked.add(targetKey(target))
      return null
    } finally {
      exchange.upstreamWaitMs = upstreamWaitMs
    }
  }

  #askItself(failed: Target, text: string | null): Promise<Another | null> {
    if (text === null || !this.#canGoOnItself(failed)) return Promise.resolve(null)
    this.#wentOnItself = true
    return this.#ask([failed], text)
  }

  #canGoOnItself({ traits }: Target): boolean {
    return traits.prefill && !this.#wentOnItself
  }

  #fresh(failed: Target): readonly Target[] {
    const { plan, exchange } = this.#rescuable.ask
    const tried = new Set([targetKey(failed), ...this.#asked])
    for (const { target, outcome } of exchange.attemptLog) {
      if (outcome !== 'outrun') tried.add(target)
    }
    return plan.targets.filter((target) => !tried.has(targetKey(target)))
  }
}

/** Whether the client asked for one text and nothing that is counted along with it. */
function isPlain({ request }: AnswerContext): boolean {
  const hasScores = request.logprobs === true || (request.topLogprobs ?? 0) > 0
  return (request.choices ?? 1) === 1 && !hasScores
}
