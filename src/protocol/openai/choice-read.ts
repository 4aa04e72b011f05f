/** One choice of a stream of chunks: which block is open, and what ends it. */
import type { JsonObject } from '../../core/json.ts'
import type { HubEvent, Logprobs } from '../hub/events.ts'
import type { Citation, Native } from '../hub/request.ts'
import type { ProtocolName } from '../names.ts'
import { readFinish } from './finish.ts'
import { type CallHost, ToolCallsRead } from './tool-calls-read.ts'

type TextKind = 'text' | 'reasoning' | 'refusal'

interface OpenBlock {
  readonly kind: TextKind
  readonly block: number
  /** Which of several blocks of reasoning it is, in the provider's own counting. */
  group: string | null
  /** A block has one signature; another one needs a block of its own. */
  signed: boolean
}

/** What a choice needs of its stream. */
export interface ChoiceHost {
  readonly dialect: ProtocolName
  /** Something to make ids from that is not the same in every answer. */
  readonly answerId: string
  madeId(answerId: string, choice: number, ordinal: number): string
  emit(event: HubEvent): void
}

/** A signature or an encrypted piece of reasoning. */
export interface ReasoningProof {
  readonly kind: 'signature' | 'redacted'
  readonly signature: string
  readonly signedBy: ProtocolName
  readonly id: string | null
  readonly group: string | null
}

/** The reader of one choice. Says nothing more once it has finished. */
export class ChoiceRead implements CallHost {
  readonly choice: number
  readonly #host: ChoiceHost
  readonly #calls: ToolCallsRead
  #blocks = 0
  #open: OpenBlock | null = null
  finished = false

  constructor(choice: number, host: ChoiceHost) {
    this.choice = choice
    this.#host = host
    this.#calls = new ToolCallsRead(this)
  }

  emit(event: HubEvent): void {
    this.#host.emit(event)
  }

  text(text: string, logprobs: Logprobs | null): void {
    if (text === '' && logprobs === null) return
    const { block } = this.#continue('text')
    this.emit({ type: 'text-delta', choice: this.choice, block, text, logprobs })
  }

  refusal(text: string, logprobs: Logprobs | null): void {
    if (text === '' && logprobs === null) return
    const { block } = this.#continue('refusal')
    const scored = logprobs === null ? {} : { logprobs }
    this.emit({ type: 'refusal', choice: this.choice, block, text, ...scored })
  }

  reasoning(text: string, summary: boolean, group: string | null): void {
    if (text === '') return
    const { block } = this.#continue('reasoning', group)
    this.emit({ type: 'reasoning-delta', choice: this.choice, block, text, summary })
  }

  proof({ kind, signature, signedBy, id, group }: ReasoningProof): void {
    const open = this.#continue('reasoning', group, true)
    open.signed = true
    const { choice } = this
    const { block } = open
    this.emit({ type: 'reasoning-signature', choice, block, kind, signature, signedBy, id })
  }

  citation(citation: Citation): void {
    const { block } = this.#continue('text')
    this.emit({ type: 'citation', choice: this.choice, block, citation })
  }

  /** An entry of `tool_calls`. */
  toolCall(entry: JsonObject, position: number | null, signature: string | null): void {
    if (!this.#calls.take(entry, position, signature)) this.raw({ delta: { tool_calls: [entry] } })
  }

  /** It is about to finish, and one of its calls has no name. */
  get hasUnnamedCall(): boolean {
    return !this.finished && this.#calls.unnamed
  }

  raw(value: Native['value']): void {
    this.emit({ type: 'raw', choice: this.choice, native: { dialect: this.#host.dialect, value } })
  }

  /**
   * The choice is complete.
   * @param word the provider's reason, or null where it gave none and only ended the stream.
   */
  finish(word: string | null, stopSequence: string | null, details: JsonObject | null): void {
    if (this.finished) return
    this.#endText()
    this.#calls.endAll()
    this.finished = true
    this.emit({
      type: 'finish',
      choice: this.choice,
      reason: this.#reason(word, stopSequence),
      native: word,
      stopSequence,
      details: details === null ? null : { dialect: this.#host.dialect, value: details },
    })
  }

  beginBlock(): number {
    this.#endText()
    this.#blocks += 1
    return this.#blocks - 1
  }

  madeId(ordinal: number): string {
    return this.#host.madeId(this.#host.answerId, this.choice, ordinal)
  }

  /** What the answer holds decides, where it and the provider's word differ (reference, 12.1). */
  #reason(word: string | null, stopSequence: string | null) {
    const reason = word === null ? 'stop' : readFinish(word)
    if (this.#calls.any) return reason === 'stop' ? 'tool-calls' : reason
    if (reason === 'tool-calls') return 'stop'
    return reason === 'stop' && stopSequence !== null ? 'stop-sequence' : reason
  }

  #continue(kind: TextKind, group: string | null = null, signs = false): OpenBlock {
    const open = this.#open
    if (open !== null && open.kind === kind && !(signs && open.signed)) {
      const sameGroup = group === null || open.group === null || open.group === group
      // What follows a signature is not what was signed.
      if (sameGroup && !(kind === 'reasoning' && open.signed)) {
        open.group ??= group
        return open
      }
    }
    this.#calls.endComplete()
    const begun = { kind, block: this.beginBlock(), group, signed: false }
    this.#open = begun
    return begun
  }

  #endText(): void {
    if (this.#open === null) return
    this.emit({ type: 'block-end', choice: this.choice, block: this.#open.block })
    this.#open = null
  }
}
