/**
 * The fold of an answer's events to a whole answer, for every dialect's `writeResponse` and for
 * the writers whose last event repeats everything.
 */
import type { GatewayError } from '../../core/errors.ts'
import type { FinishReason, HubEvent, HubUsage, Logprobs } from './events.ts'
import type { Citation, Native, Part, ReasoningPart, ToolCallPart } from './request.ts'

/** Text with the log probabilities that came with it. Good as a `Part` of a later request. */
export type CollectedText = Extract<Part, { type: 'text' }> & {
  readonly logprobs: Logprobs | null
}

/** Reasoning that knows whether it is only a summary. Good as a `Part` of a later request. */
export type CollectedReasoning = ReasoningPart & { readonly summary: boolean }

/** One block of a whole answer. */
export type CollectedPart =
  | CollectedText
  | CollectedReasoning
  | ToolCallPart
  | { readonly type: 'refusal'; readonly text: string; readonly logprobs: Logprobs | null }
  | { readonly type: 'native'; readonly native: Native }

/** How a choice ended. */
export interface CollectedFinish {
  readonly reason: FinishReason
  readonly native: string | null
  readonly stopSequence: string | null
  readonly details: Native | null
}

/** One of the answers. */
export interface CollectedChoice {
  readonly index: number
  /** In the order in which they began. Text and reasoning that stayed empty are left out. */
  readonly parts: readonly CollectedPart[]
  /** Null where the answer was cut before it told. */
  readonly finish: CollectedFinish | null
}

/** A whole answer. */
export interface Collected {
  /** Empty where the provider gave none, like `model`. */
  readonly id: string
  readonly model: string
  readonly createdS: number | null
  readonly serviceTier: string | null
  readonly fingerprint: string | null
  /** By index; empty where nothing was said. */
  readonly choices: readonly CollectedChoice[]
  /** The last one that was reported. */
  readonly usage: HubUsage | null
  /** The failure that ended the answer. */
  readonly error: GatewayError | null
  /** Whether the answer was complete in the sense of the provider's protocol. */
  readonly ended: boolean
}

/** The whole answer that `events` tell. Never throws; what makes no sense is left out. */
export function collect(events: Iterable<HubEvent>): Collected {
  const collector = new Collector()
  for (const event of events) collector.take(event)
  return collector.result()
}

/** A block while it grows. The fields that its kind has no use for stay empty. */
interface Draft {
  readonly kind: 'text' | 'reasoning' | 'tool' | 'refusal' | 'native'
  text: string
  readonly citations: Citation[]
  /** Kept as a list, because joining them event by event would copy what is there each time. */
  readonly logprobs: Logprobs[]
  summary: boolean
  signature: Extract<HubEvent, { type: 'reasoning-signature' }> | null
  readonly tool: Extract<HubEvent, { type: 'tool-start' }> | null
  readonly native: Native | null
}

interface ChoiceDraft {
  readonly blocks: Map<string, Draft>
  readonly order: Draft[]
  finish: CollectedFinish | null
}

/** The fold, one event at a time; for writers that must say everything again at the end. */
export class Collector {
  #start: Extract<HubEvent, { type: 'start' }> | null = null
  #usage: HubUsage | null = null
  #error: GatewayError | null = null
  #ended = false
  readonly #choices = new Map<number, ChoiceDraft>()

  /** Adds what one event says. */
  take(event: HubEvent): void {
    switch (event.type) {
      case 'start':
        this.#start ??= event
        return
      case 'usage':
        this.#usage = event.usage
        return
      case 'error':
        this.#error ??= event.error
        return
      case 'end':
        this.#ended = true
        return
      case 'finish': {
        const { reason, native, stopSequence, details } = event
        this.#choice(event.choice).finish ??= { reason, native, stopSequence, details }
        return
      }
      case 'block-end':
        return
      default:
        this.#takeContent(event)
    }
  }

  /** The answer so far. */
  result(): Collected {
    const start = this.#start
    const choices = [...this.#choices].sort(([left], [right]) => left - right)
    return {
      id: start?.id ?? '',
      model: start?.model ?? '',
      createdS: start?.createdS ?? null,
      serviceTier: start?.serviceTier ?? null,
      fingerprint: start?.fingerprint ?? null,
      choices: choices.map(([index, { order, finish }]) => {
        const parts = order.map(partOf).filter((part) => part !== null)
        return { index, parts, finish }
      }),
      usage: this.#usage,
      error: this.#error,
      ended: this.#ended,
    }
  }

  #takeContent(event: ContentEvent): void {
    switch (event.type) {
      case 'text-delta':
      case 'refusal': {
        const draft = this.#draft(event, event.type === 'refusal' ? 'refusal' : 'text')
        draft.text += event.text
        if (event.logprobs) draft.logprobs.push(event.logprobs)
        return
      }
      case 'citation':
        this.#draft(event, 'text').citations.push(event.citation)
        return
      case 'reasoning-delta': {
        const draft = this.#draft(event, 'reasoning')
        draft.text += event.text
        draft.summary = event.summary
        return
      }
      case 'reasoning-signature':
        this.#draft(event, 'reasoning').signature ??= event
        return
      case 'tool-start':
        this.#draft(event, 'tool', event)
        return
      case 'tool-delta': {
        const draft = this.#choice(event.choice).blocks.get(`tool ${event.block}`)
        if (draft !== undefined) draft.text += event.arguments
        return
      }
      case 'raw':
        this.#choice(event.choice).order.push(newDraft('native', null, event.native))
    }
  }

  #choice(index: number): ChoiceDraft {
    const known = this.#choices.get(index)
    if (known !== undefined) return known
    const made: ChoiceDraft = { blocks: new Map(), order: [], finish: null }
    this.#choices.set(index, made)
    return made
  }

  /** By kind as well, so that a reader that mixes up two blocks loses nothing. */
  #draft(
    { choice: index, block }: { readonly choice: number; readonly block: number },
    kind: Draft['kind'],
    tool: Draft['tool'] = null,
  ): Draft {
    const choice = this.#choice(index)
    const key = `${kind} ${block}`
    const known = choice.blocks.get(key)
    if (known !== undefined) return known
    const made = newDraft(kind, tool, null)
    choice.blocks.set(key, made)
    choice.order.push(made)
    return made
  }
}

type ContentEvent = Exclude<
  HubEvent,
  { type: 'start' | 'usage' | 'error' | 'end' | 'finish' | 'block-end' }
>

function newDraft(kind: Draft['kind'], tool: Draft['tool'], native: Native | null): Draft {
  const lists = { citations: [], logprobs: [] }
  return { kind, text: '', ...lists, summary: false, signature: null, tool, native }
}

function partOf(draft: Draft): CollectedPart | null {
  const { kind, text, citations, tool, native } = draft
  switch (kind) {
    case 'text': {
      if (text === '' && citations.length === 0) return null
      const logprobs = logprobsOf(draft)
      return { type: 'text', text, citations, cache: null, signature: null, logprobs }
    }
    case 'refusal':
      return text === '' ? null : { type: 'refusal', text, logprobs: logprobsOf(draft) }
    case 'reasoning':
      return reasoningOf(draft)
    case 'tool': {
      if (tool === null) return null
      const { id, name, custom, signature } = tool
      const written = text === '' && !custom ? '{}' : text
      return { type: 'tool-call', id, name, arguments: written, custom, signature, cache: null }
    }
    case 'native':
      return native === null ? null : { type: 'native', native }
  }
}

function reasoningOf({ text, summary, signature }: Draft): CollectedReasoning | null {
  if (text === '' && signature === null) return null
  return {
    type: 'reasoning',
    text,
    signature: signature?.kind === 'signature' ? signature.signature : null,
    redacted: signature?.kind === 'redacted' ? signature.signature : null,
    signedBy: signature?.signedBy ?? null,
    id: signature?.id ?? null,
    summary,
  }
}

function logprobsOf({ logprobs }: Draft): Logprobs | null {
  if (logprobs.length < 2) return logprobs[0] ?? null
  const lists = new Map<string, unknown[]>()
  const joined: Record<string, unknown> = {}
  for (const each of logprobs) {
    for (const [key, value] of Object.entries(each)) {
      if (!Array.isArray(value)) {
        joined[key] ??= value
        continue
      }
      const list = lists.get(key) ?? []
      lists.set(key, list)
      for (const item of value) list.push(item)
    }
  }
  return { ...joined, ...Object.fromEntries(lists) }
}
