import { expect, test } from 'bun:test'
import { join } from 'node:path'
import packageFile from '../package.json'
import { fileTable } from '../src/config/file/print.ts'
import { environmentTable } from '../src/config/print.ts'
import { metricsTable } from '../src/observe/metrics/table.ts'
import { lossesTable } from '../src/protocol/hub/losses-table.ts'
import { protocols } from '../src/protocol/registry.ts'
import { quirksTable } from '../src/provider/quirks-table.ts'
import { providerQuirks } from '../src/provider/registry.ts'
import { problemsOf } from './config/file/files.ts'

const readme = await Bun.file(join(import.meta.dir, '..', 'README.md')).text()

/** What stands between the two marks of a generated part. */
function generated(name: string): string | undefined {
  return readme.split(`<!-- ${name} -->\n`)[1]?.split(`<!-- /${name} -->`)[0]
}

test('the table of variables is what the configuration says', () => {
  expect(generated('environment')?.trim()).toBe(environmentTable().trim())
})

test('the table of the configuration file is what its schema says', () => {
  expect(generated('config-file')?.trim()).toBe(fileTable().trim())
})

test('the example of a configuration file is one', () => {
  const example = generated('config-example')?.replace(/^\s*```json\n|```\s*$/g, '')
  const keys = [
    'OPENAI_API_KEY',
    'OPENAI_API_KEY_2',
    'ANTHROPIC_API_KEY',
    'VLLM_KEY',
    'TEAM_A_KEY',
  ].concat('HOOK_SECRET')
  const environment = Object.fromEntries(keys.map((name) => [name, `value-of-${name}`]))
  expect(problemsOf(example, environment)).toEqual([])
})

test('the table of what does not translate is what the dialects say', () => {
  const losses = Object.values(protocols).flatMap(({ translation }) =>
    translation === null ? [] : [translation.losses],
  )
  expect(losses.length).toBeGreaterThanOrEqual(4)
  expect(generated('losses')?.trim()).toBe(lossesTable(losses).trim())
})

test('the table of what is different for single providers is what the code obeys', () => {
  expect(generated('quirks')?.trim()).toBe(quirksTable(providerQuirks).trim())
})

test('the table of metrics is what is counted', () => {
  expect(generated('metrics')?.trim()).toBe(metricsTable().trim())
})

test('every npm and bun command that is shown exists', () => {
  const commands = [...readme.matchAll(/(?:npm run|bun run|npm|bun) (start|test|build|check)\b/g)]
  expect(commands.length).toBeGreaterThan(4)
  for (const [, script = ''] of commands) {
    expect(Object.keys(packageFile.scripts) as string[]).toContain(script)
  }
})

test('every file that is named is there', async () => {
  const paths = [...readme.matchAll(/`((?:src|test|bench|gateway|config)\/[\w./-]+\.ts)`/g)]
  expect(paths.length).toBeGreaterThan(2)
  for (const [, path = ''] of paths) {
    const inRoot = /^(src|test|bench)\//.test(path) ? path : `src/${path}`
    expect(`${inRoot} ${await Bun.file(join(import.meta.dir, '..', inRoot)).exists()}`).toBe(
      `${inRoot} true`,
    )
  }
})
