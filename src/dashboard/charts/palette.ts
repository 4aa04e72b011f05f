/** The colours of the style sheet for what is drawn on a canvas, which knows no style sheet. */

/** What a line can be coloured as; each is a property `--line-<name>` of the style sheet. */
export type LineColour = 'blue' | 'teal' | 'amber' | 'red' | 'violet' | 'grey'

/** Resolved colours. */
export interface Palette {
  readonly lines: Readonly<Record<LineColour, string>>
  readonly grid: string
  readonly label: string
}

const lineColours: readonly LineColour[] = ['blue', 'teal', 'amber', 'red', 'violet', 'grey']

/** Reads them from an element: a property holds a formula, its use as a colour the result. */
export function readPalette(element: HTMLElement): Palette {
  const probe = document.createElement('span')
  element.append(probe)
  const read = (name: string): string => {
    probe.style.color = `var(--${name})`
    return getComputedStyle(probe).color
  }
  const lines = Object.fromEntries(lineColours.map((name) => [name, read(`line-${name}`)]))
  const palette = {
    lines: lines as Record<LineColour, string>,
    grid: read('grid'),
    label: read('text-soft'),
  }
  probe.remove()
  return palette
}
