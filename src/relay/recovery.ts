/** What becomes of a stream whose answer breaks in the middle, on routes that recover. */
import { abortReason } from '../core/abort.ts'
import { type GatewayError, toGatewayError } from '../core/errors.ts'
import { commentOf } from '../protocol/comment.ts'
import type { EventWriter } from '../protocol/translation.ts'
import type { Opened } from '../provider/call.ts'
import type { Recover, RelayContext, Rescue } from './context.ts'
import { Continuation, Diverged } from './continuation.ts'
import { Editor } from './editor.ts'
import { EventInspector } from './inspector.ts'
import type { Passage } from './passage.ts'
import type { Tail } from './tail.ts'
import { Transcript } from './transcript.ts'
import { Translator } from './translator.ts'
import { WatchedInspector } from './watched.ts'

/** An answer, and its way to the client. */
export interface Underway {
  readonly opened: Opened
  readonly passage: Passage
}

/** Who the answer is of, for the record. */
type AnsweredBy = Pick<RelayContext['exchange'], 'provider' | 'upstreamModel'>

/** The recovery of one stream; it may need several targets. */
export class Recovery {
  readonly #context: RelayContext
  readonly #recover: Recover
  readonly #bytesMax: number
  #transcript: Transcript
  /** Why the answer broke whose text the client has, until another one goes on with it. */
  #failure: GatewayError | null = null
  #answeredBy: AnsweredBy = { provider: null, upstreamModel: null }

  constructor(context: RelayContext, recover: Recover) {
    this.#context = context
    this.#recover = recover
    const { eventBytesMax, bufferedBytesMax } = context.settings
    this.#bytesMax = Math.min(eventBytesMax, bufferedBytesMax)
    this.#transcript = new Transcript(bufferedBytesMax, false)
  }

  /** What is kept in memory to recover with. */
  get heldBytes(): number {
    return this.#transcript.heldBytes + this.#recover.heldBytes
  }

  /** The passage of the first answer. */
  first(opened: Opened, tail: Tail): Passage {
    const { exchange, protocol, settings } = this.#context
    const { translated } = opened
    const holds = this.#holding(opened)
    this.#transcript = new Transcript(settings.bufferedBytesMax, translated === null)
    if (translated !== null) {
      const editor = new Editor(this.#transcript, holds)
      return new Translator(opened.protocol, protocol, translated, exchange, this.#bytesMax, {
        editor,
      })
    }
    const isUnderstood = opened.protocol === protocol && protocol.translation !== null
    if (isUnderstood) {
      const transcript = this.#transcript
      return new WatchedInspector(protocol, tail, exchange, this.#bytesMax, transcript, holds)
    }
    this.#transcript.spoil()
    return new EventInspector(opened.protocol, tail, exchange, this.#bytesMax)
  }

  /** Whether another answer would be asked for if this one broke now. */
  isPossible(failure: GatewayError, { opened, passage }: Underway): boolean {
    return passage.atBoundary && !passage.complete && this.#mayFollow(failure, opened)
  }

  /**
   * Another answer, joined to what the client has.
   * @throws GatewayError what the client is told where there is none.
   */
  async next(thrown: unknown, broken: Underway): Promise<Underway> {
    broken.opened.cancel()
    if (thrown instanceof Diverged) {
      this.#context.exchange.divergedAt = thrown.at
      // Saying it otherwise is no fault.
      broken.opened.leave?.(null)
      throw this.#giveUp(thrown.failure)
    }
    const failure = toGatewayError(thrown)
    if (!this.isPossible(broken.passage.held ?? failure, broken)) throw this.#giveUp(failure)
    const { exchange, abort } = this.#context
    if (this.#failure === null) {
      this.#failure = failure
      const { provider, upstreamModel } = exchange
      this.#answeredBy = { provider, upstreamModel }
    }
    // The same target may be asked to go on, and needs a place for that.
    broken.opened.leave?.(failure.code)
    const { text } = this.#transcript
    const rescue = await this.#recover.open(text, broken.opened.target).catch(() => null)
    if (abort.signal.aborted) {
      rescue?.opened.cancel()
      throw abortReason(abort.signal)
    }
    if (rescue === null) throw this.#giveUp(failure)
    const { opened } = rescue
    if (!opened.isEventStream || opened.protocol.translation === null) {
      opened.cancel()
      throw this.#giveUp(failure)
    }
    return { opened, passage: this.#join(rescue, broken.passage, this.#failure) }
  }

  /** A failure of the provider in the middle of its answer ends the stream. */
  #giveUp(failure: GatewayError): GatewayError {
    const { exchange } = this.#context
    const told = this.#failure ?? failure
    if (this.#failure !== null) Object.assign(exchange, this.#answeredBy)
    return told
  }

  #join({ opened, way, answer }: Rescue, before: Passage, failure: GatewayError): Passage {
    const { exchange, protocol } = this.#context
    const { text, openBlock, nextBlock } = this.#transcript
    // Anthropic refuses a prefill that ends in white space: it was asked without, and must say it.
    const demanded = way === 'prefill' ? text.slice(text.trimEnd().length) : text
    const continuation = new Continuation({ failure, demanded, openBlock, nextBlock })
    const comment = this.#comment(way, opened)
    const joined = (): void => {
      this.#failure = null
      exchange.recovery = way
    }
    const holds = this.#holding(opened)
    const editor = new Editor(this.#transcript, holds, { continuation, comment, joined })
    const writer = writerOf(before, answer)
    const edited = { editor, writer, before }
    return new Translator(opened.protocol, protocol, answer, exchange, this.#bytesMax, edited)
  }

  #comment(way: Rescue['way'], { target }: Opened): string {
    const { framing, protocol } = this.#context
    if (framing === 'json-array') return ''
    const name = [target.provider.name, target.model ?? ''].join('/')
    // A model's name can be the client's own text, and a line must not be ended by it.
    const printable = name.replace(/[^\x20-\x7e]/g, '?')
    return commentOf(protocol, `recovered by ${way} on ${printable}`)
  }

  #holding(opened: Opened): (error: GatewayError) => boolean {
    return (error) => this.#mayFollow(error, opened)
  }

  #mayFollow(failure: GatewayError, opened: Opened): boolean {
    return this.#transcript.isPlain && this.#recover.isPossible(failure, opened.target)
  }
}

/** Who goes on with the client's stream. */
function writerOf(before: Passage, answer: Rescue['answer']): EventWriter {
  if (before instanceof WatchedInspector) return before.writer(answer)
  if (before instanceof Translator) return before.writer
  throw new TypeError('Only streams that are understood are gone on with.')
}
