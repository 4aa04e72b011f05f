/** The README's table of what is different for single providers, from the data that is obeyed. */
import type { Quirk } from './quirks.ts'

const cell = (text: string): string => text.replaceAll('|', '\\|')

/**
 * Markdown, a row for each difference, with the providers that share it.
 * @param quirks by kind.
 */
export function quirksTable(quirks: Readonly<Record<string, readonly Quirk[]>>): string {
  const kinds = new Map<string, string[]>()
  for (const [kind, list] of Object.entries(quirks)) {
    for (const { what, how, note } of list) {
      const row = `| \`${cell(what)}\` | ${how} | ${cell(note)} |`
      kinds.set(row, [...(kinds.get(row) ?? []), kind])
    }
  }
  const rows = [...kinds].sort(([left], [right]) => (left < right ? -1 : 1))
  const head = ['| field | how | what happens | where |', '| --- | --- | --- | --- |']
  return [...head, ...rows.map(([row, where]) => `${row} ${where.sort().join(', ')} |`)].join('\n')
}
