/** Starts processes that take from a shared store, all at the same moment. */
import { join } from 'node:path'
import { noteRunning } from '../kit/run-directory.ts'
import type { TakerResult, TakerWork } from './taker.ts'

/** A process at work. */
export interface Taker {
  readonly pid: number
  /** Its next line. Throws where it ended instead. */
  line(): Promise<string>
  begin(): void
  /** Stops it where it is, and lets it go on. */
  stop(): void
  goOn(): void
  /** Passes on what another process told. */
  tell(news: unknown): void
  kill(signal?: NodeJS.Signals): Promise<void>
}

/**
 * Starts a process and waits until it has opened its store.
 * @param onNews gets what it tells the others.
 */
export async function startTaker(
  work: TakerWork,
  onNews: (news: unknown) => void = () => {},
): Promise<Taker> {
  const script = join(import.meta.dir, 'taker.ts')
  const child = Bun.spawn([process.execPath, '--no-env-file', script, JSON.stringify(work)], {
    stdio: ['pipe', 'pipe', 'inherit'],
    ipc: onNews,
  })
  const forget = noteRunning(child.pid)
  const reader = child.stdout.getReader()
  const decoder = new TextDecoder()
  let text = ''
  const taker: Taker = {
    pid: child.pid,
    line: async () => {
      while (!text.includes('\n')) {
        const { done, value } = await reader.read()
        if (done) throw new Error(`the process ended with ${await child.exited}`)
        text += decoder.decode(value, { stream: true })
      }
      const at = text.indexOf('\n')
      const line = text.slice(0, at)
      text = text.slice(at + 1)
      return line
    },
    begin: () => {
      child.stdin.write('begin\n')
      child.stdin.flush()
    },
    stop: () => child.kill('SIGSTOP'),
    goOn: () => child.kill('SIGCONT'),
    tell: (news) => child.send(news),
    kill: async (signal = 'SIGKILL') => {
      child.kill(signal)
      await child.exited
      forget()
    },
  }
  const first = await taker.line()
  if (first !== 'ready') throw new Error(`the process said ${first}`)
  return taker
}

/** Runs `count` processes through the same work and gives what each came to. */
export async function runTakers(count: number, work: TakerWork): Promise<readonly TakerResult[]> {
  const takers: Taker[] = []
  const start = async (): Promise<void> => {
    const taker = await startTaker(work, (news) => {
      for (const other of takers) if (other !== taker) other.tell(news)
    })
    takers.push(taker)
  }
  await Promise.all(Array.from({ length: count }, start))
  try {
    for (const taker of takers) taker.begin()
    return await Promise.all(
      takers.map(async (taker) => JSON.parse(await taker.line()) as TakerResult),
    )
  } finally {
    await Promise.all(takers.map((taker) => taker.kill()))
  }
}

/** The sum of one count over all processes. */
export function sum(results: readonly TakerResult[], name: keyof TakerResult): number {
  return results.reduce((total, result) => total + result[name], 0)
}
