/**
 * Puts blocks in a row. Blocks of this dialect never overlap, while other dialects interleave
 * theirs: deltas of a block wait until those before it are complete.
 *
 * Text and thinking end as soon as something else begins, so that nothing waits for a block whose
 * end the source tells late; what is added to them afterwards opens another. A tool's input cannot
 * be cut in two, so whatever comes while one is open waits for its end.
 */
import type { JsonObject } from '../../core/json.ts'

/** What a block is; `whole` is one of those that only this dialect understands. */
export type BlockKind = 'text' | 'thinking' | 'tool' | 'whole'

/** Takes one event of the stream. */
export type Emit = (event: JsonObject & { readonly type: string }) => void

/** Each kind of a number is a block of its own, so that a mixed-up number loses nothing. */
const kinds = ['text', 'thinking', 'tool', 'whole'] as const

const keyOf = (block: number, kind: BlockKind): number => block * kinds.length + kinds.indexOf(kind)

interface Block {
  readonly key: number
  readonly kind: BlockKind
  readonly start: JsonObject
  /** What came while another block was open. */
  readonly waiting: JsonObject[]
  ended: boolean
}

/** The blocks of one answer. Numbers are the caller's; the index on the wire counts up from 0. */
export class BlockSequence {
  readonly #emit: Emit
  readonly #queue = new Map<number, Block>()
  #current: Block | null = null
  #index = -1

  constructor(emit: Emit) {
    this.#emit = emit
  }

  /** Whether a block of that number and kind is open or waiting. */
  has(block: number, kind: BlockKind): boolean {
    return this.#find(keyOf(block, kind)) !== null
  }

  /** Whether a tool was begun with this very input, as text. */
  startedWithInput(block: number, input: string): boolean {
    const given = this.#find(keyOf(block, 'tool'))?.start.input
    return input !== '' && input !== '{}' && given !== undefined && JSON.stringify(given) === input
  }

  /** Begins a block with `start`; one that is open or waiting already stays as it is. */
  begin(number: number, kind: BlockKind, start: JsonObject): void {
    const key = keyOf(number, kind)
    if (this.#find(key) !== null) return
    const block: Block = { key, kind, start, waiting: [], ended: false }
    if (this.#current !== null && isDivisible(this.#current)) this.#close()
    if (this.#current === null) this.#open(block)
    else this.#queue.set(key, block)
  }

  /** Adds to a block; without one of that number and kind nothing happens. */
  add(block: number, kind: BlockKind, delta: JsonObject): void {
    const key = keyOf(block, kind)
    if (this.#current?.key === key) this.#emitDelta(delta)
    else this.#queue.get(key)?.waiting.push(delta)
  }

  /** Ends a block; without one of that number nothing happens. */
  end(block: number): void {
    for (const kind of kinds) {
      const found = this.#find(keyOf(block, kind))
      if (found === null) continue
      found.ended = true
      if (found === this.#current) this.#advance()
    }
  }

  /** Ends all blocks, in their order. */
  endAll(): void {
    for (const block of this.#queue.values()) block.ended = true
    this.#advance()
  }

  #find(key: number): Block | null {
    return this.#current?.key === key ? this.#current : (this.#queue.get(key) ?? null)
  }

  /** Closes the open block and opens the ones that waited for it, up to one that goes on. */
  #advance(): void {
    this.#close()
    for (const block of this.#queue.values()) {
      this.#queue.delete(block.key)
      this.#open(block)
      const goesOn = !block.ended && !(isDivisible(block) && this.#queue.size > 0)
      if (goesOn) return
      this.#close()
    }
  }

  #open(block: Block): void {
    this.#current = block
    this.#index += 1
    const index = this.#index
    this.#emit({ type: 'content_block_start', index, content_block: block.start })
    for (const delta of block.waiting.splice(0)) this.#emitDelta(delta)
  }

  #emitDelta(delta: JsonObject): void {
    this.#emit({ type: 'content_block_delta', index: this.#index, delta })
  }

  #close(): void {
    if (this.#current === null) return
    this.#current = null
    this.#emit({ type: 'content_block_stop', index: this.#index })
  }
}

function isDivisible(block: Block): boolean {
  return block.kind === 'text' || block.kind === 'thinking'
}
