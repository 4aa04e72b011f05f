/** Reads variables one after another and gathers every problem, so that all are told at once. */
import { type Environment, shownText, type Variable } from './variable.ts'

/** One value in effect, as it may be shown. */
export interface Setting {
  readonly name: string
  readonly text: string
  /** False where the default stands. */
  readonly given: boolean
  /** Where in the configuration file the value stands, if that is where it comes from. */
  readonly source?: string
}

/** Reads rows of the table from one environment. */
export class Reader {
  /** One line for each wrong value, in the order of reading. */
  readonly problems: string[] = []
  /** What was read, in the order of reading. */
  readonly settings: Setting[] = []
  readonly #environment: Environment

  constructor(environment: Environment) {
    this.#environment = environment
  }

  /** Whether the environment says something; an empty value says nothing, as in a shell. */
  isGiven(name: string): boolean {
    return (this.#environment[name] ?? '').trim() !== ''
  }

  /** The value in effect. A wrong one becomes a problem, and the default is returned instead. */
  read<Value>(variable: Variable<Value>): Value {
    const given = this.isGiven(variable.name)
    const text = given ? (this.#environment[variable.name] ?? '') : variable.default
    const result = variable.kind.safeParse(text)
    if (result.success) {
      this.settings.push({ name: variable.name, text: shownText(variable, text), given })
      return result.data
    }
    this.reject(variable, result.error.issues[0]?.message ?? 'must be valid', text)
    return variable.kind.parse(variable.default)
  }

  /** Notes that the file has its say on a variable that the environment does not set. */
  replace(name: string, text: string, source: string): void {
    const setting = { name, text, given: true, source }
    const index = this.settings.findIndex((each) => each.name === name)
    if (index < 0) this.settings.push(setting)
    else this.settings[index] = setting
  }

  /** Adds a problem of a value that is well-formed but cannot be. `rule` begins with "must". */
  reject(variable: Variable<unknown>, rule: string, text: string): void {
    this.problems.push(`${variable.name}: ${rule}, got ${quoted(shownText(variable, text))}`)
  }
}

/** A value on one line, whatever it contains and however long it is. */
export function quoted(text: string): string {
  return JSON.stringify(text.length > 80 ? `${text.slice(0, 77)}...` : text)
}
