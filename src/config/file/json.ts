/**
 * Reads JSON as strictly as a configuration wants it. The runtime's own parser tells no position,
 * and of two equal keys it silently takes the last, which is how a limit gets lost.
 */

/** What a text says, or every reason why it cannot be used. */
export type JsonRead =
  | { readonly ok: true; readonly value: unknown }
  | { readonly ok: false; readonly problems: readonly JsonProblem[] }

/** One reason. It quotes one character at most, because a file can hold what nobody may see. */
export interface JsonProblem {
  /** Where in the value, as keys and indices; empty where the text is no JSON at all. */
  readonly path: readonly (string | number)[]
  /** Begins with "must" and ends with the position. */
  readonly rule: string
}

/** Deeper nesting than any configuration has. */
const DEPTH_MAX = 64

const blanks = /[ \t\r\n]*/y
const strings = /"(?:[^"\\\u0000-\u001f]+|\\(?:["\\/bfnrt]|u[\dA-Fa-f]{4}))*"/y
const numbers = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y
const words = /true|false|null/y

/** Reads one JSON value. Never throws. A byte order mark in front is left out. */
export function readJson(text: string): JsonRead {
  const reader = new JsonReader(text.replace(/^\uFEFF/, ''))
  try {
    const value = reader.document()
    const { problems } = reader
    return problems.length === 0 ? { ok: true, value } : { ok: false, problems }
  } catch (thrown) {
    if (!(thrown instanceof NoJson)) throw thrown
    return { ok: false, problems: [{ path: [], rule: thrown.message }] }
  }
}

/** Ends the reading at the first character that cannot be. Never leaves this file. */
class NoJson extends Error {}

class JsonReader {
  readonly problems: JsonProblem[] = []
  readonly #text: string
  readonly #path: (string | number)[] = []
  #at = 0

  constructor(text: string) {
    this.#text = text
  }

  document(): unknown {
    const value = this.#value()
    if (this.#next() !== '') throw this.#unexpected()
    return value
  }

  #value(): unknown {
    const next = this.#next()
    if (this.#path.length > DEPTH_MAX) {
      throw new NoJson(`must be nested ${DEPTH_MAX} levels deep at most, ${this.#position()}`)
    }
    if (next === '{') return this.#object()
    if (next === '[') return this.#list()
    const pattern = next === '"' ? strings : /[-\d]/.test(next) ? numbers : words
    return JSON.parse(this.#take(pattern))
  }

  #object(): Record<string, unknown> {
    const object: Record<string, unknown> = {}
    this.#items('}', () => {
      if (this.#next() !== '"') throw this.#unexpected()
      const at = this.#position()
      const key: string = JSON.parse(this.#take(strings))
      this.#path.push(key)
      if (key === '__proto__') this.#refuse('must not be the name of anything', at)
      else if (Object.hasOwn(object, key)) this.#refuse('must be there once', at)
      this.#expect(':')
      const value = this.#value()
      if (key !== '__proto__') object[key] = value
      this.#path.pop()
    })
    return object
  }

  #list(): unknown[] {
    const list: unknown[] = []
    this.#items(']', () => {
      this.#path.push(list.length)
      list.push(this.#value())
      this.#path.pop()
    })
    return list
  }

  /** What stands between a bracket and its counterpart, with commas between. */
  #items(end: string, readItem: () => void): void {
    this.#at++
    if (this.#next() === end) {
      this.#at++
      return
    }
    while (true) {
      readItem()
      if (this.#next() === end) break
      this.#expect(',')
    }
    this.#at++
  }

  /** The next character that is not blank; empty at the end of the text. */
  #next(): string {
    blanks.lastIndex = this.#at
    this.#at += blanks.exec(this.#text)?.[0].length ?? 0
    return this.#text.charAt(this.#at)
  }

  #take(pattern: RegExp): string {
    pattern.lastIndex = this.#at
    const [found] = pattern.exec(this.#text) ?? []
    if (found === undefined) throw this.#unexpected()
    this.#at += found.length
    return found
  }

  #expect(character: string): void {
    if (this.#next() !== character) throw this.#unexpected()
    this.#at++
  }

  #refuse(rule: string, at: string): void {
    this.problems.push({ path: [...this.#path], rule: `${rule}, ${at}` })
  }

  #unexpected(): NoJson {
    const found = this.#text.charAt(this.#at)
    const what = found === '' ? 'the end' : JSON.stringify(found)
    return new NoJson(`must be JSON, unexpected ${what} ${this.#position()}`)
  }

  #position(): string {
    const before = this.#text.slice(0, this.#at).split('\n')
    return `at line ${before.length}, column ${(before.at(-1)?.length ?? 0) + 1}`
  }
}
