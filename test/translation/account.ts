/**
 * What an answer comes to, whoever reads it: the words in which the original and every reading of
 * its translation are compared. Nothing here, nor in the readings, knows the code under test.
 */

/** Why an answer ended, in words of no dialect. */
export type Finish = 'stop' | 'stop-sequence' | 'length' | 'tool-calls' | 'content-filter' | 'pause'

/** One call of a tool that the client is to make. */
export interface CallAccount {
  /** Null where the provider gave none. */
  readonly id: string | null
  readonly name: string
  /** The parsed arguments; text that is no JSON stays text. */
  readonly input: unknown
}

/** One of the answers to a request. */
export interface ChoiceAccount {
  readonly text: string
  readonly refusal: string
  readonly reasoning: string
  readonly calls: readonly CallAccount[]
  /** Null where the provider never said it. */
  readonly finish: Finish | null
}

/** Token counts in OpenAI's sense; null is "not reported". */
export interface UsageAccount {
  readonly input: number | null
  readonly output: number | null
  readonly cached: number | null
  readonly reasoning: number | null
}

/** A whole answer. */
export interface Account {
  readonly choices: readonly ChoiceAccount[]
  readonly usage: UsageAccount | null
  /** The SDK raised an error, or the answer said that it failed. */
  readonly failed: boolean
}

/** A choice while it is read. */
export interface Draft {
  text: string
  refusal: string
  reasoning: string
  /** The finish, in the provider's own word. */
  word: string | null
  readonly calls: Map<string | number, { id: string | null; name: string; text: string }>
}

/** A choice of which nothing was read. */
export const emptyDraft = (): Draft => ({
  text: '',
  refusal: '',
  reasoning: '',
  word: null,
  calls: new Map(),
})

/** The draft of a choice, made where there is none. */
export function draftAt(drafts: Map<number, Draft>, index: number): Draft {
  const draft = drafts.get(index) ?? emptyDraft()
  drafts.set(index, draft)
  return draft
}

/**
 * The account of drafts.
 * @param words what the provider's reasons to end mean; a word that is not there is a plain stop.
 */
export function accountOf(
  drafts: ReadonlyMap<number, Draft>,
  words: Readonly<Record<string, Finish>>,
  usage: UsageAccount | null,
  failed: boolean,
): Account {
  const ordered = [...drafts].sort(([left], [right]) => left - right)
  const choices = ordered.map(([, { text, refusal, reasoning, word, calls }]) => ({
    ...{ text, refusal, reasoning },
    calls: [...calls.values()].map((call) => ({
      id: call.id || null,
      name: call.name,
      input: parsed(call.text),
    })),
    finish: word === null ? null : settled(words[word] ?? 'stop', calls.size > 0),
  }))
  return { choices, usage, failed }
}

/** The parsed arguments of a call; none are an empty object. */
export function parsed(text: string): unknown {
  if (text.trim() === '') return {}
  try {
    return JSON.parse(text)
  } catch {
    return text
  }
}

/** A stop with calls is calls, and calls that nobody made are a stop (reference, 12.1). */
export function settled(finish: Finish, hasCalls: boolean): Finish {
  if (hasCalls && finish === 'stop') return 'tool-calls'
  return !hasCalls && finish === 'tool-calls' ? 'stop' : finish
}

/** The sum of counts of which some may not be reported; null where none is. */
export function sum(...counts: readonly (number | null | undefined)[]): number | null {
  const known = counts.filter((count) => typeof count === 'number')
  return known.length === 0 ? null : known.reduce((total, count) => total + count, 0)
}
