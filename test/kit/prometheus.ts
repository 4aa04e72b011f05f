/** Reads the text format of Prometheus, line by line and strictly. */

/** One line with a value. */
export interface PrometheusSample {
  readonly name: string
  readonly labels: Readonly<Record<string, string>>
  readonly value: number
}

/** A scrape. */
export class Scrape {
  readonly samples: readonly PrometheusSample[]

  /** Throws where a line is neither a comment nor a sample. */
  constructor(text: string) {
    this.samples = text
      .split('\n')
      .filter((line) => line !== '' && !line.startsWith('# '))
      .map(sampleOf)
  }

  /** The names of all lines and their labels, sorted: the series. */
  get series(): readonly string[] {
    return this.samples.map(({ name, labels }) => `${name}${JSON.stringify(labels)}`).toSorted()
  }

  /** The sum of the samples of that name with at least these labels. */
  sum(name: string, labels: Readonly<Record<string, string>> = {}): number {
    return this.of(name, labels).reduce((sum, { value }) => sum + value, 0)
  }

  /** The samples of that name with at least these labels. */
  of(name: string, labels: Readonly<Record<string, string>> = {}): readonly PrometheusSample[] {
    const wanted = Object.entries(labels)
    return this.samples.filter(
      (sample) =>
        sample.name === name && wanted.every(([label, value]) => sample.labels[label] === value),
    )
  }

  /** What is wrong with its histograms: bounds, counts that fall, a last bucket that is not all. */
  brokenHistograms(): readonly string[] {
    const groups = new Map<string, { le: number; count: number }[]>()
    for (const { name, labels, value } of this.samples) {
      if (!name.endsWith('_bucket')) continue
      const { le = '', ...rest } = labels
      const key = `${name.slice(0, -'_bucket'.length)} ${keyOf(rest)}`
      const bound = le === '+Inf' ? Number.POSITIVE_INFINITY : Number(le)
      groups.set(key, [...(groups.get(key) ?? []), { le: bound, count: value }])
    }
    const counts = new Map(
      this.samples
        .filter(({ name }) => name.endsWith('_count'))
        .map(({ name, labels, value }) => [`${name.slice(0, -6)} ${keyOf(labels)}`, value]),
    )
    return [...groups].flatMap(([key, buckets]) => {
      const isAscending = buckets.every(({ le, count }, index) => {
        const before = buckets[index - 1]
        return before === undefined || (le > before.le && count >= before.count)
      })
      const last = buckets.at(-1)
      const isWhole = last?.le === Number.POSITIVE_INFINITY && last.count === counts.get(key)
      return isAscending && isWhole ? [] : [`${key}: ${JSON.stringify(buckets)}`]
    })
  }

  /** How many histograms it has, each set of labels for itself. */
  get histogramCount(): number {
    return this.samples.filter(({ labels }) => labels.le === '+Inf').length
  }
}

const keyOf = (labels: Readonly<Record<string, string>>): string =>
  JSON.stringify(Object.entries(labels).toSorted())

const line = /^([a-zA-Z_:][\w:]*)(?:\{(.*)\})? (-?(?:\d+(?:\.\d+)?(?:e[+-]?\d+)?)|[+-]Inf)$/
const label = /^([a-zA-Z_]\w*)="((?:[^"\\]|\\["\\n])*)"(?:,|$)/

function sampleOf(text: string): PrometheusSample {
  const found = line.exec(text)
  if (found === null) throw new Error(`no sample: ${text}`)
  const [, name = '', inside = '', value = ''] = found
  const labels: Record<string, string> = {}
  for (let rest = inside; rest !== ''; ) {
    const next = label.exec(rest)
    if (next === null) throw new Error(`no label: ${rest}`)
    const [whole, key = '', escaped = ''] = next
    if (Object.hasOwn(labels, key)) throw new Error(`twice the label ${key}: ${text}`)
    labels[key] = escaped.replace(/\\(.)/g, (_, letter) => (letter === 'n' ? '\n' : letter))
    rest = rest.slice(whole.length)
  }
  return { name, labels, value: Number(value.replace('Inf', 'Infinity')) }
}
