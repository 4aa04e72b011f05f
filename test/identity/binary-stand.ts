/** The executable before a scripted upstream, for large bodies: how much memory they take. */
import { rssBytes } from '../kit/processes.ts'
import { ProgramStand, startProgramParts } from '../kit/program-stand.ts'

/** 1 MiB in bytes. */
export const mebibyte = 1024 * 1024

/** The size of what is sent either way. */
export const bodyBytes = 50 * mebibyte

/** By how much the worker may grow: a body that was kept as a whole, even once, is above it. */
export const growthBytesMax = 40 * mebibyte

/** The executable and its upstream. */
export class BinaryStand extends ProgramStand {
  /** Starts both. */
  static async start(): Promise<BinaryStand> {
    return new BinaryStand(await startProgramParts({ OPENAI_API_KEY: 'sk-operator' }))
  }

  /** Runs `transfer`; gives by how much the worker's memory grew at its largest, in bytes. */
  async growthDuring(transfer: () => Promise<void>): Promise<number> {
    const [worker = this.program.pid] = this.program.workerPids()
    const before = rssBytes(worker)
    let largest = before
    const look = (): void => {
      largest = Math.max(largest, rssBytes(worker))
    }
    const timer = setInterval(look, 5)
    try {
      await transfer()
    } finally {
      clearInterval(timer)
    }
    look()
    return largest - before
  }
}
