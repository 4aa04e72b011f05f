/**
 * Makes the events of an answer with one choice, and keeps the promises that readers make: one
 * start before everything, blocks numbered as they begin and each ended once, a finish that fits
 * the tool calls, nothing after an error or the end.
 */
import type { GatewayError } from '../../core/errors.ts'
import type { HubEvent, HubUsage, Logprobs } from './events.ts'
import type { Citation, Native } from './request.ts'
import { unnamedTool } from './unnamed-tool.ts'

type Of<Type extends HubEvent['type']> = Extract<HubEvent, { readonly type: Type }>

/** What a provider says of an answer as a whole; everything that it leaves out stays unknown. */
export type StartDetails = Partial<Omit<Of<'start'>, 'type'>>

/** A finish as the provider said it, before the tool calls have had their say. */
export type FinishDetails = Pick<Of<'finish'>, 'reason' | 'native'> &
  Partial<Pick<Of<'finish'>, 'stopSequence' | 'details'>>

type Kind = 'text' | 'reasoning' | 'tool'

interface OpenBlock {
  readonly kind: Kind
  /** Null until something of it is said. */
  block: number | null
  /** The proof of a reasoning block, in the pieces in which it came. */
  readonly proof: { readonly kind: 'signature' | 'redacted'; readonly pieces: string[] } | null
}

/** Blocks that may be open at once. Real servers have a few; it bounds what a broken one costs. */
const openBlocksMax = 1_024

/** None of these providers gives more than one answer. */
const onlyChoice = { choice: 0 } as const

/** The events of one answer. Blocks go by a key of the caller's, such as the provider's index. */
export class AnswerEvents {
  /** An error or the end was said; whatever else is said is not heard. */
  over = false
  /** How many tool calls have begun. */
  toolCalls = 0
  readonly #signedBy: Native['dialect']
  readonly #open = new Map<string, OpenBlock>()
  #events: HubEvent[] = []
  #started = false
  #finished = false
  #blockCount = 0

  /** @param signedBy the dialect whose signatures these are. */
  constructor(signedBy: Native['dialect']) {
    this.#signedBy = signedBy
  }

  /** What was said since the last call. */
  drain(): readonly HubEvent[] {
    const events = this.#events
    this.#events = []
    return events
  }

  /** The start, once; without it an answer of which nothing is known begins with what it says. */
  start(details: StartDetails = {}): void {
    if (this.#started || this.over) return
    this.#started = true
    this.#events.push({
      type: 'start',
      id: '',
      model: '',
      createdS: null,
      serviceTier: null,
      fingerprint: null,
      ...details,
    })
  }

  /** Text of the block `key`. Empty text says nothing and begins nothing. */
  text(key: string, text: string, logprobs: Logprobs | null = null): void {
    if (text === '' && logprobs === null) return
    const block = this.#block(key, 'text')
    this.#push({ type: 'text-delta', ...onlyChoice, block, text, logprobs })
  }

  /** Thinking of the block `key`. */
  think(key: string, text: string): void {
    if (text === '') return
    const block = this.#block(key, 'reasoning')
    this.#push({ type: 'reasoning-delta', ...onlyChoice, block, text, summary: false })
  }

  /** A piece of the proof of a reasoning block; the whole is said when the block ends. */
  prove(key: string, kind: 'signature' | 'redacted', piece: string): void {
    if (piece === '') return
    const open = this.#enter(key, 'reasoning')
    const proof = open.proof?.kind === kind ? open.proof : { kind, pieces: [] }
    proof.pieces.push(piece)
    this.#open.set(key, { ...open, proof })
  }

  /** The begin of a tool call. One without a name ends the answer in an error. */
  tool(key: string, id: string, name: string): void {
    if (name === '') {
      this.fail(unnamedTool())
      return
    }
    this.close(key)
    const block = this.#block(key, 'tool')
    this.toolCalls += 1
    const call = { block, id, name, custom: false, signature: null }
    this.#push({ type: 'tool-start', ...onlyChoice, ...call })
  }

  /** A fragment of the arguments of a call that has begun; of any other it is lost. */
  arguments(key: string, fragment: string): void {
    const open = this.#open.get(key)
    if (open?.kind !== 'tool' || fragment === '') return
    this.#push({
      type: 'tool-delta',
      ...onlyChoice,
      block: this.#block(key, 'tool'),
      arguments: fragment,
    })
  }

  /** A source of the text in the block `key`. */
  cite(key: string, citation: Citation): void {
    const block = this.#block(key, 'text')
    this.#push({ type: 'citation', ...onlyChoice, block, citation })
  }

  /** Something that only the provider's own dialect understands. */
  raw(value: unknown): void {
    const native: Native = { dialect: this.#signedBy, value }
    this.#push({ type: 'raw', ...onlyChoice, native })
  }

  /** What was used so far. */
  usage(usage: HubUsage): void {
    this.#push({ type: 'usage', usage })
  }

  /** The block `key` is complete. */
  close(key: string): void {
    const open = this.#open.get(key)
    if (open === undefined) return
    this.#open.delete(key)
    const { proof } = open
    const block = this.#numbered(open)
    if (proof !== null) {
      const signature = joined(proof.pieces, proof.kind)
      const said = { block, kind: proof.kind, signature, signedBy: this.#signedBy, id: null }
      this.#push({ type: 'reasoning-signature', ...onlyChoice, ...said })
    }
    this.#push({ type: 'block-end', ...onlyChoice, block })
  }

  /** All blocks are complete. */
  closeAll(): void {
    for (const key of [...this.#open.keys()]) this.close(key)
  }

  /** The finish, after which only usage and the end may come. */
  finish({ reason, native, stopSequence = null, details = null }: FinishDetails): void {
    this.closeAll()
    // Some say "stop" after a call, and some "tool call" after none; what came is what counts.
    const called = this.toolCalls > 0
    const fitted =
      reason === 'stop' && called
        ? 'tool-calls'
        : reason === 'tool-calls' && !called
          ? 'stop'
          : reason
    const said = { reason: fitted, native, stopSequence, details }
    this.#push({ type: 'finish', ...onlyChoice, ...said })
  }

  /** The provider failed. Blocks stay open: nothing may look complete that is not. */
  fail(error: GatewayError): void {
    if (this.over) return
    this.over = true
    this.#events.push({ type: 'error', error })
  }

  /** The answer is complete. */
  end(): void {
    this.#push({ type: 'end' })
    this.over = true
  }

  /** The number of the open block `key`, which begins here where there is none of that kind. */
  #block(key: string, kind: Kind): number {
    return this.#numbered(this.#enter(key, kind))
  }

  #numbered(open: OpenBlock): number {
    open.block ??= this.#blockCount++
    return open.block
  }

  #enter(key: string, kind: Kind): OpenBlock {
    const known = this.#open.get(key)
    if (known?.kind === kind) return known
    this.close(key)
    if (this.#open.size >= openBlocksMax) this.#closeOldest()
    const made = { kind, block: null, proof: null }
    this.#open.set(key, made)
    return made
  }

  #closeOldest(): void {
    const [oldest] = this.#open.keys()
    if (oldest !== undefined) this.close(oldest)
  }

  #push(event: HubEvent): void {
    if (this.over) return
    const isContent = 'choice' in event
    // What comes after the reason cannot be part of an answer that has ended.
    if (this.#finished && isContent) return
    this.#finished ||= event.type === 'finish'
    this.start()
    this.#events.push(event)
  }
}

/** Pieces of base64 cannot simply follow each other; pieces of a signature's text can. */
function joined(pieces: readonly string[], kind: 'signature' | 'redacted'): string {
  if (kind === 'signature' || pieces.length === 1) return pieces.join('')
  return Buffer.concat(pieces.map((piece) => Buffer.from(piece, 'base64'))).toString('base64')
}
