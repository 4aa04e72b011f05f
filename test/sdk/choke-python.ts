/** The SDKs of Python, in one process that reads one stream after the other (choke.py). */
import { join } from 'node:path'
import { models, type Outcome, type SdkReader } from './choke-readers.ts'
import type { Spoken } from './choke-streams.ts'

/** Names the interpreter that has the SDKs; `.ci/run` makes one. With it they must be there. */
export const pythonVariable = 'SLUICE_TEST_PYTHON'

/** Nothing of the machine but where programs are: no proxies, no keys. */
const env = { PATH: process.env.PATH ?? '', PYTHONDONTWRITEBYTECODE: '1' }

/** The interpreter to use; null where Python, or one of the SDKs, is not there. */
export function findPython(): string | null {
  const named = process.env[pythonVariable]
  if (named !== undefined && named !== '') return named
  const python = Bun.which('python3')
  if (python === null) return null
  const { success } = Bun.spawnSync([python, '-c', 'import openai, anthropic'], { env })
  return success ? python : null
}

/** A running interpreter. */
export class Python {
  readonly #child: Bun.Subprocess<'pipe', 'pipe', 'inherit'>
  readonly #lines: AsyncIterator<string>

  constructor(python: string) {
    this.#child = Bun.spawn([python, join(import.meta.dir, 'choke.py')], {
      env,
      stdio: ['pipe', 'pipe', 'inherit'],
    })
    this.#lines = linesOf(this.#child.stdout)
  }

  /** Both SDKs, the second one with a provider of either dialect. */
  get readers(): readonly SdkReader[] {
    return [
      this.#reader('openai', 'chat'),
      this.#reader('anthropic', 'chat'),
      this.#reader('anthropic', 'messages'),
    ]
  }

  /** Ends the process; resolves with its exit code. */
  async stop(): Promise<number> {
    await this.#child.stdin.end()
    return this.#child.exited
  }

  #reader(reader: 'openai' | 'anthropic', provider: Spoken): SdkReader {
    return {
      name: `${reader} of Python, ${provider}`,
      provider,
      isTranslated: reader === 'anthropic' && provider === 'chat',
      read: async (url) => {
        const asked = { reader, url, model: models[provider] }
        this.#child.stdin.write(`${JSON.stringify(asked)}\n`)
        await this.#child.stdin.flush()
        const { value, done } = await this.#lines.next()
        if (done === true) throw new Error('Python ended; what it printed is above')
        return JSON.parse(value) as Outcome
      },
    }
  }
}

async function* linesOf(stream: ReadableStream<Uint8Array>): AsyncGenerator<string> {
  const decoder = new TextDecoder()
  let rest = ''
  for await (const bytes of stream) {
    const lines = (rest + decoder.decode(bytes, { stream: true })).split('\n')
    rest = lines.pop() ?? ''
    yield* lines
  }
}
