/** Comments of ours in an event stream, which readers of every dialect leave out. */
import type { Protocol } from './protocol.ts'

/**
 * A comment line. Google's SDK takes what stands before an event for a part of it, so for Gemini it
 * ends with a blank line; the others end an event at such a line, and Python's SDK dies of one that
 * is empty (reliability 2.3).
 */
export function commentOf({ name }: Pick<Protocol, 'name'>, text: string): string {
  return `: sluice ${text}${name === 'gemini' ? '\r\n\r\n' : '\n'}`
}
