/** What a scripted provider is: its bytes, and its opinion of every request that it gets. */

import { expect } from 'bun:test'
import type { z } from 'zod'
import type { UpstreamRequest } from '../../kit/upstream-request.ts'
import type { Seen } from '../conversation.ts'

/** Which answer a request gets: calls of tools, the answer to the question, the one after it. */
export type Step = 'calls' | 'answer' | 'last'

/** One provider, in the one dialect that it speaks here. */
export interface ScriptedProvider {
  /** As in the names of models. */
  readonly name: string
  /** Which kind of the registry it is. */
  readonly kind: string
  readonly dialect: string
  /** Without the provider's name. */
  readonly model: string
  /** What the operator sets to use it at this address. */
  environment(url: string): Readonly<Record<string, string>>
  /** Path, credentials and whatever else is in the head. */
  expectHead(request: UpstreamRequest): void
  /** Everything that the provider documents; any other key is refused. */
  readonly schema: z.ZodType
  /** The conversation in a body that fits the schema. Expects what the provider demands of it. */
  read(body: unknown): Seen
  readonly contentType: string
  /** The bytes of an answer. */
  answer(step: Step): Uint8Array
  /** The ids of its calls, or null where it gives none. */
  readonly callIds: readonly [string, string] | null
  /** The proof of its thinking, which must come back to it and to nobody else; null for none. */
  readonly signature: string | null
  /**
   * What it takes back of the thinking of earlier turns: `signed` only its own, with the proof,
   * `plain` text that nobody signed, `none` nothing.
   */
  readonly takesThinking: 'signed' | 'plain' | 'none'
  /** Whether it refuses to think in a turn of tools that does not begin with its own thinking. */
  readonly thinksFromTheStart: boolean
  /** Whether it says something before it calls. */
  readonly hasPreamble: boolean
  /** Whether it is told by a flag that a tool failed. */
  readonly hearsFailure: boolean
}

const utf8 = new TextEncoder()

/** Events as server-sent events, each with its name or none. */
export function sseBytes(
  events: readonly (readonly [name: string | null, data: unknown])[],
  end = '',
): Uint8Array {
  const text = events.map(([name, data]) => {
    const named = name === null ? '' : `event: ${name}\n`
    return `${named}data: ${JSON.stringify(data)}\n\n`
  })
  return utf8.encode(text.join('') + end)
}

/** The texts of a list of parts, as one; a string is one already. */
export function joinedText(content: unknown): string {
  if (typeof content === 'string') return content
  if (!Array.isArray(content)) return ''
  return content
    .map((part: { text?: unknown }) => (typeof part.text === 'string' ? part.text : ''))
    .join('')
}

/** The bytes of a picture that stands in a `data:` address. */
export function dataUrl(url: string): { mediaType: string; base64: string } {
  const [, mediaType = '', base64 = ''] = /^data:([^;]+);base64,(.*)$/s.exec(url) ?? []
  return { mediaType, base64 }
}

/** Claude's rule, wherever it runs: with a budget, a turn that uses tools begins with thinking. */
export function expectThinkingFirst({ thinks, turns }: Seen): void {
  const [answer, results] = turns.slice(-2)
  if (!thinks || results?.role !== 'tool' || answer?.role !== 'assistant') return
  expect(answer.thinking, 'thinking in front of the calls').not.toBeNull()
}
