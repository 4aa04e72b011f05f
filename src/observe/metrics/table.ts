/** The README's table of metrics, from the definitions by which they are counted. */
import { allFamilies } from './metrics.ts'

const cell = (text: string): string => text.replaceAll('|', '\\|')

/** Markdown, a row for each metric in the order in which they are written. */
export function metricsTable(): string {
  const rows = allFamilies.map(({ name, type, labels, help }) => {
    const named = labels.map((label) => `\`${label}\``).join(' ')
    return `| \`${name}\` | ${type} | ${named} | ${cell(help)} |`
  })
  return ['| metric | type | labels | what it tells |', '| --- | --- | --- | --- |', ...rows].join(
    '\n',
  )
}
