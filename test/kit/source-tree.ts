/** The project's sources as the house rules look at them: facts about each file, no judgement. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import {
  isCallExpression,
  isExportDeclaration,
  isFunctionLikeDeclaration,
  isIdentifier,
  isImportDeclaration,
  isImportTypeNode,
  isLiteralTypeNode,
  isStringLiteral,
  isVariableStatement,
  type Node,
  type SourceFile,
  SyntaxKind,
} from 'typescript/unstable/ast'
import { API } from 'typescript/unstable/async'

/** Something at a line of a file. */
export interface Located {
  /** Counted from 1. */
  readonly line: number
}

/** One module specifier, of an import, a re-export, an import type, or an `import()`. */
export interface ImportFact extends Located {
  readonly specifier: string
}

/** A function with its length, blank lines and comments inside it included. */
export interface FunctionFact extends Located {
  readonly name: string
  readonly lines: number
  /** Whether it is the body of a `describe`, which is a list of tests and not a function. */
  readonly isDescribe: boolean
}

/** An exported symbol. */
export interface ExportFact extends Located {
  readonly name: string
  readonly isDocumented: boolean
}

/** What is known of one file. */
export interface SourceFacts {
  /** From the root of the repository, with slashes. */
  readonly path: string
  readonly text: string
  readonly imports: readonly ImportFact[]
  readonly functions: readonly FunctionFact[]
  readonly exports: readonly ExportFact[]
  /** Lines with the type `any`. */
  readonly anys: readonly Located[]
  readonly enums: readonly Located[]
  /** `export * from`. */
  readonly starExports: readonly Located[]
  /** Every use of a global object's member, such as `console.log`, as written. */
  readonly members: readonly (Located & { readonly name: string })[]
}

/** Reads files of a project through the compiler's own parser. `paths` start at `root`. */
export async function readSourceTree(
  root: string,
  paths: readonly string[],
): Promise<readonly SourceFacts[]> {
  const api = new API({ cwd: root })
  try {
    const snapshot = await api.updateSnapshot({ openProjects: [join(root, 'tsconfig.json')] })
    const program = snapshot.getProjects()[0]?.program
    if (program === undefined) throw new Error('the project has no program')
    const facts: SourceFacts[] = []
    for (const path of paths) {
      const file = await program.getSourceFile(join(root, path))
      if (file === undefined) throw new Error(`${path} is not part of the project`)
      facts.push(collect(file, path, readFileSync(join(root, path), 'utf8')))
    }
    return facts
  } finally {
    await api.close()
  }
}

function collect(file: SourceFile, path: string, text: string): SourceFacts {
  const lineOf = (position: number): number => file.getLineAndCharacterOfPosition(position).line + 1
  const at = (node: Node): Located => ({ line: lineOf(node.getStart(file)) })
  const facts = {
    imports: [] as ImportFact[],
    functions: [] as FunctionFact[],
    anys: [] as Located[],
    enums: [] as Located[],
    starExports: [] as Located[],
    members: [] as (Located & { name: string })[],
  }
  const visit = (node: Node): void => {
    const specifier = specifierOf(node)
    if (specifier !== null) facts.imports.push({ ...at(node), specifier })
    if (isFunctionLikeDeclaration(node) && 'body' in node && node.body !== undefined) {
      const lines = lineOf(node.getEnd()) - at(node).line + 1
      facts.functions.push({ ...at(node), name: nameOf(node), lines, isDescribe: inDescribe(node) })
    }
    if (node.kind === SyntaxKind.AnyKeyword) facts.anys.push(at(node))
    if (node.kind === SyntaxKind.EnumDeclaration) facts.enums.push(at(node))
    if (isExportDeclaration(node) && node.exportClause === undefined) {
      facts.starExports.push(at(node))
    }
    if (node.kind === SyntaxKind.PropertyAccessExpression) {
      facts.members.push({ ...at(node), name: node.getText(file) })
    }
    node.forEachChild(visit)
  }
  visit(file)
  return { path, text, ...facts, exports: collectExports(file, at) }
}

/** The module that a node names; null where it names none, or not by a plain string. */
function specifierOf(node: Node): string | null {
  let named: Node | undefined
  if (isImportDeclaration(node) || isExportDeclaration(node)) named = node.moduleSpecifier
  else if (isImportTypeNode(node) && isLiteralTypeNode(node.argument)) named = node.argument.literal
  else if (isCallExpression(node) && node.expression.kind === SyntaxKind.ImportKeyword) {
    named = node.arguments[0]
  }
  return named !== undefined && isStringLiteral(named) ? named.text : null
}

function nameOf(node: Node): string {
  if ('name' in node && isNode(node.name)) return textOf(node.name)
  const { parent } = node
  return 'name' in parent && isNode(parent.name) ? textOf(parent.name) : 'a function'
}

function textOf(node: Node): string {
  return 'text' in node && typeof node.text === 'string' ? node.text : 'a function'
}

function isNode(value: unknown): value is Node {
  return typeof value === 'object' && value !== null && 'kind' in value
}

function inDescribe(node: Node): boolean {
  const { parent } = node
  if (parent === undefined || !isCallExpression(parent)) return false
  return /^describe/.test(parent.expression.getText())
}

function collectExports(file: SourceFile, at: (node: Node) => Located): readonly ExportFact[] {
  const found = new Map<string, ExportFact>()
  for (const statement of file.statements) {
    if (!isExported(statement)) continue
    const isDocumented = (statement.jsDoc?.length ?? 0) > 0
    for (const name of declaredNames(statement)) {
      // Of an overloaded function, or a type and a value of one name, one doc comment is enough.
      const before = found.get(name)
      if (before?.isDocumented !== true) found.set(name, { ...at(statement), name, isDocumented })
    }
  }
  return [...found.values()]
}

function isExported(statement: Node): boolean {
  if (!('modifiers' in statement) || !Array.isArray(statement.modifiers)) return false
  return statement.modifiers.some((modifier: Node) => modifier.kind === SyntaxKind.ExportKeyword)
}

function declaredNames(statement: Node): readonly string[] {
  if (isVariableStatement(statement)) {
    return statement.declarationList.declarations.map(({ name }) =>
      isIdentifier(name) ? name.text : name.getText(),
    )
  }
  return [nameOf(statement)]
}
