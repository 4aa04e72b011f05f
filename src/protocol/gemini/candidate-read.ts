/** Reads the parts of one candidate into the blocks of one choice. */
import { GatewayError } from '../../core/errors.ts'
import { isObject, type JsonObject, textAt } from '../../core/json.ts'
import { maskSecrets } from '../../core/secrets.ts'
import type { HubEvent, Logprobs } from '../hub/events.ts'
import { citationKey, readCitations } from './citations.ts'
import { camelAt, objectsAt, wordAt } from './fields.ts'
import { hubReason, isFailedCall } from './finish.ts'
import { callId } from './ids.ts'
import { readLogprobs } from './logprobs.ts'
import { PartialArguments } from './partial-args.ts'
import { type GeminiRaw, rawValue } from './raw.ts'
import { readCallSignature, unsealSignature } from './signature.ts'

/** Sources that are remembered so that a repetition is known; beyond it they are said again. */
const citationsMax = 1_000
const messageCharsMax = 4_096

/** Fields of a candidate that mean something to Gemini alone, beside its content and finish. */
const nativeFields = ['citationMetadata', 'groundingMetadata', 'urlContextMetadata'] as const

/** The call whose arguments are still coming. */
interface OpenCall {
  readonly block: number
  readonly arguments: PartialArguments
}

/** The reader of one candidate. */
export class CandidateReader {
  readonly #choice: number
  readonly #answerId: string
  readonly #emit: (event: HubEvent) => void
  readonly #citations = new Set<string>()
  #blocks = 0
  #calls = 0
  #spoke = false
  #open: { readonly kind: 'text' | 'reasoning'; readonly block: number } | null = null
  #call: OpenCall | null = null
  #reason: string | null = null
  #details: JsonObject = {}

  /** @param emit takes the events in the order in which they happened. */
  constructor(choice: number, answerId: string, emit: (event: HubEvent) => void) {
    this.#choice = choice
    this.#answerId = answerId
    this.#emit = emit
  }

  /** A tool was called without a name. */
  hasUnnamedCall = false

  /** A finish reason was seen. */
  get finished(): boolean {
    return this.#reason !== null
  }

  /** It ended in a tool call that went wrong, and nothing else was said. */
  get failedCall(): boolean {
    return !this.#spoke && this.#reason !== null && isFailedCall(this.#reason)
  }

  /** Reads what one chunk says of the candidate; the keys are in camel case. */
  read(candidate: JsonObject): void {
    const logprobs = readLogprobs(candidate)
    const content = camelAt(candidate, 'content')
    let rest = logprobs
    for (const part of content === null ? [] : objectsAt(content, 'parts')) {
      if (this.#readPart(part, rest)) rest = null
    }
    this.#readSources(candidate)
    const reason = wordAt(candidate, 'finishReason')
    if (reason === null) return
    this.#reason = reason
    const { finishMessage, safetyRatings } = candidate
    if (finishMessage !== undefined) this.#details = { ...this.#details, finishMessage }
    if (safetyRatings !== undefined) this.#details = { ...this.#details, safetyRatings }
  }

  /** The blocks that are still open have ended. */
  close(): void {
    this.#closeCall()
    this.#closeBlock()
  }

  /** Says why the candidate ended. */
  finish(): void {
    const native = this.#reason ?? 'OTHER'
    this.#emit({
      type: 'finish',
      choice: this.#choice,
      reason: hubReason(native, this.#calls > 0),
      native,
      stopSequence: null,
      // Also where there are none: they tell a writer of this dialect whose word the reason is.
      details: { dialect: 'gemini', value: this.#details },
    })
  }

  /** The error that a tool call which went wrong amounts to. */
  failure(): GatewayError {
    const said = textAt(this.#details, 'finishMessage')
    return new GatewayError('upstream_error', {
      message: maskSecrets(said ?? 'The model called a tool in a way that cannot be read.').slice(
        0,
        messageCharsMax,
      ),
      providerCode: this.#reason,
      status: 502,
    })
  }

  /** True where the part was text, which the log probabilities of the chunk belong to. */
  #readPart(part: JsonObject, logprobs: Logprobs | null): boolean {
    const call = camelAt(part, 'functionCall')
    if (call !== null) {
      this.#readCall(call, wordAt(part, 'thoughtSignature'))
      return false
    }
    const text = textAt(part, 'text')
    if (text === null) {
      if (Object.keys(part).length > 0) this.#raw({ part })
      return false
    }
    const isThought = part.thought === true
    if (text !== '') {
      const block = this.#blockOf(isThought ? 'reasoning' : 'text')
      this.#spoke = true
      this.#emit(
        isThought
          ? { type: 'reasoning-delta', choice: this.#choice, block, text, summary: true }
          : { type: 'text-delta', choice: this.#choice, block, text, logprobs },
      )
    }
    this.#readSignature(wordAt(part, 'thoughtSignature'), isThought)
    return text !== '' && !isThought
  }

  /**
   * The signature of a thought ends its block. That of a text gets a block without text beside it,
   * which every dialect can keep, and the text goes on.
   */
  #readSignature(signature: string | null, isThought: boolean): void {
    if (signature === null) return
    const isOfOpen = isThought && this.#open?.kind === 'reasoning'
    const block = isOfOpen ? this.#blockOf('reasoning') : this.#nextBlock()
    const sealed = unsealSignature(signature)
    this.#emit({
      type: 'reasoning-signature',
      choice: this.#choice,
      block,
      kind: sealed?.kind === 'redacted' ? 'redacted' : 'signature',
      signature: sealed?.signature ?? signature,
      signedBy: sealed?.signedBy ?? 'gemini',
      id: sealed?.id ?? null,
    })
    if (isOfOpen) this.#closeBlock()
    else this.#emit({ type: 'block-end', choice: this.#choice, block })
  }

  #readCall(call: JsonObject, signature: string | null): void {
    const name = wordAt(call, 'name')
    if (name !== null) this.#startCall(name, wordAt(call, 'id'), signature)
    const open = this.#call
    if (open === null) {
      this.hasUnnamedCall ||= saysCall(call)
      return
    }
    if (isObject(call.args)) open.arguments.merge(call.args)
    open.arguments.add(objectsAt(call, 'partialArgs'))
    // The terminator is `{}`; a call that comes whole does not say that it goes on.
    if (call.willContinue !== true) this.#closeCall()
  }

  #startCall(name: string, id: string | null, signature: string | null): void {
    this.#closeCall()
    this.#closeBlock()
    const block = this.#nextBlock()
    this.#call = { block, arguments: new PartialArguments() }
    this.#emit({
      type: 'tool-start',
      choice: this.#choice,
      block,
      id: id ?? callId(this.#answerId, this.#choice, this.#calls, name),
      name,
      custom: false,
      signature: signature === null ? null : readCallSignature(signature),
    })
    this.#calls += 1
    this.#spoke = true
  }

  #closeCall(): void {
    const call = this.#call
    if (call === null) return
    this.#call = null
    const { block } = call
    const text = call.arguments.toText()
    this.#emit({ type: 'tool-delta', choice: this.#choice, block, arguments: text })
    this.#emit({ type: 'block-end', choice: this.#choice, block })
  }

  #readSources(candidate: JsonObject): void {
    const native: Record<string, unknown> = {}
    for (const field of nativeFields) {
      const value = candidate[field]
      if (isObject(value) && Object.keys(value).length > 0) native[field] = value
    }
    if (Object.keys(native).length === 0) return
    if (this.#open?.kind === 'text') {
      const { block } = this.#open
      for (const citation of readCitations(candidate)) {
        const key = citationKey(citation)
        if (this.#citations.has(key)) continue
        if (this.#citations.size < citationsMax) this.#citations.add(key)
        this.#emit({ type: 'citation', choice: this.#choice, block, citation })
      }
    }
    this.#raw({ candidate: native })
  }

  #raw(raw: GeminiRaw): void {
    if ('part' in raw) this.#spoke = true
    this.#emit({ type: 'raw', choice: this.#choice, native: rawValue(raw) })
  }

  /** The open block of this kind, which is begun where another one is open. */
  #blockOf(kind: 'text' | 'reasoning'): number {
    this.#closeCall()
    if (this.#open?.kind === kind) return this.#open.block
    this.#closeBlock()
    const block = this.#nextBlock()
    this.#open = { kind, block }
    return block
  }

  #nextBlock(): number {
    const block = this.#blocks
    this.#blocks += 1
    return block
  }

  #closeBlock(): void {
    if (this.#open === null) return
    this.#emit({ type: 'block-end', choice: this.#choice, block: this.#open.block })
    this.#open = null
  }
}

/** Whether a call without a name is one: `{}` only ends another, which may have ended already. */
function saysCall(call: JsonObject): boolean {
  const hasArguments = isObject(call.args) && Object.keys(call.args).length > 0
  return hasArguments || wordAt(call, 'id') !== null || objectsAt(call, 'partialArgs').length > 0
}
