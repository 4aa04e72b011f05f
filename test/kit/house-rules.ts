/**
 * The house rules about sources, as functions from facts to complaints. Each complaint names the
 * place and the rule, so that the failing test is the instruction.
 */
import { dirname, join } from 'node:path/posix'
import type { Located, SourceFacts } from './source-tree.ts'

/** Lowest first. A file imports its own folder, or a lower layer; never a sibling. */
const layers: readonly (readonly string[])[] = [
  ['core', 'version'],
  ['sse', 'buffer', 'config'],
  ['protocol', 'observe', 'store'],
  ['provider'],
  ['admission', 'intake', 'routing', 'resilience', 'upstream', 'relay'],
  ['gateway'],
  ['server'],
  ['app', 'supervisor'],
  ['main', 'build'],
]
const rank = new Map(layers.flatMap((names, index) => names.map((name) => [name, index] as const)))

/**
 * What runs in browsers stands aside, and the server may not use it: the reader may use these, and
 * the dashboard's page the reader, and the shapes of what it is sent.
 */
const inBrowsers: ReadonlyMap<string, readonly string[]> = new Map([
  ['client', ['sse', 'core']],
  ['dashboard', ['client', 'observe', 'core']],
])

/** Limits of size. */
export const sizes = { fileLines: 400, fileLinesAim: 200, functionLines: 70, lineColumns: 100 }

const place = (file: SourceFacts, located: Located): string => `${file.path}:${located.line}`

/** `src/relay/pass.ts` is in `relay`, `src/app.ts` is `app`. */
function folderOf(path: string): string {
  return (path.split('/')[1] ?? '').replace(/\.tsx?$/, '')
}

/** Imports that point up or sideways, types included, and files in no layer. */
export function wrongImports(files: readonly SourceFacts[]): string[] {
  const complaints: string[] = []
  for (const file of files.filter(({ path }) => path.startsWith('src/'))) {
    const from = folderOf(file.path)
    if (!inBrowsers.has(from) && !rank.has(from)) complaints.push(`${file.path} is in no layer`)
    for (const fact of file.imports.filter(({ specifier }) => specifier.startsWith('.'))) {
      const target = join(dirname(file.path), fact.specifier)
      const to = folderOf(target)
      const isInside = target.startsWith('src/')
      // Assets of an installed package are embedded by path; they are not part of any layer.
      const isAsset = target.startsWith('node_modules/') || target === 'package.json'
      if (isAsset || (isInside && (from === to || mayImport(from, to)))) continue
      complaints.push(`${place(file, fact)} imports ${fact.specifier}`)
    }
  }
  return complaints
}

function mayImport(from: string, to: string): boolean {
  const inBrowser = inBrowsers.get(from)
  if (inBrowser !== undefined) return inBrowser.includes(to)
  const upper = rank.get(from)
  const lower = rank.get(to)
  return upper !== undefined && lower !== undefined && lower < upper
}

/** Relative imports that do not name the file. */
export function importsWithoutExtension(files: readonly SourceFacts[]): string[] {
  return files.flatMap((file) =>
    file.imports
      .filter(({ specifier }) => specifier.startsWith('.') && !/\.\w+$/.test(specifier))
      .map((fact) => `${place(file, fact)} imports ${fact.specifier}`),
  )
}

/** Files longer than `limit` lines. */
export function longFiles(files: readonly SourceFacts[], limit = sizes.fileLines): string[] {
  return files
    .map((file) => ({ path: file.path, lines: file.text.trimEnd().split('\n').length }))
    .filter(({ lines }) => lines > limit)
    .map(({ path, lines }) => `${path} has ${lines} lines`)
}

/** Functions that do not fit on a screen. */
export function longFunctions(files: readonly SourceFacts[]): string[] {
  return files.flatMap((file) =>
    file.functions
      .filter((fact) => fact.lines > sizes.functionLines && !fact.isDescribe)
      .map((fact) => `${place(file, fact)} ${fact.name} has ${fact.lines} lines`),
  )
}

/** Lines wider than the limit. */
export function wideLines(files: readonly SourceFacts[]): string[] {
  return files.flatMap((file) =>
    file.text.split('\n').flatMap((line, index) => {
      const columns = [...line].length
      const at = { line: index + 1 }
      return columns > sizes.lineColumns ? [`${place(file, at)} has ${columns} columns`] : []
    }),
  )
}

/** What the language has and this project does not use. */
export function bannedSyntax(files: readonly SourceFacts[]): string[] {
  return files.flatMap((file) => [
    ...file.anys.map((at) => `${place(file, at)} uses any`),
    ...file.enums.map((at) => `${place(file, at)} declares an enum`),
    ...file.starExports.map((at) => `${place(file, at)} exports *`),
    ...(/(^|\/)index\.ts$/.test(file.path) ? [`${file.path} is a barrel`] : []),
    ...matches(file, new RegExp(`@ts-${'ignore'}|@ts-${'nocheck'}`)).map(
      (at) => `${place(file, at)} silences the compiler`,
    ),
  ])
}

/** Members that have one home, and whoever else uses them. */
export function membersOutsideTheirHome(files: readonly SourceFacts[]): string[] {
  const homes: readonly (readonly [member: RegExp, home: RegExp, rule: string])[] = [
    [
      /^console\.\w+$/,
      /^src\/(main|build)\.ts$|^src\/supervisor\/|^src\/observe\/log/,
      'console is for main, supervisor and log',
    ],
    [
      /^(process|Bun|import\.meta)\.env$/,
      /^src\/(main|build)\.ts$|^src\/supervisor\/|^src\/config\//,
      'the environment is read by config and handed down',
    ],
  ]
  const complaints = new Set<string>()
  for (const file of files.filter(({ path }) => path.startsWith('src/'))) {
    for (const fact of file.members) {
      const broken = homes.find(([member, home]) => member.test(fact.name) && !home.test(file.path))
      if (broken !== undefined) complaints.add(`${place(file, fact)} ${fact.name}: ${broken[2]}`)
    }
    const elysia = file.imports.filter(({ specifier }) => /^@?elysia\b/.test(specifier))
    if (folderOf(file.path) === 'server') continue
    for (const fact of elysia) complaints.add(`${place(file, fact)} Elysia lives only in server`)
  }
  return [...complaints]
}

/** Exported symbols that nobody explained. */
export function undocumentedExports(files: readonly SourceFacts[]): string[] {
  return files.flatMap((file) =>
    file.exports
      .filter((fact) => !fact.isDocumented)
      .map((fact) => `${place(file, fact)} ${fact.name} has no doc comment`),
  )
}

/** Tests that stop others from running, or that replace what should be real. */
export function weakTests(files: readonly SourceFacts[]): string[] {
  const weak = new RegExp(
    `\\b(test|describe|it)\\.${'only'}\\b|\\bmock\\.${'module'}\\(|globalThis\\.${'fetch'} =`,
  )
  return files
    .filter(({ path }) => path.startsWith('test/'))
    .flatMap((file) => matches(file, weak).map((at) => `${place(file, at)} is not a fair test`))
}

function matches(file: SourceFacts, pattern: RegExp): Located[] {
  return file.text
    .split('\n')
    .flatMap((line, index) => (pattern.test(line) ? [{ line: index + 1 }] : []))
}
