/**
 * Joins another answer to what the client was told of the one that broke: what was told must come
 * again, byte for byte, and only what follows it goes on.
 */
import type { GatewayError } from '../core/errors.ts'
import type { HubEvent, HubUsage } from '../protocol/hub/events.ts'

type Of<Type extends HubEvent['type']> = Extract<HubEvent, { readonly type: Type }>

/** Why two answers could not be joined. The client is told the failure that made it necessary. */
export class Diverged extends Error {
  readonly failure: GatewayError
  /** How many characters of what was told had come again. */
  readonly at: number

  constructor(failure: GatewayError, at: number) {
    super('Another answer differs from what the client was told.')
    this.name = 'Diverged'
    this.failure = failure
    this.at = at
  }
}

/** Where the first answer broke. */
export interface Break {
  readonly failure: GatewayError
  /** What the other answer must begin with. */
  readonly demanded: string
  /** The block of text that goes on, or null where it had ended. */
  readonly openBlock: number | null
  /** The first number that other blocks may have. */
  readonly nextBlock: number
}

/** Of the answer that broke nothing is counted; of this one nothing is known yet. */
const unreported: HubUsage = {
  inputTokens: null,
  outputTokens: null,
  cachedInputTokens: null,
  cacheWriteInputTokens: null,
  reasoningTokens: null,
  native: null,
}

/** The joint of two answers. */
export class Continuation {
  readonly #failure: GatewayError
  readonly #demanded: string
  #at = 0
  #openBlock: number | null
  #nextBlock: number
  #began = false
  /** The numbers that the blocks of the other answer have in the client's stream. */
  readonly #blocks = new Map<number, number>()

  constructor({ failure, demanded, openBlock, nextBlock }: Break) {
    this.#failure = failure
    this.#demanded = demanded
    this.#openBlock = openBlock
    this.#nextBlock = nextBlock
  }

  /** All that was demanded has come. */
  get isJoined(): boolean {
    return this.#at === this.#demanded.length
  }

  /**
   * What of `events` goes on with the stream. Its start is left out, for the stream has one, and so
   * is what only the provider's own dialect understands, which is numbered by another beginning.
   * @throws Diverged where the other answer does not begin as demanded.
   */
  take(events: readonly HubEvent[]): readonly HubEvent[] {
    const said: HubEvent[] = []
    if (!this.#began) {
      this.#began = true
      said.push({ type: 'usage', usage: unreported })
    }
    for (const event of events) {
      if (event.type === 'usage' || event.type === 'error') said.push(event)
      else if (event.type === 'start' || event.type === 'raw') continue
      else if (event.type !== 'end' && event.choice !== 0) continue
      else if (this.isJoined) this.#goOn(event, said)
      else this.#compare(event, said)
    }
    return said
  }

  #compare(event: Exclude<HubEvent, Of<'start' | 'raw' | 'usage' | 'error'>>, said: HubEvent[]) {
    switch (event.type) {
      case 'text-delta': {
        const { text } = event
        const count = Math.min(text.length, this.#demanded.length - this.#at)
        const expected = this.#demanded.slice(this.#at, this.#at + count)
        if (expected !== text.slice(0, count)) throw this.#diverged(expected, text)
        this.#at += count
        if (count < text.length) this.#goOn({ ...event, text: text.slice(count) }, said)
        return
      }
      // What a model thinks before it says the same again was not told, and is not told now.
      case 'reasoning-delta':
      case 'reasoning-signature':
      case 'block-end':
        return
      default:
        throw new Diverged(this.#failure, this.#at)
    }
  }

  #diverged(expected: string, text: string): Diverged {
    let same = 0
    while (same < expected.length && expected[same] === text[same]) same += 1
    return new Diverged(this.#failure, this.#at + same)
  }

  #goOn(event: Exclude<HubEvent, Of<'start' | 'raw' | 'usage' | 'error'>>, said: HubEvent[]): void {
    switch (event.type) {
      case 'text-delta':
        if (event.text !== '') said.push({ ...event, block: this.#textBlock(event.block) })
        return
      case 'block-end': {
        const block = this.#blocks.get(event.block)
        if (block !== undefined) said.push({ ...event, block })
        this.#blocks.delete(event.block)
        return
      }
      case 'finish':
      case 'end':
        this.#closeOpen(said)
        said.push(event)
        return
      case 'citation':
      case 'tool-delta':
      case 'reasoning-signature':
        if (event.type === 'reasoning-signature' && !this.#blocks.has(event.block)) {
          this.#closeOpen(said)
        }
        said.push({ ...event, block: this.#blockOf(event.block) })
        return
      default:
        if (!this.#blocks.has(event.block)) this.#closeOpen(said)
        said.push({ ...event, block: this.#blockOf(event.block) })
    }
  }

  /** The first text that follows is more of the block that the break left open. */
  #textBlock(block: number): number {
    if (this.#openBlock === null || this.#blocks.has(block)) return this.#blockOf(block)
    const open = this.#openBlock
    this.#openBlock = null
    this.#blocks.set(block, open)
    return open
  }

  #blockOf(block: number): number {
    const known = this.#blocks.get(block)
    if (known !== undefined) return known
    const number = this.#nextBlock
    this.#nextBlock += 1
    this.#blocks.set(block, number)
    return number
  }

  /** Nothing was added to the open block, and something else comes. */
  #closeOpen(said: HubEvent[]): void {
    if (this.#openBlock === null) return
    said.push({ type: 'block-end', choice: 0, block: this.#openBlock })
    this.#openBlock = null
  }
}
