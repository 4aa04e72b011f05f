/** The parser has no types of its own. It knows the labels of counters and gauges only. */
declare module 'parse-prometheus-text-format' {
  /** One metric. Throws for what is not the format. */
  export default function parse(text: string): readonly {
    readonly name: string
    readonly help: string
    readonly type: 'COUNTER' | 'GAUGE' | 'HISTOGRAM'
    readonly metrics: readonly {
      readonly value?: string
      readonly labels?: Readonly<Record<string, string>>
    }[]
  }[]
}
