/** A conversation without a dialect: what a scripted provider read in a request. */
import { expect } from 'bun:test'

/** A call in the history. */
export interface SeenCall {
  /** Null where the dialect has none, or where it is left out. */
  readonly id: string | null
  readonly name: string
  /** Parsed. */
  readonly arguments: unknown
}

/** The result of a call in the history. */
export interface SeenResult {
  /** The id of the call, or null where the dialect goes by names. */
  readonly id: string | null
  readonly name: string | null
  readonly text: string
  /** Null where the dialect has no flag for it. */
  readonly isError: boolean | null
}

/** Thinking in the history. */
export interface SeenThinking {
  readonly text: string
  readonly signature: string | null
}

/** One turn. */
export type SeenTurn =
  | {
      readonly role: 'user'
      readonly text: string
      readonly images: readonly { readonly mediaType: string | null; readonly base64: string }[]
    }
  | {
      readonly role: 'assistant'
      readonly thinking: SeenThinking | null
      readonly text: string
      readonly calls: readonly SeenCall[]
    }
  | { readonly role: 'tool'; readonly results: readonly SeenResult[] }

/** A whole request. */
export interface Seen {
  readonly system: string
  readonly tools: readonly {
    readonly name: string
    readonly description: string
    readonly parameters: unknown
  }[]
  /** Whether the model was asked to think. */
  readonly thinks: boolean
  readonly turns: readonly SeenTurn[]
}

/** A turn of the assistant while it is read. */
export interface AssistantDraft {
  role: 'assistant'
  thinking: SeenThinking | null
  text: string
  calls: SeenCall[]
}

/** A turn of the assistant in which nothing has been said. */
export const emptyAssistant = (): AssistantDraft => ({
  role: 'assistant',
  thinking: null,
  text: '',
  calls: [],
})

/** Adds a result that is a message of its own: those of one turn belong together. */
export function addResult(turns: SeenTurn[], result: SeenResult): void {
  const last = turns.at(-1)
  if (last?.role !== 'tool') turns.push({ role: 'tool', results: [result] })
  else turns.splice(-1, 1, { role: 'tool', results: [...last.results, result] })
}

/**
 * What every provider demands: the user speaks first and last, or results of tools do; every call
 * is answered at once, by exactly its own results; nothing else is. Returns the conversation.
 */
export function expectOrder(seen: Seen): Seen {
  const { turns } = seen
  expect(turns[0]?.role).toBe('user')
  expect(turns.at(-1)?.role).not.toBe('assistant')
  for (const [index, turn] of turns.entries()) {
    const before = turns[index - 1]
    if (turn.role === 'tool') {
      const calls = before?.role === 'assistant' ? before.calls : []
      // Ids where the dialect has them, names where it goes by names.
      const asked = calls.map(({ id, name }) => id ?? name)
      const answered = turn.results.map(({ id, name }) => id ?? name)
      expect(answered).toEqual(asked)
      expect(new Set(asked).size).toBe(asked.length)
    } else if (before?.role === 'assistant') {
      expect(before.calls, 'calls without results').toEqual([])
    }
    if (turn.role === 'assistant') expect(before?.role).not.toBe('assistant')
  }
  return seen
}
