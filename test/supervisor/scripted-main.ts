/** The program with the scripted server in place of the real one. */
import { readDotenv, withDotenv } from '../../src/config/dotenv.ts'
import { loadConfig } from '../../src/config/env.ts'
import { serve } from '../../src/supervisor/serve.ts'
import { runWorker } from '../../src/supervisor/worker.ts'
import { ownCommand, WorkerProcess } from '../../src/supervisor/worker-process.ts'
import { startScriptedApp } from './scripted-app.ts'

const read = () => loadConfig(withDotenv(process.env, readDotenv(process.cwd())))

function load() {
  const loaded = read()
  if (loaded.ok) return loaded.config
  console.error(loaded.problems.join('\n'))
  return null
}

if (process.env.SLUICE_WORKER === '1' && process.send !== undefined) {
  runWorker(async () => startScriptedApp)
} else {
  const first = new WorkerProcess(ownCommand())
  const config = load()
  const reload = async () => load()
  if (config === null) first.kill()
  const reloadFile = async () => read()
  const options = { first, version: 'scripted', reload, reloadFile }
  process.exit(config === null ? 78 : await serve({ config, ...options }))
}
