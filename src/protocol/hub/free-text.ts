/**
 * Takes the free text of a custom tool's call out of the arguments of the function that stands in
 * for it, `{"input":"..."}`, while they come in.
 */

/** Where in the arguments the next character stands. */
type Place =
  | 'before'
  | 'key'
  | 'name'
  | 'colon'
  | 'value'
  | 'skipped'
  | 'skipped-string'
  | 'closed'
  | 'text'
  | 'over'
  | 'raw'

/** The one key that the function has, which the schema of the stand-in names as well. */
export const INPUT = 'input'

/** What may stand before the text; a model that follows the schema needs a few characters. */
const heldCharsMax = 1_048_576

/** What white space is in JSON. */
const blank = /^[ \t\n\r]$/

const noArguments = /^[ \t\n\r]*(?:\{[ \t\n\r]*\}[ \t\n\r]*)?$/

/** The next end of the string, or the next escape in it. */
const special = /["\\]/g

/** An escape of which more must come before it is known what it stands for. */
const openEscape = /^\\(?:u[0-9a-fA-F]{0,3})?$/

const unicodeEscape = /^\\u[0-9a-fA-F]{4}/

const escapes: ReadonlyMap<string | undefined, string> = new Map([
  ['"', '"'],
  ['\\', '\\'],
  ['/', '/'],
  ['b', '\b'],
  ['f', '\f'],
  ['n', '\n'],
  ['r', '\r'],
  ['t', '\t'],
])

/**
 * The text of one call. Whatever the pieces are that the arguments come in, the pieces of text are
 * the same when they are joined, and none of them ends within a surrogate pair.
 *
 * Arguments that are not an object with a text under `input` are given back as they came: the
 * tool then says what is wrong with them, which the model understands better than silence.
 * An empty object, or nothing at all, is an empty text.
 */
export class FreeText {
  #place: Place = 'before'
  /** All there was before the text began. */
  #held = ''
  /** The key that is being read, as it is written. */
  #name = ''
  /** How deep the value lies that is being skipped. */
  #depth = 0
  #escaped = false
  /** The end of a piece that means something only with the next one. */
  #rest = ''

  /** The text began and did not end, as where the answer was cut off. */
  get isCut(): boolean {
    return this.#place === 'text'
  }

  /** What the next piece of the arguments adds to the text. */
  push(piece: string): string {
    if (this.#place === 'over') return ''
    if (this.#place === 'text') return this.#read(piece)
    if (this.#place === 'raw') return this.#whole(piece)
    for (let at = 0; at < piece.length; at += 1) {
      this.#place = this.#after(piece[at] ?? '')
      if (this.#place === 'text') return this.#begin(piece.slice(at + 1))
      if (this.#place === 'raw') break
    }
    this.#held += piece
    if (this.#held.length > heldCharsMax) this.#place = 'raw'
    return this.#place === 'raw' ? this.#whole(this.#release()) : ''
  }

  /** The arguments have ended: what is left of the text. */
  end(): string {
    const rest = this.#rest
    this.#rest = ''
    // An escape that was cut off stands for nothing yet; half of a pair stands for itself.
    if (this.#place === 'text') return rest.split('\\', 1)[0] ?? ''
    if (this.#place === 'over') return ''
    const held = this.#release()
    return rest + (noArguments.test(held) ? '' : held)
  }

  #begin(piece: string): string {
    this.#held = ''
    return this.#read(piece)
  }

  #release(): string {
    const held = this.#held
    this.#held = ''
    return held
  }

  /** The place after one character, outside of the text. */
  #after(char: string): Place {
    switch (this.#place) {
      case 'before':
        if (blank.test(char)) return 'before'
        return char === '{' ? 'key' : 'raw'
      case 'key':
        if (char === '}') return 'closed'
        if (char !== '"') return blank.test(char) || char === ',' ? 'key' : 'raw'
        this.#name = ''
        return 'name'
      case 'name':
        if (this.#endsString(char)) return 'colon'
        this.#name += char
        return 'name'
      case 'colon':
        if (blank.test(char)) return 'colon'
        return char === ':' ? 'value' : 'raw'
      case 'value':
        if (blank.test(char)) return 'value'
        if (!isInput(this.#name)) return this.#skip(char)
        return char === '"' ? 'text' : 'raw'
      case 'skipped':
        return this.#skip(char)
      case 'skipped-string':
        return this.#endsString(char) ? 'skipped' : 'skipped-string'
      default:
        return this.#place
    }
  }

  #endsString(char: string): boolean {
    if (this.#escaped) {
      this.#escaped = false
      return false
    }
    this.#escaped = char === '\\'
    return char === '"'
  }

  /** A character of the value of another key. */
  #skip(char: string): Place {
    if (char === '"') return 'skipped-string'
    if (char === '{' || char === '[') this.#depth += 1
    if (char === '}' || char === ']') {
      if (this.#depth === 0) return 'closed'
      this.#depth -= 1
    }
    return char === ',' && this.#depth === 0 ? 'key' : 'skipped'
  }

  /** A piece of the text, as it is written in JSON. */
  #read(piece: string): string {
    const written = this.#rest + piece
    this.#rest = ''
    let text = ''
    let at = 0
    while (at < written.length) {
      special.lastIndex = at
      const next = special.exec(written)?.index ?? written.length
      text += written.slice(at, next)
      if (next === written.length) break
      if (written[next] === '"') {
        this.#place = 'over'
        return text
      }
      const escaped = written.slice(next, next + 6)
      if (openEscape.test(escaped)) {
        // The half of a pair before it is written as it came, so that both can be read again.
        return this.#holdingHalf(text, escaped)
      }
      const known = unicodeEscape.test(escaped)
        ? String.fromCharCode(Number.parseInt(escaped.slice(2), 16))
        : escapes.get(escaped[1])
      // What is no escape in JSON is meant as it stands.
      text += known ?? '\\'
      at = next + (known === undefined ? 1 : escaped[1] === 'u' ? 6 : 2)
    }
    return this.#holdingHalf(text, '')
  }

  /** Keeps the first half of a pair back. */
  #holdingHalf(text: string, behind: string): string {
    const isHalf = /[\uD800-\uDBFF]$/.test(text)
    this.#rest = isHalf ? text.slice(-1) + behind : behind
    return isHalf ? text.slice(0, -1) : text
  }

  /** A piece of arguments that are given back as they are. */
  #whole(piece: string): string {
    return this.#holdingHalf(this.#rest + piece, '')
  }
}

/** Whether a key, as it is written between its quotes, is the one. */
function isInput(written: string): boolean {
  if (written === INPUT) return true
  if (!written.includes('\\')) return false
  try {
    return JSON.parse(`"${written}"`) === INPUT
  } catch {
    return false
  }
}
