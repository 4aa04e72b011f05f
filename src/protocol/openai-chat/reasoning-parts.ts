/** Reasoning of earlier turns, in the messages that clients send back. */
import { isObject, type JsonObject, textAt } from '../../core/json.ts'
import type { ReasoningPart } from '../hub/request.ts'
import { plainReasoning, textOfDetail } from './reasoning-read.ts'
import { readSignature } from './signature.ts'

/**
 * The reasoning of an assistant message: `reasoning_details`, whole or as the fragments that a
 * stream sent; the `thinking_blocks` of LiteLLM's clients; or only a text.
 */
export function readReasoningParts(message: JsonObject): readonly ReasoningPart[] {
  const text = plainReasoning(message)
  const parts = detailsOf(message)
  if (parts.length === 0) parts.push(...blocksOf(message))
  if (text === '') return parts
  if (parts.length === 0) return [plainPart(text)]
  if (parts.some((part) => part.text !== '')) return parts
  // The signature came without its text, which stands beside it.
  const [first, ...rest] = parts
  if (first !== undefined && rest.length === 0 && first.redacted === null) {
    return [{ ...first, text }]
  }
  return [plainPart(text), ...parts]
}

/** Reasoning that nobody signed. */
export function plainPart(text: string): ReasoningPart {
  const nothing = { signature: null, redacted: null, signedBy: null, id: null }
  return { type: 'reasoning', text, ...nothing }
}

/** A block of thinking among the parts of a content (Mistral, LiteLLM). */
export function plainThinking(block: JsonObject): ReasoningPart {
  const { thinking } = block
  const pieces: readonly unknown[] = Array.isArray(thinking) ? thinking : [thinking]
  const text = pieces
    .map((piece) => (isObject(piece) ? piece.text : piece))
    .filter((piece) => typeof piece === 'string')
    .join('')
  const signature = textAt(block, 'signature') || null
  return { ...plainPart(text), signature, signedBy: signature === null ? null : 'openai-chat' }
}

interface Draft extends ReasoningPart {
  readonly group: string | null
}

function detailsOf(message: JsonObject): ReasoningPart[] {
  const details = message.reasoning_details
  const drafts: Draft[] = []
  for (const detail of Array.isArray(details) ? details : []) {
    if (!isObject(detail)) continue
    const draft = draftOf(detail)
    const at = drafts.findIndex((known) => belongTogether(known, draft))
    const known = drafts[at]
    if (known === undefined) drafts.push(draft)
    else drafts[at] = joined(known, draft)
  }
  return drafts.map(({ group: _group, ...part }) => part)
}

function draftOf(detail: JsonObject): Draft {
  const signed = textAt(detail, 'signature')
  const data = textAt(detail, 'data')
  const proof = signed || data ? readSignature(signed || data || '', detail.format) : null
  return {
    type: 'reasoning',
    text: textOfDetail(detail),
    signature: signed && proof !== null ? proof.signature : null,
    redacted: !signed && proof !== null ? proof.signature : null,
    signedBy: proof?.signedBy ?? null,
    id: textAt(detail, 'id') || null,
    group: typeof detail.index === 'number' ? String(detail.index) : null,
  }
}

/** One number, and nothing that either of them has twice. */
function belongTogether(known: Draft, more: Draft): boolean {
  if (known.group === null || known.group !== more.group) return false
  if (known.signature !== null && more.signature !== null) return false
  if (known.redacted !== null && more.redacted !== null) return false
  return known.signedBy === null || more.signedBy === null || known.signedBy === more.signedBy
}

function joined(known: Draft, more: Draft): Draft {
  return {
    ...known,
    text: known.text + more.text,
    signature: known.signature ?? more.signature,
    redacted: known.redacted ?? more.redacted,
    signedBy: known.signedBy ?? more.signedBy,
    id: known.id ?? more.id,
  }
}

/** LiteLLM's clients keep Anthropic's own blocks. */
function blocksOf({ thinking_blocks: blocks }: JsonObject): ReasoningPart[] {
  if (!Array.isArray(blocks)) return []
  return blocks.filter(isObject).map((block) => {
    const signature = textAt(block, 'signature') || null
    const redacted = textAt(block, 'data') || null
    const signedBy = (signature ?? redacted) === null ? null : 'anthropic-messages'
    return { ...plainPart(textAt(block, 'thinking') ?? ''), signature, redacted, signedBy }
  })
}
