/**
 * Names that look like ours and are not. A misspelt variable would otherwise be a limit that the
 * operator believes in and that does not exist.
 */
import { endpointNames } from './config.ts'
import { streamVariables } from './stream-variables.ts'
import type { Environment, Variable } from './variable.ts'

/** The suffix of an endpoint's override: `chat-completions` is `CHAT_COMPLETIONS`. */
export const endpointSuffix = (endpoint: string): string =>
  endpoint.toUpperCase().replaceAll('-', '_')

/** The variable's name for one endpoint. */
export const overrideName = (name: string, endpoint: string): string =>
  `${name}__${endpointSuffix(endpoint)}`

/** Every name an override can have. */
const overrideNames: ReadonlySet<string> = new Set(
  Object.values(streamVariables).flatMap((variable) =>
    endpointNames.map((endpoint) => overrideName(variable.name, endpoint)),
  ),
)

/** One line for each name of the environment that looks like ours and is not known. */
export function unknownNames(
  environment: Environment,
  known: readonly Variable<unknown>[],
): string[] {
  const names = new Set(known.map((variable) => variable.name))
  return Object.keys(environment)
    .filter((name) => !names.has(name) && !overrideNames.has(name) && looksLikeOurs(name, names))
    .sort()
    .map((name) => line(name, names))
}

function looksLikeOurs(name: string, known: ReadonlySet<string>): boolean {
  if (name.startsWith('STREAM_')) return true
  const cut = name.indexOf('__')
  return cut > 0 && known.has(name.slice(0, cut))
}

function line(name: string, known: ReadonlySet<string>): string {
  const base = name.slice(0, name.indexOf('__'))
  const isOverride = name.includes('__')
  if (isOverride && known.has(base) && !overrideNames.has(overrideName(base, 'other'))) {
    return `${name}: must be ${base}, which cannot differ between endpoints`
  }
  const candidates = [...(isOverride ? overrideNames : known)].filter((candidate) =>
    candidate.startsWith(name.startsWith('STREAM_') ? 'STREAM_' : ''),
  )
  return `${name}: must be a known name, did you mean ${nearest(name, candidates)}?`
}

/** The candidate that `name` is the beginning of, else the one with the fewest edits to it. */
function nearest(name: string, candidates: readonly string[]): string {
  const longer = candidates.find((candidate) => candidate.startsWith(name))
  if (longer !== undefined) return longer
  let best = ''
  let fewest = Number.POSITIVE_INFINITY
  for (const candidate of candidates) {
    const edits = editDistance(name, candidate)
    if (edits < fewest) {
      fewest = edits
      best = candidate
    }
  }
  return best
}

/** Insertions, deletions and replacements between two texts (Levenshtein), one row at a time. */
function editDistance(from: string, to: string): number {
  let row = Array.from({ length: to.length + 1 }, (_, column) => column)
  for (let line = 1; line <= from.length; line++) {
    const next = [line]
    for (let column = 1; column <= to.length; column++) {
      const replaced = (row[column - 1] ?? 0) + (from[line - 1] === to[column - 1] ? 0 : 1)
      next.push(Math.min(replaced, (row[column] ?? 0) + 1, (next[column - 1] ?? 0) + 1))
    }
    row = next
  }
  return row[to.length] ?? 0
}
