/** Entry: a worker when a parent started it as one, else the command line. */
import { parseArgs } from 'node:util'
import { version } from './version.ts'

/** Exit codes that service managers know (sysexits.h). */
const exitCodes = { ok: 0, usage: 64, configuration: 78 } as const

/** What can be asked for in place of serving. */
const commands = {
  help: { short: 'h', meaning: 'Print this text.', run: printHelp },
  version: { short: 'v', meaning: 'Print the version.', run: printVersion },
  check: {
    meaning: 'Check the configuration and print what is in effect, secrets masked.',
    run: checkConfiguration,
  },
  'print-env': {
    meaning: 'Print every environment variable with its default and meaning.',
    run: printEnvironment,
  },
  'print-schema': {
    meaning: 'Print the JSON Schema of the file that CONFIG_FILE names.',
    run: printSchema,
  },
  'print-grafana': {
    meaning: 'Print a dashboard of the metrics, as Grafana imports it.',
    run: printGrafana,
  },
} as const satisfies Record<
  string,
  { readonly short?: string; readonly meaning: string; readonly run: () => Promise<number> }
>

async function main(words: readonly string[]): Promise<number> {
  if (words[0] === 'keys') return await manageKeys(words.slice(1))
  const chosen = chosenCommand(words)
  if (typeof chosen === 'string') {
    console.error(`sluice: ${chosen}; see sluice --help`)
    return exitCodes.usage
  }
  return await chosen()
}

/** What the words on the command line ask for, or what is wrong with them. */
function chosenCommand(words: readonly string[]): (() => Promise<number>) | string {
  const options = Object.fromEntries(
    Object.entries(commands).map(([name, command]) => [
      name,
      'short' in command
        ? ({ type: 'boolean', short: command.short } as const)
        : ({ type: 'boolean' } as const),
    ]),
  )
  // Strict parsing throws messages of several sentences; the tokens tell the same in our words.
  const { tokens } = parseArgs({ args: [...words], options, strict: false, tokens: true })
  for (const token of tokens) {
    if (token.kind === 'positional') return `unexpected argument ${JSON.stringify(token.value)}`
    if (token.kind !== 'option') continue
    if (!Object.hasOwn(commands, token.name)) return `unknown option ${token.rawName}`
    if (token.value !== undefined) return `option ${token.rawName} takes no value`
  }
  for (const [name, command] of Object.entries(commands)) {
    if (tokens.some((token) => token.kind === 'option' && token.name === name)) return command.run
  }
  return serveRequests
}

async function printHelp(): Promise<number> {
  const rows = Object.entries(commands).map(([name, command]) => {
    const short = 'short' in command ? `-${command.short}, ` : '    '
    return `  ${short}--${name.padEnd(13)}  ${command.meaning}`
  })
  console.log(
    [
      'sluice: a streaming proxy between applications and LLM providers.',
      '',
      'Usage: sluice [option]',
      '       sluice keys create|list|rotate|revoke, see sluice keys --help',
      '',
      'Without an option it serves, configured by the environment and by .env in the working',
      'directory. SIGTERM lets streams finish and ends it, SIGHUP renews its workers one by one.',
      'SIGUSR2 writes profiles. What CONFIG_FILE names is read again whenever it changes.',
      '',
      ...rows,
    ].join('\n'),
  )
  return exitCodes.ok
}

async function printVersion(): Promise<number> {
  console.log(version)
  return exitCodes.ok
}

async function printEnvironment(): Promise<number> {
  const { environmentText } = await import('./config/print.ts')
  console.log(environmentText().trimEnd())
  return exitCodes.ok
}

async function printSchema(): Promise<number> {
  const { publishedSchema } = await import('./config/file/schema.ts')
  console.log(publishedSchema().trimEnd())
  return exitCodes.ok
}

async function printGrafana(): Promise<number> {
  const { grafanaText } = await import('./observe/grafana/dashboard.ts')
  console.log(grafanaText().trimEnd())
  return exitCodes.ok
}

async function checkConfiguration(): Promise<number> {
  const loaded = await loadOrTell()
  if (loaded === null) return exitCodes.configuration
  const { effectiveText } = await import('./config/print.ts')
  console.log(effectiveText(loaded.config, loaded.settings).trimEnd())
  return exitCodes.ok
}

async function manageKeys(words: readonly string[]): Promise<number> {
  const { runKeysCommand } = await import('./main/keys-command.ts')
  return await runKeysCommand(words, {
    loadConfig: async () => (await loadOrTell())?.config ?? null,
    print: (text) => console.log(text),
    printError: (text) => console.error(text),
  })
}

async function serveRequests(): Promise<number> {
  // A worker takes longer to load its code than the configuration takes to be read.
  const { ownCommand, WorkerProcess } = await import('./supervisor/worker-process.ts')
  const first = new WorkerProcess(ownCommand())
  const loaded = await loadOrTell()
  if (loaded === null) {
    first.kill()
    return exitCodes.configuration
  }
  const { serve } = await import('./supervisor/serve.ts')
  let { readAgain } = loaded
  return await serve({
    config: loaded.config,
    first,
    version,
    reload: async () => {
      const next = await loadOrTell()
      if (next === null) return null
      readAgain = next.readAgain
      return next.config
    },
    reloadFile: async () => readAgain(),
  })
}

/**
 * The configuration of this process, or null after one line for each thing wrong with it.
 * `readAgain` gives it with the file that it names as that is then, and the same environment.
 */
async function loadOrTell() {
  const { readDotenv, withDotenv } = await import('./config/dotenv.ts')
  const { loadConfig } = await import('./config/env.ts')
  const { isatty } = await import('node:tty')
  const file = readDotenv(process.cwd())
  const environment = withDotenv(process.env, file)
  const readAgain = () => loadConfig(environment, { terminal: isatty(1) })
  const loaded = readAgain()
  if (loaded.ok && file.problem === null) return { ...loaded, readAgain }
  const problems = [file.problem, ...(loaded.ok ? [] : loaded.problems)]
  console.error(problems.filter((problem) => problem !== null).join('\n'))
  return null
}

// The worker's code and the command line's are loaded by whichever needs it: the parent never pays
// for the server, the worker never for reading the environment.
if (process.env.SLUICE_WORKER === '1' && process.send !== undefined) {
  const { runWorker } = await import('./supervisor/worker.ts')
  runWorker(async () => (await import('./app.ts')).startApp)
} else {
  process.exit(await main(process.argv.slice(2)))
}
