/** Writes hub events as a stream of the Messages API. */
import { GatewayError } from '../../core/errors.ts'
import { isObject, type JsonObject } from '../../core/json.ts'
import type { HubEvent, HubUsage } from '../hub/events.ts'
import { madeAnswerId } from '../hub/ids.ts'
import { seal } from '../hub/sealed.ts'
import type { AnswerContext, EventWriter } from '../translation.ts'
import { type BlockKind, BlockSequence, type Emit } from './block-sequence.ts'
import { writeCitation } from './citation.ts'
import { errorEvent } from './error.ts'
import { writeUsage } from './usage.ts'
import { dialect, ownValue, writeAnswerTier, writeStopReason } from './words.ts'

type Of<Type extends HubEvent['type']> = Extract<HubEvent, { readonly type: Type }>

/** Details of a finish that stand beside the reason; all others stand beside the usage. */
const deltaDetails: ReadonlySet<string> = new Set(['stop_details', 'container'])

/** A fresh writer for one stream. */
export function writeStream(context: AnswerContext): EventWriter {
  let text = ''
  const writer = new MessageWriter(context, (event) => {
    text += `event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`
  })
  const fail = (error: GatewayError): void => {
    text += errorEvent(writer.fail(error), context.requestId)
  }
  const take = (event: HubEvent): void => {
    try {
      if (event.type === 'error') fail(event.error)
      else writer.take(event)
    } catch (cause) {
      // Nested so deeply that it can be read but not said again.
      fail(new GatewayError('upstream_protocol_error', { cause }))
    }
  }
  return {
    write(events) {
      text = ''
      for (const event of events) if (!writer.over) take(event)
      return text
    },
  }
}

/** Turns hub events into the events of the Messages API, in an order its server would send. */
export class MessageWriter {
  over = false
  readonly #context: AnswerContext
  readonly #emit: Emit
  readonly #blocks: BlockSequence
  #start: Of<'start'> | null = null
  #isOpen = false
  #extras: JsonObject = {}
  #usage: HubUsage | null = null
  #finish: Of<'finish'> | null = null
  #hasToolCalls = false
  #isRefused = false
  /** Free-text tools, whose text becomes the one string of an object. */
  readonly #customTools = new Set<number>()
  #asides = 0

  constructor(context: AnswerContext, emit: Emit) {
    this.#context = context
    this.#emit = emit
    this.#blocks = new BlockSequence((event) => {
      this.#open()
      emit(event)
    })
  }

  /** Says what one event says; the finish is held until the end, for usage may follow it. */
  take(event: Exclude<HubEvent, { type: 'error' }>): void {
    // One answer is all that this dialect has; see the list of losses.
    if ('choice' in event && event.choice !== 0) return
    switch (event.type) {
      case 'text-delta':
        this.#say(event.block, 'text', { type: 'text_delta', text: event.text }, event.text)
        break
      case 'reasoning-delta':
        this.#think(event)
        break
      case 'tool-delta':
        this.#addArguments(event)
        break
      case 'raw':
        this.#takeRaw(ownValue(event.native))
        break
      case 'block-end':
        this.#endBlock(event.block)
        break
      case 'usage':
        this.#usage = event.usage
        return
      case 'start':
        this.#start ??= event
        return
      case 'tool-start':
        this.#startTool(event)
        break
      case 'reasoning-signature':
        this.#sign(event)
        break
      case 'citation':
        this.#cite(event)
        break
      case 'refusal':
        this.#isRefused = true
        this.#say(event.block, 'text', { type: 'text_delta', text: event.text }, event.text)
        break
      case 'finish':
        this.#finish = event
        return
      case 'end':
        this.#complete()
        break
    }
  }

  /** Nothing more may be said. Returns `error`, for the caller to say. */
  fail(error: GatewayError): GatewayError {
    this.over = true
    return error
  }

  /**
   * Sends the start: with the first thing that is said and not before, so that it carries what was
   * known of the usage by then, however the stream was cut.
   */
  #open(): void {
    if (this.#isOpen) return
    this.#isOpen = true
    const { requestId, model } = this.#context
    const tier = writeAnswerTier(this.#start?.serviceTier ?? null)
    const usage = writeUsage(this.#usage)
    const isOwn = ownValue(this.#usage?.native) !== null
    this.#emit({
      type: 'message_start',
      message: {
        model: this.#start?.model || model,
        id: this.#start?.id || madeAnswerId('msg_', requestId),
        type: 'message',
        role: 'assistant',
        content: [],
        stop_reason: null,
        stop_sequence: null,
        usage: tier === null || isOwn ? usage : { ...usage, service_tier: tier },
        ...this.#extras,
      },
    })
  }

  /** Adds to a block of text or thinking; empty deltas open nothing. */
  #say(block: number, kind: BlockKind, delta: JsonObject, text: string): void {
    if (text === '' && !this.#blocks.has(block, kind)) return
    this.#blocks.begin(block, kind, emptyBlocks[kind] ?? {})
    this.#blocks.add(block, kind, delta)
  }

  #think(event: Of<'reasoning-delta'>): void {
    const delta = { type: 'thinking_delta', thinking: event.text }
    this.#say(event.block, 'thinking', delta, event.text)
  }

  #sign(event: Of<'reasoning-signature'>): void {
    const { block, kind, signature, signedBy, id } = event
    const value = signedBy === dialect ? signature : seal({ kind, signature, signedBy, id })
    const belongs =
      kind === 'signature' && (signedBy === dialect || this.#blocks.has(block, 'thinking'))
    if (belongs) {
      this.#blocks.begin(block, 'thinking', emptyBlocks.thinking ?? {})
      this.#blocks.add(block, 'thinking', { type: 'signature_delta', signature: value })
    } else if (!this.#blocks.has(block, 'whole')) {
      this.#whole({ type: 'redacted_thinking', data: value })
    }
  }

  #startTool(event: Of<'tool-start'>): void {
    const { block, id, name, custom, signature } = event
    this.#hasToolCalls = true
    if (signature !== null && signature !== '') {
      const data = seal({ kind: 'tool', signedBy: 'gemini', signature, id: null })
      this.#whole({ type: 'redacted_thinking', data })
    }
    this.#blocks.begin(block, 'tool', { type: 'tool_use', id, name, input: {} })
    if (!custom) return
    this.#customTools.add(block)
    this.#blocks.add(block, 'tool', { type: 'input_json_delta', partial_json: '{"input":"' })
  }

  #addArguments(event: Of<'tool-delta'>): void {
    const { block } = event
    const isText = this.#customTools.has(block)
    const fragment = isText ? JSON.stringify(event.arguments).slice(1, -1) : event.arguments
    // An input that came whole with the start has been said.
    if (this.#blocks.startedWithInput(block, fragment)) return
    this.#blocks.add(block, 'tool', { type: 'input_json_delta', partial_json: fragment })
  }

  #endBlock(block: number): void {
    if (this.#customTools.delete(block)) {
      this.#blocks.add(block, 'tool', { type: 'input_json_delta', partial_json: '"}' })
    }
    this.#blocks.end(block)
  }

  #cite(event: Of<'citation'>): void {
    const citation = writeCitation(event.citation)
    if (citation === null) return
    this.#blocks.begin(event.block, 'text', emptyBlocks.text ?? {})
    this.#blocks.add(event.block, 'text', { type: 'citations_delta', citation })
  }

  /** A block of its own, between the others. */
  #whole(content: JsonObject): void {
    this.#asides += 1
    const block = wholeBlocksFrom - this.#asides
    this.#blocks.begin(block, 'whole', content)
    this.#blocks.end(block)
  }

  /** What only this dialect understands, as its reader sent it. */
  #takeRaw(value: JsonObject | null): void {
    const event = value?.event
    if (value === null || !isObject(event) || typeof event.type !== 'string') return
    const { block } = value
    // Blocks that have no number in the hub are told apart by their place, below all that have.
    const number = typeof block === 'number' ? block : -1 - Number(event.index)
    const content = event.content_block
    switch (event.type) {
      case 'message_start':
        this.#extras = isObject(event.message) ? event.message : {}
        return
      case 'content_block_start':
        if (isObject(content)) this.#blocks.begin(number, kindOf(content), content)
        return
      case 'content_block_delta':
        if (isObject(event.delta)) this.#blocks.add(number, 'whole', event.delta)
        return
      case 'content_block_stop':
        this.#blocks.end(number)
        break
      default:
        this.#open()
        this.#emit({ ...event, type: event.type })
    }
  }

  #complete(): void {
    this.#open()
    this.#blocks.endAll()
    const details = ownValue(this.#finish?.details) ?? {}
    const inDelta = Object.entries(details).filter(([key]) => deltaDetails.has(key))
    const beside = Object.entries(details).filter(([key]) => !deltaDetails.has(key))
    this.#emit({
      ...Object.fromEntries(beside),
      type: 'message_delta',
      delta: {
        ...Object.fromEntries(inDelta),
        stop_reason: this.#stopReason(),
        stop_sequence: this.#finish?.stopSequence ?? null,
      },
      usage: writeUsage(this.#usage),
    })
    this.#emit({ type: 'message_stop' })
    this.over = true
  }

  /** Without a finish the provider ended properly but gave no reason, as Snowflake does. */
  #stopReason(): string {
    const reason = this.#finish?.reason ?? (this.#hasToolCalls ? 'tool-calls' : 'stop')
    if (reason === 'stop' && this.#isRefused) return 'refusal'
    return writeStopReason(reason, this.#finish?.native ?? null)
  }
}

/** Below the number of every block that a provider may have: its index is at most a million. */
const wholeBlocksFrom = -10_000_000

/** Blocks as they open. */
const emptyBlocks: Partial<Record<BlockKind, JsonObject>> = {
  text: { type: 'text', text: '' },
  thinking: { type: 'thinking', thinking: '', signature: '' },
}

function kindOf(content: JsonObject): BlockKind {
  if (content.type === 'text' || content.type === 'thinking') return content.type
  return content.type === 'tool_use' ? 'tool' : 'whole'
}
