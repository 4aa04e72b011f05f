/** `sluice keys`: managed keys on the command line, in the database that the server uses. */
import { createKeyAdmin, type KeyAdmin, type KeyViewWithSecret } from '../admission/key-admin.ts'
import type { KeyView } from '../admission/key-bodies.ts'
import type { Config } from '../config/config.ts'
import { GatewayError } from '../core/errors.ts'
import { openDatabase } from '../store/database.ts'
import { KeysTable } from '../store/keys-table.ts'
import { type KeyCommand, keysHelp, readKeyCommand } from './keys-options.ts'

/** Exit codes, of sysexits.h where that has one. */
const exitCodes = { ok: 0, notFound: 1, usage: 64, unavailable: 69, configuration: 78 } as const

/** What the command needs of the process. */
export interface KeysProcess {
  /** Null where it is wrong, which was told by then. */
  readonly loadConfig: () => Promise<Pick<Config, 'databaseUrl' | 'keySecrets'> | null>
  /** One line, or several. */
  readonly print: (text: string) => void
  readonly printError: (text: string) => void
}

/** Does what the words behind `keys` say, and gives the exit code. */
export async function runKeysCommand(
  words: readonly string[],
  { loadConfig, print, printError }: KeysProcess,
): Promise<number> {
  if (words.includes('--help') || words.includes('-h')) {
    print(keysHelp())
    return exitCodes.ok
  }
  const command = readKeyCommand(words)
  if (typeof command === 'string') {
    printError(`sluice: ${command}; see sluice keys --help`)
    return exitCodes.usage
  }
  const config = await loadConfig()
  if (config === null) return exitCodes.configuration
  const database = openDatabase(config.databaseUrl)
  try {
    if (command.name === 'create' || database.isThere()) await database.ready()
    const admin = createKeyAdmin(new KeysTable(database, config.keySecrets), () => {})
    print(await answerOf(command, admin))
    return exitCodes.ok
  } catch (thrown) {
    if (!(thrown instanceof GatewayError)) throw thrown
    return told(thrown, printError)
  } finally {
    await database.close()
  }
}

function told(error: GatewayError, printError: (text: string) => void): number {
  if (error.code === 'store_unavailable') {
    const { cause } = error.detail
    const code = cause instanceof Error && 'code' in cause ? ` (${String(cause.code)})` : ''
    printError(`sluice: the database of DATABASE_URL cannot be used${code}`)
    return exitCodes.unavailable
  }
  printError(`sluice: ${error.message}`)
  return error.code === 'key_not_found' ? exitCodes.notFound : exitCodes.usage
}

async function answerOf(command: KeyCommand, admin: KeyAdmin): Promise<string> {
  const { name, id, fields, isJson } = command
  const shown = <Answer extends object>(answer: Answer, human: (answer: Answer) => string) =>
    isJson ? JSON.stringify(answer, null, 2) : human(answer)
  switch (name) {
    case 'create':
      return shown(await admin.create(fields), withSecret)
    case 'rotate':
      return shown(await admin.rotate(id, fields), withSecret)
    case 'revoke':
      return shown(await admin.revoke(id), (key) => `${key.id} (${key.name}) is revoked`)
    case 'list': {
      const query = Object.entries(fields).map(([key, value]) => [key, String(value)] as const)
      return shown(await admin.list(Object.fromEntries(query)), ({ keys, next }) => {
        const more = next === null ? [] : [`more with --after ${next}`]
        return keys.length === 0 ? 'no keys' : [...table(keys), ...more].join('\n')
      })
    }
  }
}

const withSecret = ({ id, name, secret }: KeyViewWithSecret): string =>
  [`id      ${id}`, `name    ${name}`, `secret  ${secret}`, '', 'It is shown this once.'].join('\n')

/** Rows with columns of one width. */
function table(keys: readonly KeyView[]): string[] {
  const rows = [
    ['ID', 'NAME', 'OWNER', 'STATE', 'PRIORITY', 'MODELS', 'EXPIRES'],
    ...keys.map((key) => [
      key.id,
      key.name,
      key.owner ?? '-',
      key.state,
      key.priority,
      key.models === null ? 'all' : key.models.join(',') || 'none',
      key.expiresAt ?? 'never',
    ]),
  ]
  const widths = rows[0]?.map((_, column) =>
    Math.max(...rows.map((row) => row[column]?.length ?? 0)),
  )
  return rows.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths?.[column] ?? 0))
      .join('  ')
      .trimEnd(),
  )
}
