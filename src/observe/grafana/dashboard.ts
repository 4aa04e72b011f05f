/** The Grafana dashboard as the JSON that Grafana imports. Printed by `sluice --print-grafana`. */
import type { DashboardRow, Panel } from './panels.ts'
import { rows } from './rows.ts'

/** Of Grafana 11 and 12; older and newer ones migrate it by themselves. */
const schemaVersion = 41

const columns = 24
const datasource = { type: 'prometheus', uid: '$datasource' } as const

/** One panel with its place. */
interface PlacedPanel {
  readonly id: number
  readonly type: string
  readonly title: string
  readonly gridPos: {
    readonly x: number
    readonly y: number
    readonly w: number
    readonly h: number
  }
  readonly [field: string]: unknown
}

/** The whole dashboard. */
export function grafanaDashboard() {
  return {
    __inputs: [],
    __requires: [
      { type: 'grafana', id: 'grafana', name: 'Grafana', version: '10.4.0' },
      { type: 'datasource', id: 'prometheus', name: 'Prometheus', version: '1.0.0' },
    ],
    uid: 'sluice',
    title: 'sluice',
    description: 'Streams between applications and LLM providers.',
    tags: ['sluice', 'llm'],
    schemaVersion,
    version: 1,
    editable: true,
    graphTooltip: 1,
    liveNow: false,
    refresh: '30s',
    time: { from: 'now-1h', to: 'now' },
    timepicker: {},
    timezone: 'browser',
    fiscalYearStartMonth: 0,
    weekStart: '',
    links: [],
    annotations: { list: [rollouts] },
    templating: {
      list: [
        datasourceVariable,
        labelVariable('instance', 'Instance', 'sluice_build_info', 'instance'),
        labelVariable('provider', 'Provider', 'sluice_requests_total', 'provider'),
        labelVariable(
          'model',
          'Model',
          'gen_ai_server_request_duration_seconds_count{provider=~"$provider"}',
          'gen_ai_response_model',
        ),
      ],
    },
    panels: placed(rows),
  }
}

/** The text of it. */
export const grafanaText = (): string => `${JSON.stringify(grafanaDashboard(), null, 2)}\n`

/** A mark where another configuration was taken over. */
const rollouts = {
  name: 'Configurations',
  datasource,
  enable: true,
  hide: false,
  iconColor: 'blue',
  expr: 'changes(sluice_configurations{instance=~"$instance"}[2m]) > 0',
  titleFormat: 'another configuration',
  step: '60s',
}

const datasourceVariable = {
  name: 'datasource',
  label: 'Data source',
  type: 'datasource',
  query: 'prometheus',
  current: {},
  hide: 0,
  includeAll: false,
  multi: false,
  options: [],
  refresh: 1,
  regex: '',
}

function labelVariable(name: string, label: string, metric: string, of: string) {
  const definition = `label_values(${metric}, ${of})`
  return {
    name,
    label,
    type: 'query',
    datasource,
    definition,
    query: { query: definition, refId: `variable-${name}`, qryType: 1 },
    current: { text: ['All'], value: ['$__all'] },
    allValue: '.*',
    hide: 0,
    includeAll: true,
    multi: true,
    options: [],
    refresh: 2,
    regex: '',
    sort: 1,
  }
}

/** Rows below each other, and the panels of each from left to right. */
function placed(all: readonly DashboardRow[]): readonly PlacedPanel[] {
  const panels: PlacedPanel[] = []
  let y = 0
  const nextId = (): number => panels.length + 1
  for (const { title, panels: inRow } of all) {
    const gridPos = { x: 0, y, w: columns, h: 1 }
    panels.push({ id: nextId(), type: 'row', title, gridPos, collapsed: false, panels: [] })
    y += 1
    let x = 0
    let lineHeight = 0
    for (const panel of inRow) {
      if (x + panel.width > columns) {
        x = 0
        y += lineHeight
        lineHeight = 0
      }
      const place = { x, y, w: panel.width, h: panel.height }
      panels.push({ id: nextId(), gridPos: place, ...panelJson(panel) })
      x += panel.width
      lineHeight = Math.max(lineHeight, panel.height)
    }
    y += lineHeight
  }
  return panels
}

function panelJson(panel: Panel) {
  const { title, description, type, queries } = panel
  return {
    type,
    title,
    description,
    datasource,
    targets: queries.map(({ expr, legend }, index) => ({
      datasource,
      refId: String.fromCharCode('A'.charCodeAt(0) + index),
      editorMode: 'code',
      expr,
      format: type === 'heatmap' ? 'heatmap' : 'time_series',
      legendFormat: legend,
      range: type !== 'stat',
      instant: type === 'stat',
    })),
    fieldConfig: { defaults: defaultsOf(panel), overrides: [] },
    options: optionsOf(panel),
  }
}

function defaultsOf({ type, unit, thresholds = [], words, isStacked = false }: Panel) {
  const steps = thresholds.map(([color, value], index) => ({
    color,
    value: index === 0 ? null : value,
  }))
  return {
    unit,
    min: unit === 'percentunit' || type === 'timeseries' ? 0 : undefined,
    color: { mode: thresholds.length > 0 ? 'thresholds' : 'palette-classic' },
    thresholds: { mode: 'absolute', steps: steps.length > 0 ? steps : noSteps },
    mappings: words === undefined ? [] : [{ type: 'value', options: wordOptions(words) }],
    custom: type === 'timeseries' ? lineStyle(isStacked) : {},
  }
}

const noSteps = [{ color: 'green', value: null }]

const wordOptions = (words: NonNullable<Panel['words']>) =>
  Object.fromEntries(
    Object.entries(words).map(([value, [text, color]], index) => [value, { text, color, index }]),
  )

const lineStyle = (isStacked: boolean) => ({
  drawStyle: 'line',
  lineWidth: 1,
  fillOpacity: isStacked ? 30 : 10,
  showPoints: 'never',
  spanNulls: false,
  stacking: { mode: isStacked ? 'normal' : 'none', group: 'A' },
})

function optionsOf({ type }: Panel) {
  const legend = { displayMode: 'list', placement: 'bottom', showLegend: true, calcs: [] }
  switch (type) {
    case 'stat':
      return {
        colorMode: 'value',
        graphMode: 'none',
        reduceOptions: { calcs: ['lastNotNull'], fields: '', values: false },
        textMode: 'auto',
      }
    case 'heatmap':
      return {
        calculate: false,
        color: { mode: 'scheme', scheme: 'Blues', steps: 64 },
        yAxis: { unit: 's', axisPlacement: 'left' },
        cellGap: 1,
        tooltip: { mode: 'single', yHistogram: false },
      }
    case 'state-timeline':
      return { legend, mergeValues: true, showValue: 'auto', rowHeight: 0.9 }
    default:
      return { legend, tooltip: { mode: 'multi', sort: 'desc' } }
  }
}
