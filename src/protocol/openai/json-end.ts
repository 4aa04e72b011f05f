/** Finds the end of a JSON object that comes in fragments, without keeping them. */

const QUOTE = 0x22
const BACKSLASH = 0x5c
const OPEN_BRACKET = 0x5b
const CLOSE_BRACKET = 0x5d
const OPEN_BRACE = 0x7b
const CLOSE_BRACE = 0x7d

/** Counts brackets outside of strings. One for each object. */
export class JsonEnd {
  #depth = 0
  #inString = false
  #escaped = false
  #begun = false

  /** Whether an object or a list began and has ended, so that nothing can follow. */
  get complete(): boolean {
    return this.#begun && this.#depth === 0
  }

  /** Takes the next fragment. */
  take(text: string): void {
    for (let index = 0; index < text.length; index += 1) {
      const char = text.charCodeAt(index)
      if (this.#inString) this.#takeInString(char)
      else this.#takeOutside(char)
    }
  }

  #takeInString(char: number): void {
    if (this.#escaped) this.#escaped = false
    else if (char === BACKSLASH) this.#escaped = true
    else if (char === QUOTE) this.#inString = false
  }

  #takeOutside(char: number): void {
    if (char === QUOTE) this.#inString = true
    else if (char === OPEN_BRACE || char === OPEN_BRACKET) {
      this.#begun = true
      this.#depth += 1
    } else if (char === CLOSE_BRACE || char === CLOSE_BRACKET) {
      this.#depth -= 1
    }
  }
}
