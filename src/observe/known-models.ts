/**
 * Which names of models may stand in what is counted by name. Callers can make up any number of
 * them; the operator, the table of prices and the lists of the providers know only so many.
 */

/** What stands for all names that nobody but a caller has said. */
export const OTHER = 'other'

/** Names that are learned from providers' lists; a catalogue of all there is has fewer. */
const LEARNED_MAX = 4000

/** The models of each provider that are known by name. */
export class KnownModels {
  #configured: ReadonlySet<string> = new Set()
  readonly #learned = new Set<string>()
  #revision = 0

  /** Changes whenever a name may have become known. */
  get revision(): number {
    return this.#revision
  }

  /** Takes in those of another configuration, as `provider/model`. */
  configure(names: Iterable<string>): void {
    this.#configured = new Set(names)
    this.#revision += 1
  }

  /** Takes in those of a list that providers gave, as `provider/model`. */
  learn(names: Iterable<string>): void {
    this.#revision += 1
    for (const name of names) {
      if (this.#learned.size >= LEARNED_MAX) return
      this.#learned.add(name)
    }
  }

  /** The model as it may stand in a name; null where none was asked for. */
  nameOf(provider: string | null, model: string | null): string | null {
    if (model === null) return null
    const name = `${provider}/${model}`
    return this.#configured.has(name) || this.#learned.has(name) ? model : OTHER
  }
}
