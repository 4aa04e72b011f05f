/** A chart as a table, in the place of its drawing. */
import { clock } from '../format.ts'
import type { ChartProps } from './chart.tsx'
import { chartRows } from './summary.ts'

/** Scrolls within the height of the drawing, so that nothing below it moves. */
export function ChartTable({ spec, seconds }: ChartProps) {
  const rows = chartRows(spec, seconds)
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached by keyboard.
    <section className="plot scrolls" aria-label={`Table of ${spec.title}`} tabIndex={0}>
      <table>
        <caption className="unseen">{spec.title}: the highest value of each span of time</caption>
        <thead>
          <tr>
            <th scope="col">Until</th>
            {spec.lines.map(({ label }) => (
              <th key={label} scope="col" className="number">
                {label}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map(({ at, values }) => (
            <tr key={at}>
              <th scope="row">{clock(at)}</th>
              {spec.lines.map(({ label, format }, index) => (
                <td key={label} className="number">
                  {format(values[index] ?? null)}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  )
}
