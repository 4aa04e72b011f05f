/**
 * Reads JSON as strictly as a configuration wants it. The runtime's own parser tells no position,
 * and of two equal keys it silently takes the last, which is how a limit gets lost; so it decides
 * what is JSON, and a parser for editors says where what is wrong.
 */
import { type JSONVisitor, visit } from 'jsonc-parser'

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

const strict = { disallowComments: true, allowTrailingComma: false, allowEmptyContent: false }

/** Reads one JSON value. Never throws. A byte order mark in front is left out. */
export function readJson(given: string): JsonRead {
  const text = given.replace(/^\uFEFF/, '')
  const problems: JsonProblem[] = []
  try {
    visit(text, inspector(text, problems), strict)
    const value: unknown = JSON.parse(text)
    return problems.length === 0 ? { ok: true, value } : { ok: false, problems }
  } catch (thrown) {
    if (thrown instanceof Found) return { ok: false, problems: [thrown.problem] }
    return { ok: false, problems: [unexpected(text, firstFault(text))] }
  }
}

/** Ends the visit at what cannot be gone on behind. Never leaves this file. */
class Found extends Error {
  readonly problem: JsonProblem

  constructor(problem: JsonProblem) {
    super(problem.rule)
    this.problem = problem
  }
}

function inspector(text: string, problems: JsonProblem[]): JSONVisitor {
  const names: Set<string>[] = []
  let depth = 0
  const enter = (offset: number): void => {
    depth += 1
    if (depth <= DEPTH_MAX + 1) return
    const rule = `must be nested ${DEPTH_MAX} levels deep at most, ${position(text, offset)}`
    throw new Found({ path: [], rule })
  }
  return {
    onObjectBegin(offset) {
      enter(offset)
      names.push(new Set())
    },
    onObjectProperty(name, offset, _length, _line, _character, pathSupplier) {
      const own = names.at(-1)
      const refuse = (rule: string): void => {
        const path = [...pathSupplier(), name]
        problems.push({ path, rule: `${rule}, ${position(text, offset)}` })
      }
      if (name === '__proto__') refuse('must not be the name of anything')
      else if (own?.has(name)) refuse('must be there once')
      own?.add(name)
    },
    onObjectEnd() {
      depth -= 1
      names.pop()
    },
    onArrayBegin: enter,
    onArrayEnd() {
      depth -= 1
    },
  }
}

/** Where the first thing is that cannot be. */
function firstFault(text: string): number {
  let first = text.length
  visit(text, { onError: (_error, offset) => (first = Math.min(first, offset)) }, strict)
  return first
}

function unexpected(text: string, offset: number): JsonProblem {
  const found = text.charAt(offset)
  const what = found === '' ? 'the end' : JSON.stringify(found)
  return { path: [], rule: `must be JSON, unexpected ${what} ${position(text, offset)}` }
}

function position(text: string, offset: number): string {
  const before = text.slice(0, offset).split('\n')
  return `at line ${before.length}, column ${(before.at(-1)?.length ?? 0) + 1}`
}
