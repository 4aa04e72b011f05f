/** The README's table "What does not translate", from the data that the writers obey. */
import type { Loss, Losses } from './losses.ts'

const row = (cells: readonly string[]): string =>
  `| ${cells.map((cell) => cell.replaceAll('|', '\\|').replaceAll('\n', ' ')).join(' | ')} |`

/** Markdown: a heading for each dialect, a row for each thing that it has no words for. */
export function lossesTable(all: readonly Losses[]): string {
  return all
    .flatMap(({ dialect, request, answer }) => [
      `**${dialect}**`,
      '',
      row(['in', 'what', 'how', 'what happens']),
      row(['---', '---', '---', '---']),
      ...request.map((loss) => lossRow('request', loss)),
      ...answer.map((loss) => lossRow('answer', loss)),
      '',
    ])
    .join('\n')
    .trimEnd()
}

const lossRow = (where: string, { what, how, note }: Loss): string =>
  row([where, `\`${what}\``, how, note])
