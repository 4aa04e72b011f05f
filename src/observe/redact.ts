/**
 * The one place that takes secrets out of what is written down: those that the configuration holds,
 * by their exact text, and whatever has the shape of a well-known kind of key. A model's name, a
 * provider's reason, a system's message: nobody knows what is in them.
 */
import { RecentMap } from '../core/recent.ts'
import { maskSecrets } from '../core/secrets.ts'

const MASK = '***'

/** A shorter secret would be found in words that are none, and tell by their absence what it is. */
const SECRET_CHARACTERS_MIN = 8

/** Nothing that anyone means to read is longer; and half a secret could not be found. */
const TEXT_CHARACTERS_MAX = 8192

/** Names of models and providers come again and again. */
const RECENT_TEXTS_MAX = 500
const RECENT_CHARACTERS_MAX = 200

/**
 * What ends a line, steers a terminal or turns the direction of text: a name must not be able to
 * write another line, or to hide a part of its own.
 */
const steering = /[\u0000-\u001f\u007f-\u009f\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]/g

/** Texts without secrets, without control characters, and not too long. */
export class Redactor {
  readonly #recent = new RecentMap<string, string>(RECENT_TEXTS_MAX)
  /** The secrets by their first characters, those that are longer before those that are shorter. */
  #secrets: ReadonlyMap<string, readonly string[]> = new Map()

  /** @param secrets the exact texts that may not be written */
  constructor(secrets: readonly string[] = []) {
    this.renew(secrets)
  }

  /** Looks for these from now on, and no longer for those before. */
  renew(secrets: readonly string[]): void {
    const known = [...new Set(secrets)].filter(({ length }) => length >= SECRET_CHARACTERS_MIN)
    known.sort((one, other) => other.length - one.length)
    this.#secrets = Map.groupBy(known, beginning)
    this.#recent.forget(() => true)
  }

  /** A text as it may be written, cut to `charactersMax`. */
  clean(text: string, charactersMax: number): string {
    const clean = text.length <= RECENT_CHARACTERS_MAX ? this.#cleanShort(text) : this.#scrub(text)
    return clean.length <= charactersMax ? clean : `${clean.slice(0, charactersMax - 1)}…`
  }

  /** Any value as it may be written, with the texts in lists and objects. */
  cleanAll(value: unknown, charactersMax: number): unknown {
    if (typeof value === 'string') return this.clean(value, charactersMax)
    if (typeof value !== 'object' || value === null) return value
    if (Array.isArray(value)) return value.map((item) => this.cleanAll(item, charactersMax))
    return Object.fromEntries(
      Object.entries(value).map(([name, item]) => [name, this.cleanAll(item, charactersMax)]),
    )
  }

  #cleanShort(text: string): string {
    const known = this.#recent.get(text)
    if (known !== undefined) return known
    const clean = this.#scrub(text)
    this.#recent.set(text, clean)
    return clean
  }

  #scrub(text: string): string {
    if (text.length > TEXT_CHARACTERS_MAX) return `(${text.length} characters)`
    return maskSecrets(this.#maskKnown(text)).replace(steering, '?').toWellFormed()
  }

  /** One look at each position, however many secrets there are. */
  #maskKnown(text: string): string {
    if (this.#secrets.size === 0) return text
    let masked = ''
    let copied = 0
    for (let at = 0; at + SECRET_CHARACTERS_MIN <= text.length; ) {
      const candidates = this.#secrets.get(text.slice(at, at + SECRET_CHARACTERS_MIN))
      const found = candidates?.find((secret) => text.startsWith(secret, at))
      if (found === undefined) {
        at += 1
        continue
      }
      masked += text.slice(copied, at) + MASK
      at += found.length
      copied = at
    }
    return copied === 0 ? text : masked + text.slice(copied)
  }
}

const beginning = (secret: string): string => secret.slice(0, SECRET_CHARACTERS_MIN)
