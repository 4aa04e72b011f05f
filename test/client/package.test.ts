/** The package of the reader as an application gets it: built, imported, bundled, type-checked. */
import { afterAll, beforeAll, expect, test } from 'bun:test'
import { existsSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import packageFile from '../../package.json'
import clientPackage from '../../src/client/package.json'
import { rootDirectory } from '../kit/binary.ts'
import { runDirectory } from '../kit/run-directory.ts'
import { eventsOf, sendStream, startServers } from './reading.ts'

const directory = join(runDirectory(), 'consumer')
const built = join(directory, 'node_modules', 'sluice')
const node = Bun.which('node')

/** Runs a command, and gives what it printed. @throws Error with that where it fails. */
async function run(command: readonly string[], cwd = directory): Promise<string> {
  const child = Bun.spawn([...command], { cwd, stdout: 'pipe', stderr: 'pipe' })
  const texts = [new Response(child.stdout).text(), new Response(child.stderr).text()]
  const output = (await Promise.all(texts)).join('')
  if ((await child.exited) !== 0) throw new Error(`${command.join(' ')}:\n${output}`)
  return output
}

const installed = (name: string): string => join(rootDirectory, 'node_modules', name)
const tool = (name: string): string => installed(join('.bin', name))

/** Puts an installed package beside the built one. */
function link(name: string): void {
  const place = join(directory, 'node_modules', name)
  mkdirSync(dirname(place), { recursive: true })
  symlinkSync(installed(name), place)
}

function write(name: string, text: string): string {
  const path = join(directory, name)
  writeFileSync(path, text)
  return path
}

const bundleOf = (entry: string, ...more: readonly string[]): Promise<string> =>
  run([process.execPath, 'build', entry, '--target=browser', '--format=esm', ...more])

beforeAll(async () => {
  mkdirSync(built, { recursive: true })
  const command = packageFile.scripts['build:client']
  // The very command of package.json, apart from where the files go.
  await run(['sh', '-c', command.replaceAll('dist/client', built)], rootDirectory)
  for (const name of ['eventsource-parser', 'react', '@types/react', 'csstype']) {
    if (existsSync(installed(name))) link(name)
  }
}, 60_000)
afterAll(() => rmSync(directory, { recursive: true, force: true }))

test.skipIf(Bun.which('npm') === null)(
  'it is packed whole, and nothing else is',
  async () => {
    const listed = await run(['npm', 'pack', '--dry-run', '--json', built], rootDirectory)
    const files = [...listed.matchAll(/"path": "([^"]+)"/g)].map(([, path]) => path ?? '')
    expect(files.length).toBeGreaterThan(40)
    expect(
      files.filter((path) => !/^((client|core)\/.*\.(js|d\.ts)|package\.json)$/.test(path)),
    ).toEqual([])
  },
  20_000,
)

test('both manifests name the same files and versions', () => {
  const { exports } = packageFile
  for (const name of ['./client', './react'] as const) {
    const inside = clientPackage.exports[name]
    expect(exports[name].default).toBe(join('./dist/client', inside.default).replace(/^/, './'))
    for (const path of Object.values(inside)) expect(existsSync(join(built, path))).toBe(true)
  }
  expect(clientPackage.version).toBe(packageFile.version)
  expect(Object.keys(clientPackage.dependencies)).toEqual(['eventsource-parser'])
  const pin = 'eventsource-parser'
  expect(clientPackage.dependencies[pin]).toBe(packageFile.dependencies[pin])
})

const program = `
import { StreamError, streamAnswer } from 'sluice/client'
const url = process.argv[2] + '/v1/chat/completions'
const ask = (path) => streamAnswer({ url: url + path, dialect: 'openai-chat', body: {} })
const stream = ask('')
const said = []
for await (const event of stream) if (event.type === 'content') said.push(event.text)
try {
  for await (const _ of ask('/cut'));
} catch (error) {
  said.push(error instanceof StreamError, error.code)
}
console.log(JSON.stringify([said, stream.answer.finishReason, stream.metrics.contentEvents]))
`

for (const [name, runtime] of [
  ['Node', node],
  ['Bun', process.execPath],
] as const) {
  if (runtime === null) test.skip(`${name} runs it (no ${name} here)`, () => {})
  else {
    test(`${name} runs it`, async () => {
      await using servers = startServers()
      const server = servers.start((request, connection) => {
        const events = eventsOf('openai-chat')
        return sendStream(connection, request.path.endsWith('cut') ? events.slice(0, 2) : events)
      })
      const printed = await run([runtime, write('program.mjs', program), server.url])
      const cut = [true, 'stream_incomplete']
      expect(JSON.parse(printed)).toEqual([['Hello', ' there', ...cut], 'stop', 2])
    }, 20_000)
  }
}

test('a bundle for browsers has nothing of a server in it, and no React', async () => {
  const entry = write('app.mjs', `export { streamAnswer } from 'sluice/client'\n`)
  const bundled = await bundleOf(entry)
  for (const word of [
    /\bBun\b/,
    /\bprocess\b/,
    /\bBuffer\b/,
    /\brequire\(/,
    /node:/,
    /\breact\b/,
  ]) {
    expect(bundled.replaceAll(/\/\*[\s\S]*?\*\/|^\s*\/\/.*$/gm, '')).not.toMatch(word)
  }
  const small = await bundleOf(entry, '--minify')
  expect(Bun.gzipSync(small).length).toBeLessThan(12_000)
})

test('the hook brings no React of its own', async () => {
  const entry = write('hook.mjs', `export { useStreaming } from 'sluice/react'\n`)
  const bundled = await bundleOf(entry, '--external', 'react')
  expect(bundled).toMatch(/from "react"/)
  expect(bundled.length).toBeLessThan(90_000)
  const hook = readFileSync(join(built, 'client', 'react.js'), 'utf8')
  expect(hook).toContain(`from 'react'`)
})

/** The examples of the README, each a module. */
function examples(): readonly string[] {
  const readme = readFileSync(join(rootDirectory, 'README.md'), 'utf8')
  const section = readme.split('\n## In your application\n')[1]?.split('\n## ')[0] ?? ''
  return [...section.matchAll(/```(tsx?)\n([\s\S]*?)```/g)].map(([, extension, text], index) => {
    const name = `example-${index}.${extension}`
    write(name, text ?? '')
    return name
  })
}

test.each(['bundler', 'nodenext'])(
  'its types are complete, as %p finds them',
  async (resolution) => {
    const text = `
import { type Answer, StreamError, streamAnswer } from 'sluice/client'
import { useStreaming } from 'sluice/react'
export async function ask(): Promise<Answer> {
  const stream = streamAnswer({ url: '/v1/responses', body: { input: 'Hi' }, resume: true })
  for await (const event of stream) if (event.type === 'tool-call') event.arguments.length
  return stream.answer
}
export const useAnswer = (): string => useStreaming().content
export const isLate = (error: unknown): boolean =>
  error instanceof StreamError && error.code === 'stream_idle'
// @ts-expect-error: a body is needed.
streamAnswer({ url: '/v1/responses' })
`
    const options = {
      ...{ target: 'es2022', lib: ['es2022', 'dom'], strict: true, noEmit: true, types: [] },
      jsx: 'react-jsx',
      module: resolution === 'bundler' ? 'preserve' : 'nodenext',
      moduleResolution: resolution,
    }
    write('package.json', '{ "type": "module" }')
    write('consumer.ts', text)
    const files = ['consumer.ts', ...examples()]
    expect(files).toHaveLength(3)
    const config = write(
      `tsconfig-${resolution}.json`,
      JSON.stringify({ compilerOptions: options, files }),
    )
    expect(await run([tool('tsc'), '-p', config])).toBe('')
  },
  30_000,
)
