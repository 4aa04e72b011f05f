/** What is in a heap snapshot, by class: how many there are and how much memory they take. */
import { readFileSync } from 'node:fs'

/** The objects of one class; what has no class goes by its kind. */
export interface ClassSize {
  readonly name: string
  readonly count: number
  /** Without what they refer to. */
  readonly bytes: number
}

interface Snapshot {
  readonly snapshot: {
    readonly meta: {
      readonly node_fields: readonly string[]
      readonly node_types: readonly [readonly string[], ...unknown[]]
    }
  }
  readonly nodes: readonly number[]
  readonly strings: readonly string[]
}

/** Kinds whose nodes are named by what is in them, which is nobody's class. */
const nameless: ReadonlySet<string> = new Set([
  ...['string', 'concatenated string', 'sliced string', 'number', 'bigint', 'symbol', 'regexp'],
  ...['closure', 'code', 'hidden', 'object shape'],
])

/** Sums up a `.heapsnapshot`, by class. */
export function classesOf(file: string): ReadonlyMap<string, ClassSize> {
  const { snapshot, nodes, strings } = JSON.parse(readFileSync(file, 'utf8')) as Snapshot
  const fields = snapshot.meta.node_fields
  const at = (field: string): number => fields.indexOf(field)
  const [typeAt, nameAt, sizeAt] = [at('type'), at('name'), at('self_size')]
  const [types] = snapshot.meta.node_types
  const classes = new Map<string, ClassSize>()
  for (let start = 0; start < nodes.length; start += fields.length) {
    const type = types[nodes[start + typeAt] ?? 0] ?? ''
    const own = strings[nodes[start + nameAt] ?? 0] ?? ''
    const name = nameless.has(type) || own === '' ? `(${type})` : own
    const { count, bytes } = classes.get(name) ?? { count: 0, bytes: 0 }
    const size = nodes[start + sizeAt] ?? 0
    classes.set(name, { name, count: count + 1, bytes: bytes + size })
  }
  return classes
}

/** What there was more of at the end than at the beginning, the most bytes first. */
export function grown(
  before: ReadonlyMap<string, ClassSize>,
  after: ReadonlyMap<string, ClassSize>,
): readonly ClassSize[] {
  const none = { count: 0, bytes: 0 }
  return [...after.values()]
    .map(({ name, count, bytes }) => {
      const old = before.get(name) ?? none
      return { name, count: count - old.count, bytes: bytes - old.bytes }
    })
    .filter(({ count, bytes }) => count > 0 || bytes > 0)
    .sort((one, other) => other.bytes - one.bytes || other.count - one.count)
}
