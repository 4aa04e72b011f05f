/** Reads the blocks of a stream of the Messages API. */
import { GatewayError } from '../../core/errors.ts'
import { type JsonObject, objectAt, textAt } from '../../core/json.ts'
import type { HubEvent } from '../hub/events.ts'
import { madeToolCallId } from '../hub/ids.ts'
import { unseal } from '../hub/sealed.ts'
import { unnamedTool } from '../hub/unnamed-tool.ts'
import { readCitation } from './citation.ts'
import { dialect, rawEvent } from './words.ts'

/** Blocks that may be open at once. A real server has one; beyond this it is not an answer. */
const openBlocksMax = 1_024

/** Beyond this an index is not a place. */
const indexMax = 1_000_000

/** A block between its start and its stop. */
interface OpenBlock {
  readonly kind: 'text' | 'thinking' | 'redacted' | 'tool' | 'raw'
  /** The hub's number; null for a block that only this dialect understands. */
  readonly block: number | null
  /** A tool's input that came whole with the start, until a delta takes its place. */
  input: string
  signed: boolean
}

/**
 * The blocks of one answer. Each start of a block is also sent as a `raw` event, so that a writer
 * of this dialect opens it where it was opened and with the fields (`caller`, `citations`) that the
 * hub has no words for.
 */
export class BlockReader {
  /** The answer's id, from which ids of calls are made. */
  answerId = ''
  /** Blocks that have begun, whatever their kind. */
  count = 0
  hasToolCalls = false
  readonly #push: (event: HubEvent) => void
  readonly #open = new Map<number, OpenBlock>()
  #nextIndex = 0

  constructor(push: (event: HubEvent) => void) {
    this.#push = push
  }

  /**
   * A block begins.
   * @throws GatewayError `upstream_protocol_error` for more open blocks than an answer has, and for
   *   a call without a name.
   */
  begin(event: JsonObject): void {
    const index = indexOf(event) ?? this.#nextIndex
    this.#close(index)
    const content = objectAt(event, 'content_block')
    if (content === null) return
    if (this.#open.size >= openBlocksMax) {
      throw new GatewayError('upstream_protocol_error')
    }
    this.#nextIndex = index + 1
    switch (content.type) {
      case 'text':
        this.#beginText(index, event, content)
        break
      case 'thinking':
        this.#beginThinking(index, event, content)
        break
      case 'redacted_thinking':
        this.#beginRedacted(index, event, content)
        break
      case 'tool_use':
        this.#beginTool(index, event, content)
        break
      default:
        this.count += 1
        this.#open.set(index, { kind: 'raw', block: null, input: '', signed: false })
        this.#raw(null, { ...event, index })
    }
  }

  /** Opens a block of the hub; `event` is what a writer of this dialect opens it with. */
  #enter(index: number, kind: OpenBlock['kind'], event: JsonObject): OpenBlock & { block: number } {
    const open = { kind, block: this.count, input: '', signed: false }
    this.count += 1
    this.#open.set(index, open)
    this.#raw(open.block, event)
    return open
  }

  #beginText(index: number, event: JsonObject, content: JsonObject): void {
    const text = textAt(content, 'text') ?? ''
    const { block } = this.#enter(index, 'text', emptied(event, content, 'text'))
    if (text !== '') this.#text(block, text)
  }

  #beginThinking(index: number, event: JsonObject, content: JsonObject): void {
    const text = textAt(content, 'thinking') ?? ''
    const signature = textAt(content, 'signature') ?? ''
    const open = this.#enter(index, 'thinking', emptied(event, content, 'thinking', 'signature'))
    if (text !== '') this.#thinking(open.block, text)
    this.#sign(open, signature)
  }

  #beginRedacted(index: number, event: JsonObject, content: JsonObject): void {
    const data = textAt(content, 'data') ?? ''
    const foreign = unseal(data)
    const { block } = this.#enter(index, 'redacted', event)
    this.#push({
      type: 'reasoning-signature',
      choice: 0,
      block,
      kind: foreign?.kind === 'signature' ? 'signature' : 'redacted',
      signature: foreign?.signature ?? data,
      signedBy: foreign?.signedBy ?? dialect,
      id: foreign?.id ?? null,
    })
  }

  #beginTool(index: number, event: JsonObject, content: JsonObject): void {
    const name = textAt(content, 'name')
    if (!name) throw unnamedTool()
    this.hasToolCalls = true
    const given = textAt(content, 'id')
    const id = given || madeToolCallId(this.answerId, 0, this.count)
    const start = given ? event : { ...event, content_block: { ...content, id } }
    const open = this.#enter(index, 'tool', start)
    const input = objectAt(content, 'input')
    if (input !== null && Object.keys(input).length > 0) open.input = JSON.stringify(input)
    const { block } = open
    const call = { choice: 0, block, id, name, custom: false, signature: null }
    this.#push({ type: 'tool-start', ...call })
  }

  /** Something is added to a block. */
  add(event: JsonObject): void {
    const delta = objectAt(event, 'delta')
    if (delta === null) return
    const index = indexOf(event) ?? Math.max(0, this.#nextIndex - 1)
    const open = this.#open.get(index) ?? this.#assumed(index, delta)
    if (open === null) return
    if (open.block === null) {
      this.#raw(null, { ...event, index })
      return
    }
    const { block } = open
    if (delta.type === 'text_delta' && open.kind === 'text') {
      this.#text(block, textAt(delta, 'text') ?? '')
    } else if (delta.type === 'input_json_delta' && open.kind === 'tool') {
      const fragment = textAt(delta, 'partial_json') ?? ''
      if (fragment !== '') open.input = ''
      this.#push({ type: 'tool-delta', choice: 0, block, arguments: fragment })
    } else if (delta.type === 'thinking_delta' && open.kind === 'thinking') {
      this.#thinking(block, textAt(delta, 'thinking') ?? '')
    } else if (delta.type === 'signature_delta' && open.kind === 'thinking') {
      this.#sign({ ...open, block }, textAt(delta, 'signature') ?? '')
      open.signed = true
    } else if (delta.type === 'citations_delta' && open.kind === 'text') {
      const citation = readCitation(delta.citation)
      if (citation !== null) this.#push({ type: 'citation', choice: 0, block, citation })
    }
  }

  /** Text whose block was never opened is text all the same; anything else is not understood. */
  #assumed(index: number, delta: JsonObject): OpenBlock | null {
    if (delta.type !== 'text_delta' && delta.type !== 'thinking_delta') return null
    const content =
      delta.type === 'text_delta'
        ? { type: 'text', text: '' }
        : { type: 'thinking', thinking: '', signature: '' }
    this.begin({ type: 'content_block_start', index, content_block: content })
    return this.#open.get(index) ?? null
  }

  #text(block: number, text: string): void {
    this.#push({ type: 'text-delta', choice: 0, block, text, logprobs: null })
  }

  #thinking(block: number, text: string): void {
    this.#push({ type: 'reasoning-delta', choice: 0, block, text, summary: false })
  }

  #sign(open: OpenBlock & { block: number }, signature: string): void {
    if (signature === '' || open.signed) return
    const foreign = unseal(signature)
    this.#push({
      type: 'reasoning-signature',
      choice: 0,
      block: open.block,
      kind: foreign?.kind === 'redacted' ? 'redacted' : 'signature',
      signature: foreign?.signature ?? signature,
      signedBy: foreign?.signedBy ?? dialect,
      id: foreign?.id ?? null,
    })
  }

  /** A block is complete. */
  stop(event: JsonObject): void {
    const index = indexOf(event) ?? Math.max(0, this.#nextIndex - 1)
    if (this.#open.get(index)?.block === null) this.#raw(null, { ...event, index })
    this.#close(index)
  }

  #close(index: number): void {
    const open = this.#open.get(index)
    if (open === undefined) return
    this.#open.delete(index)
    const { block, input } = open
    if (block === null) return
    if (input !== '') this.#push({ type: 'tool-delta', choice: 0, block, arguments: input })
    this.#push({ type: 'block-end', choice: 0, block })
  }

  /** All blocks are complete. */
  closeAll(): void {
    for (const index of [...this.#open.keys()]) this.#close(index)
  }

  #raw(block: number | null, event: JsonObject): void {
    this.#push(rawEvent(block, event))
  }
}

function indexOf(event: JsonObject): number | null {
  const { index } = event
  const isPlace = typeof index === 'number' && Number.isInteger(index)
  return isPlace && index >= 0 && index <= indexMax ? index : null
}

/** The start of a block whose text comes as deltas, whatever the server put into it. */
function emptied(event: JsonObject, content: JsonObject, ...keys: readonly string[]): JsonObject {
  if (keys.every((key) => content[key] === '')) return event
  const empty = Object.fromEntries(keys.map((key) => [key, '']))
  return { ...event, content_block: { ...content, ...empty } }
}
