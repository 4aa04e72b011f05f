/** What is wrong with a file, as lines for the operator: where, what is right, what is there. */
import type { z } from 'zod'
import { isObject } from '../../core/json.ts'
import { quoted } from '../reader.ts'
import { isReference } from './references.ts'

/** Where something stands in the file. */
export type Path = readonly PropertyKey[]

/** A path as one would write it in a program: `routes.smart.targets[1].weight`. */
export function pathText(path: Path): string {
  const parts = path.map((key) => {
    if (typeof key === 'number') return `[${key}]`
    const name = String(key)
    return /^[\w$-]{1,80}$/.test(name) ? `.${name}` : `[${quoted(name)}]`
  })
  return parts.join('').replace(/^\./, '') || 'CONFIG_FILE'
}

/** One line. `rule` begins with "must". */
export function problemLine(file: unknown, path: Path, rule: string): string {
  return `${pathText(path)}: ${rule}${shownAt(file, path)}`
}

/** A line for each thing that a schema found, in its order and each once. */
export function problemLines(file: unknown, issues: readonly z.core.$ZodIssue[]): string[] {
  return [...new Set(issues.flatMap((issue) => linesOf(file, issue, [])))]
}

function linesOf(file: unknown, issue: z.core.$ZodIssue, above: Path): string[] {
  const path = [...above, ...issue.path]
  if (issue.code === 'unrecognized_keys') {
    // The value of an unknown key may be a secret under a misspelt name.
    return issue.keys.map((key) => `${pathText([...path, key])}: ${issue.message}`)
  }
  if (issue.code === 'invalid_key') {
    const rule = issue.issues[0]?.message ?? 'must be a name'
    return [`${pathText(path)}: ${rule}`]
  }
  if (issue.code === 'invalid_union') {
    const own = branchOf(issue.errors, at(file, path))
    return own.length > 0
      ? own.flatMap((inner) => linesOf(file, inner, path))
      : [problemLine(file, path, issue.message)]
  }
  return [problemLine(file, path, issue.message)]
}

/** Of what each alternative says, that of the one that was meant: the shape of the value tells. */
function branchOf(
  branches: readonly (readonly z.core.$ZodIssue[])[],
  value: unknown,
): readonly z.core.$ZodIssue[] {
  if (typeof value !== 'string' && !isObject(value)) return []
  const isMeant = (issues: readonly z.core.$ZodIssue[]): boolean =>
    !issues.some(({ code, path }) => code === 'invalid_type' && path.length === 0)
  return branches.find(isMeant) ?? []
}

function at(file: unknown, path: Path): unknown {
  let value = file
  for (const key of path) {
    const isThere = typeof value === 'object' && value !== null && Object.hasOwn(value, key)
    if (!isThere) return undefined
    value = (value as Readonly<Record<PropertyKey, unknown>>)[key]
  }
  return value
}

/** The fields below `providers` and `keys` that hold no secret, even by mistake. */
const openFields: ReadonlySet<PropertyKey> = new Set([
  'protocol',
  'kind',
  'models',
  'name',
  'priority',
  'expiresAt',
])

/** Whether secrets stand there, some by mistake. */
const holdsSecrets = ([section, part]: Path): boolean =>
  section === 'providers' || section === 'keys' || (section === 'alerts' && part === 'webhook')

/** `, got ...`, or nothing where nothing is there. Lists and objects are named, not shown. */
function shownAt(file: unknown, path: Path): string {
  const value = at(file, path)
  if (value === undefined) return ''
  if (Array.isArray(value)) return ', got a list'
  if (isObject(value)) return ', got an object'
  if (typeof value !== 'string') return `, got ${String(value)}`
  const isOpen =
    !holdsSecrets(path) ||
    path.some((key, index) => index > 1 && openFields.has(key)) ||
    isReference(value)
  return `, got ${isOpen ? quoted(value) : '"****"'}`
}
