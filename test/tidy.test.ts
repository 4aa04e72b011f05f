/** The house rules as tests: about sources, about the tree, and about the package. */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { rootDirectory } from './kit/binary.ts'
import * as rules from './kit/house-rules.ts'
import { readSourceTree, type SourceFacts } from './kit/source-tree.ts'

const topLevel = [
  '.ci',
  '.env.example',
  '.gitignore',
  'LICENSE',
  'README.md',
  'bench',
  'bunfig.toml',
  'package-lock.json',
  'package.json',
  'src',
  'test',
  'tsconfig.json',
]

// In fragments, because this file is one of those that are searched.
const unfinished = new RegExp(
  `\\b(${['TO' + 'DO', 'FIX' + 'ME', 'XX' + 'X', 'HA' + 'CK'].join('|')})\\b`,
)
const machinePath = new RegExp(`(^|[^\\w.])/(${['wo' + 'rk', 'ro' + 'ot'].join('|')})(?![\\w-])`)
const outsideWords = new RegExp(
  [
    ['clau', 'de.?co', 'de'],
    ['co', 'pi', 'lot'],
    ['co-auth', 'ored-by'],
    ['generated ', 'with'],
    ['sub', '-?agent'],
    ['design', '\\.md'],
    ['refer', 'ence/\\w+', '\\.md'],
  ]
    .map((fragments) => fragments.join(''))
    .join('|'),
  'i',
)

/** The files of the project: what git tracks or would track. */
function projectFiles(): readonly string[] {
  const listed = Bun.spawnSync(
    ['git', 'ls-files', '--cached', '--others', '--exclude-standard', '-z'],
    { cwd: rootDirectory },
  )
  const paths = listed.success ? listed.stdout.toString().split('\0') : filesWithoutGit()
  return paths.filter((path) => path !== '' && existsSync(join(rootDirectory, path))).sort()
}

/** The same from a copy without its history: all but what an install or a build makes. */
function filesWithoutGit(): readonly string[] {
  const made = /^(node_modules|dist|coverage|bench\/results)\/|^(\.env|bun\.lock)$|\.log$/
  const all = new Bun.Glob('**/*').scanSync({ cwd: rootDirectory, dot: true, onlyFiles: true })
  return [...all].filter((path) => !made.test(path))
}

const files = projectFiles()
let sources: readonly SourceFacts[] = []
beforeAll(async () => {
  const paths = files.filter((path) => /^(src|test|bench)\/.*\.tsx?$/.test(path))
  sources = await readSourceTree(rootDirectory, paths)
}, 30_000)

describe('sources', () => {
  test('imports point down, never up or sideways', () => {
    expect(rules.wrongImports(sources)).toEqual([])
  })
  test('relative imports name the file', () => {
    expect(rules.importsWithoutExtension(sources)).toEqual([])
  })
  test('files are short', () => {
    const aim = rules.longFiles(sources, rules.sizes.fileLinesAim)
    if (aim.length > 0) console.warn(`longer than we aim at:\n  ${aim.join('\n  ')}`)
    expect(rules.longFiles(sources)).toEqual([])
  })
  test('functions fit on a screen', () => {
    expect(rules.longFunctions(sources)).toEqual([])
  })
  test('lines are at most 100 columns wide', () => {
    expect(rules.wideLines(sources)).toEqual([])
  })
  test('no any, no enum, no barrel, no silenced compiler', () => {
    expect(rules.bannedSyntax(sources)).toEqual([])
  })
  test('console, environment and framework stay in their homes', () => {
    expect(rules.membersOutsideTheirHome(sources)).toEqual([])
  })
  test('every exported symbol has a doc comment', () => {
    expect(rules.undocumentedExports(sources)).toEqual([])
  })
  test('no test excludes the others or replaces what should be real', () => {
    expect(rules.weakTests(sources)).toEqual([])
  })
})

describe('the tree', () => {
  test('has exactly the top level that was agreed', () => {
    expect([...new Set(files.map((path) => path.split('/')[0] ?? ''))].sort()).toEqual(topLevel)
  })
  test('has no folder for what has no name', () => {
    const vague = /(^|\/)(utils?|helpers?|common|services?|misc|lib)(\/|\.ts$)/
    expect(files.filter((path) => vague.test(path))).toEqual([])
  })
  test('names its files in kebab case', () => {
    const named = files.filter((path) => /^(src|test|bench)\//.test(path))
    expect(named.filter((path) => !/^[a-z0-9/.-]+$/.test(path))).toEqual([])
  })
  test('says nothing of the machine, of outside tools, or of what is not done', () => {
    // The lockfile is made by a machine, and its checksums may spell anything.
    const written = files.filter((path) => path !== 'package-lock.json')
    const found = written.flatMap((path) => {
      const lines = readFileSync(join(rootDirectory, path), 'utf8').split('\n')
      return lines.flatMap((line, index) => {
        const word = [unfinished, machinePath, outsideWords].find((words) => words.test(line))
        return word === undefined ? [] : [`${path}:${index + 1}: ${line.trim().slice(0, 80)}`]
      })
    })
    expect(found).toEqual([])
  })
})

describe('the package', () => {
  const read = (name: string): Record<string, Record<string, string> | undefined> =>
    JSON.parse(readFileSync(join(rootDirectory, name), 'utf8'))

  test('pins every version exactly', () => {
    const manifest = read('package.json')
    const pins = Object.entries({ ...manifest.dependencies, ...manifest.devDependencies })
    expect(pins.length).toBeGreaterThan(5)
    expect(pins.filter(([, version]) => !/^\d+\.\d+\.\d+(-[\w.]+)?$/.test(version))).toEqual([])
  })
  test('has a lockfile of the same versions, without download addresses', () => {
    const text = readFileSync(join(rootDirectory, 'package-lock.json'), 'utf8')
    expect(text.includes('"resolved"')).toBe(false)
    const manifest = read('package.json')
    const locked = JSON.parse(text).packages['']
    expect(locked.dependencies).toEqual(manifest.dependencies)
    expect(locked.devDependencies).toEqual(manifest.devDependencies)
  })
})

describe('the rules themselves', () => {
  const directory = mkdtempSync(join(tmpdir(), 'sluice-tidy-'))
  afterAll(() => rmSync(directory, { recursive: true, force: true }))

  const wide = `const wide = '${'w'.repeat(100)}'`
  const bad: Record<string, string> = {
    'src/core/up.ts': `import type { X } from '../server/x.ts'\nexport type Y = X\n`,
    'src/server/x.ts': `import { Elysia } from 'elysia'\n/** Doc. */\nexport type X = Elysia\n`,
    'src/relay/side.ts': `/** Doc. */\nexport type S = import('../intake/read.ts').R\n`,
    'src/intake/read.ts': `/** Doc. */\nexport type R = string\nconsole.log(process.env.HOME)\n`,
    'src/relay/fine.ts': `import '../core/up.ts'\nimport '../sse/star.ts'\n`,
    'src/sse/star.ts': `export * from './named'\n`,
    'src/sse/named.ts': `let x: any\nenum E {}\n${wide}\nexport { x, E, wide }\n`,
    'src/odd/index.ts': `const f = () => {${'\n'.repeat(70)}}\nf()\n`,
    'src/client/stream.ts': `import '../relay/fine.ts'\nimport '../core/up.ts'\n`,
    'test/x.test.ts': `test.${'only'}('x', () => {${'\n'.repeat(400)}})\n`,
  }

  async function badTree(): Promise<readonly SourceFacts[]> {
    const config = {
      compilerOptions: { allowImportingTsExtensions: true },
      include: ['src', 'test'],
    }
    writeFileSync(join(directory, 'tsconfig.json'), JSON.stringify(config))
    for (const [path, text] of Object.entries(bad)) {
      mkdirSync(dirname(join(directory, path)), { recursive: true })
      writeFileSync(join(directory, path), text)
    }
    return readSourceTree(directory, Object.keys(bad))
  }

  test('find what they look for, and nothing else', async () => {
    const tree = await badTree()
    expect(rules.wrongImports(tree)).toEqual([
      'src/core/up.ts:1 imports ../server/x.ts',
      'src/relay/side.ts:2 imports ../intake/read.ts',
      'src/odd/index.ts is in no layer',
      'src/client/stream.ts:1 imports ../relay/fine.ts',
    ])
    expect(rules.importsWithoutExtension(tree)).toEqual(['src/sse/star.ts:1 imports ./named'])
    expect(rules.longFiles(tree)).toEqual(['test/x.test.ts has 401 lines'])
    expect(rules.longFunctions(tree)).toEqual([
      'src/odd/index.ts:1 f has 71 lines',
      'test/x.test.ts:1 a function has 401 lines',
    ])
    expect(rules.wideLines(tree)).toEqual(['src/sse/named.ts:3 has 115 columns'])
    expect(rules.bannedSyntax(tree)).toEqual([
      'src/sse/star.ts:1 exports *',
      'src/sse/named.ts:1 uses any',
      'src/sse/named.ts:2 declares an enum',
      'src/odd/index.ts is a barrel',
    ])
    expect(rules.membersOutsideTheirHome(tree).map((text) => text.split(':')[0])).toEqual([
      'src/intake/read.ts',
      'src/intake/read.ts',
    ])
    expect(rules.undocumentedExports(tree)).toEqual(['src/core/up.ts:2 Y has no doc comment'])
    expect(rules.weakTests(tree)).toEqual(['test/x.test.ts:1 is not a fair test'])
  })

  test('find forbidden words, and leave honest ones alone', () => {
    for (const bad of [`see /${'wo' + 'rk'}/main`, `"/${'ro' + 'ot'}"`]) {
      expect(bad).toMatch(machinePath)
    }
    for (const good of ['/v1/work', '/workers', './root', 'a/root/b', '/work-load']) {
      expect(good).not.toMatch(machinePath)
    }
    expect(`Clau${'de Co'}de`).toMatch(outsideWords)
    expect('claude-sonnet-4-5, gpt-5-codex').not.toMatch(outsideWords)
    expect(`// ${'TO' + 'DO'}: x`).toMatch(unfinished)
  })
})
