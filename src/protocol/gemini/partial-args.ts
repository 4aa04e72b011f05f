/**
 * Arguments that Vertex streams piece by piece (`streamFunctionCallArguments`): each entry is a
 * place (`$.a[0].b`) and a value; texts of one place are concatenated until an entry without
 * `willContinue`. The arguments are complete when the call is, and said in one go then.
 */
import { isObject, type JsonObject, numberAt, textAt } from '../../core/json.ts'

/** Deeper or wider than any tool's arguments; a place beyond it is not followed. */
const stepsMax = 64
const pathCharsMax = 2_048

type Container = { [key: string]: unknown } | unknown[]

/** The arguments of one call while they come. */
export class PartialArguments {
  readonly #root: Container = newObject()
  #openPath: string | null = null

  /** Takes the entries of one part; what is no entry is ignored. */
  add(entries: unknown): void {
    if (!Array.isArray(entries)) return
    for (const entry of entries) if (isObject(entry)) this.#addEntry(entry)
  }

  /** A whole `args` object beside or instead of entries. */
  merge(args: JsonObject): void {
    for (const [key, value] of Object.entries(args)) setAt(this.#root, key, value)
  }

  /** The arguments as JSON; `{}` where none came. */
  toText(): string {
    return JSON.stringify(this.#root)
  }

  #addEntry(entry: JsonObject): void {
    const path = textAt(entry, 'jsonPath')
    if (path === null) return
    const steps = stepsOf(path)
    const last = steps?.at(-1)
    if (steps === null || last === undefined) return
    const container = this.#containerOf(steps)
    if (container === null) return
    const value = entryValue(entry)
    if (typeof value === 'string') {
      const before = this.#openPath === path ? getAt(container, last) : ''
      setAt(container, last, typeof before === 'string' ? before + value : value)
      this.#openPath = entry.willContinue === true ? path : null
    } else if (value !== undefined) {
      setAt(container, last, value)
      this.#openPath = null
    }
  }

  /** Where the last step is taken, making what is missing on the way. */
  #containerOf(steps: readonly (string | number)[]): Container | null {
    let container: Container = this.#root
    for (let index = 0; index + 1 < steps.length; index += 1) {
      const step = steps[index] as string | number
      let next = getAt(container, step)
      if (next === undefined || next === null) {
        next = typeof steps[index + 1] === 'number' ? [] : newObject()
        setAt(container, step, next)
      }
      if (typeof next !== 'object' || next === null) return null
      container = next as Container
    }
    return container
  }
}

/** Without a prototype, so that no key of a provider has a meaning of its own. */
const newObject = (): { [key: string]: unknown } => Object.create(null)

function entryValue(entry: JsonObject): unknown {
  const text = textAt(entry, 'stringValue')
  if (text !== null) return text
  const number = numberAt(entry, 'numberValue')
  if (number !== null) return number
  if (typeof entry.boolValue === 'boolean') return entry.boolValue
  return 'nullValue' in entry ? null : undefined
}

function getAt(container: Container, step: string | number): unknown {
  if (Array.isArray(container)) return typeof step === 'number' ? container[step] : undefined
  return Object.hasOwn(container, step) ? container[String(step)] : undefined
}

/** An index beyond the end goes to the end: a list never gets longer than what was put in it. */
function setAt(container: Container, step: string | number, value: unknown): void {
  if (!Array.isArray(container)) container[String(step)] = value
  else if (typeof step === 'number') container[Math.min(step, container.length)] = value
}

/** `$.a[0]['b c']` as its steps, or null for what is no such path. */
function stepsOf(path: string): readonly (string | number)[] | null {
  if (!path.startsWith('$') || path.length > pathCharsMax) return null
  const steps: (string | number)[] = []
  const step = /\.([^.[\]]+)|\[(\d{1,9})\]|\[(?:'((?:[^'\\]|\\.)*)'|"((?:[^"\\]|\\.)*)")\]/y
  step.lastIndex = 1
  while (step.lastIndex < path.length) {
    const found = step.exec(path)
    if (found === null || steps.length >= stepsMax) return null
    const [, name, index, single, double] = found
    const quoted = single ?? double
    if (index !== undefined) steps.push(Number(index))
    else steps.push(name ?? (quoted ?? '').replace(/\\(.)/g, '$1'))
  }
  return steps
}
