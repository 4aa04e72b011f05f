/** The script and the style of the dashboard, as the build put them in. */
import { bundle } from './bundle.ts' with { type: 'macro' }

/** The script: the page's own code, React and uPlot. */
export const script: string = bundle('page.tsx')

/** The style sheet. */
export const style: string = bundle('page.css')
