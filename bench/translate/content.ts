/** What the streams of the benches say: the same, in every dialect. */

/**
 * What the deltas of a stream are: text, the arguments of one call of a tool, or thinking.
 */
export type Content = 'text' | 'arguments' | 'reasoning'

/** All of them, in the order in which they are told of. */
export const contents: readonly Content[] = ['text', 'arguments', 'reasoning']

/** The tool that is called, wherever one is. */
export const tool = { id: 'call_bench0123456789', name: 'write' } as const

/** What the deltas say one by one; arguments make one JSON object. */
export function piecesOf(content: Content, count: number): readonly string[] {
  const words = Array.from({ length: count }, (_, turn) => ` word${turn}`)
  return content === 'arguments' ? ['{"text":"', ...words.slice(2), '"}'] : words
}

/** A stream of that many events in all. @param write the events of a stream with these deltas. */
export function streamOf<Event>(
  write: (content: Content, pieces: readonly string[]) => readonly Event[],
  content: Content,
  events: number,
): readonly Event[] {
  const around = write(content, piecesOf(content, 2)).length - 2
  return write(content, piecesOf(content, events - around))
}
