/** The table of variables in its written forms, and the configuration in effect. */
import { type Config, endpointNames } from './config.ts'
import { logVariables } from './log-variables.ts'
import { namedProviderVariables, providerVariables } from './provider-variables.ts'
import type { Setting } from './reader.ts'
import { endpointSuffix } from './unknown-names.ts'
import { type Group, groups, type Variable } from './variable.ts'
import { fixedVariables, variables } from './variables.ts'

/** The variables of each named provider, under a name that stands for any. */
const anyProvider: readonly Variable<unknown>[] = Object.values(namedProviderVariables('<NAME>'))

/** The rows of a group, those of a named provider right after the row that names it. */
function rowsOf(group: Group): readonly Variable<unknown>[] {
  return fixedVariables
    .filter((variable) => variable.group === group)
    .flatMap((variable) =>
      variable === providerVariables.compatibleProviders ? [variable, ...anyProvider] : [variable],
    )
}

const endpoints = endpointNames.map(endpointSuffix).join(', ')

const overrideNote =
  'Each of these can be set for one endpoint by its name and `__` and the endpoint, such as ' +
  `STREAM_IDLE_TIMEOUT_MS__RESPONSES; the endpoints are ${endpoints}.`

const providerNote =
  '<NAME> is the name in capitals with _ for -, so that my-vllm has MY_VLLM_BASE_URL.'

function notesOf(group: Group): readonly string[] {
  if (group === 'Streams') return [overrideNote]
  return group === 'Providers' ? [providerNote] : []
}

/** What `--print-env` prints: every variable with its default and meaning. */
export function environmentText(): string {
  const lines: string[] = []
  for (const group of groups) {
    lines.push(group, ...notesOf(group).map((note) => `  ${note}`))
    for (const variable of rowsOf(group)) {
      lines.push(`  ${variable.name}=${variable.default}`, `      ${variable.meaning}`)
    }
    lines.push('')
  }
  return lines.join('\n')
}

/** The content of `.env.example`, which changes nothing until the `#` of a line is taken away. */
export function dotenvExample(): string {
  const lines = [
    '# Copy this file to .env and take the # away from the lines that you change.',
    '# Sizes are bytes or such as 32k, 1m, 1g; durations are milliseconds or such as 10s, 2m.',
    '# The real environment wins over this file. Generated from src/config/variables.ts.',
    '',
  ]
  for (const group of groups) {
    lines.push(`# --- ${group} ---`, ...notesOf(group).map((note) => `# ${note}`), '')
    for (const variable of rowsOf(group)) {
      lines.push(`# ${variable.meaning}`, `#${variable.name}=${variable.default}`, '')
    }
  }
  return `${lines.join('\n').trimEnd()}\n`
}

/** The table of all variables in Markdown, as the README has it. */
export function environmentTable(): string {
  const sections = groups.map((group) => {
    const rows = rowsOf(group).map((variable) => {
      const fallback = variable.default === '' ? '' : `\`${variable.default}\``
      return `| \`${variable.name}\` | ${fallback} | ${variable.meaning} |`
    })
    const notes = notesOf(group).flatMap((note) => [note.replace('<NAME>', '`<NAME>`'), ''])
    const head = ['| variable | default | meaning |', '| --- | --- | --- |']
    return [`**${group}**`, '', ...notes, ...head, ...rows, ''].join('\n')
  })
  return sections.join('\n')
}

/** What `--check` prints: every value in effect, secrets masked, and which of them are defaults. */
export function effectiveText(config: Config, settings: readonly Setting[]): string {
  // What the text leaves to the machine is shown as what came of it here.
  const resolved: ReadonlyMap<string, string> = new Map([
    [variables.workers.name, String(config.workers)],
    [logVariables.logFormat.name, config.logFormat],
    [logVariables.profileDirectory.name, config.profile.directory],
    [variables.spoolDirectory.name, config.intake.spoolDirectory],
  ])
  const lines = settings.map(({ name, text, given, source }) => {
    const shown = resolved.get(name) ?? text
    const note = source ?? (given ? undefined : 'default')
    return `${name}=${shown}${note === undefined ? '' : `  # ${note}`}`
  })
  return `${lines.join('\n')}\n`
}
