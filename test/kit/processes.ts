/** Facts of processes, from the kernel where it has them in files and from `ps` elsewhere. */
import { readdirSync, readFileSync } from 'node:fs'

function kernelText(path: string): string | null {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return null
  }
}

function ps(columns: string): readonly string[][] {
  const { stdout } = Bun.spawnSync(['ps', '-axo', columns])
  const lines = stdout.toString().trim().split('\n')
  return lines.map((line) => line.trim().split(/\s+/))
}

/** Fields of `/proc/<pid>/stat` after the command's name, which may hold anything. */
function statFields(pid: string | number): readonly string[] | null {
  const text = kernelText(`/proc/${pid}/stat`)
  return text === null ? null : text.slice(text.lastIndexOf(')') + 2).split(' ')
}

/** Whether a process runs. One that ended and was not yet reaped does not. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
  } catch {
    return false
  }
  return statFields(pid)?.[0] !== 'Z'
}

/** The processes that `pid` started, and those that they started, parents first. */
export function descendants(pid: number): number[] {
  const parents = new Map<number, number>()
  if (kernelText('/proc/self/stat') === null) {
    for (const [child, parent] of ps('pid=,ppid=')) parents.set(Number(child), Number(parent))
  } else {
    for (const name of readdirSync('/proc')) {
      const parent = /^\d+$/.test(name) ? statFields(name)?.[1] : undefined
      if (parent !== undefined) parents.set(Number(name), Number(parent))
    }
  }
  const found = [pid]
  for (const known of found) {
    for (const [child, parent] of parents) if (parent === known) found.push(child)
  }
  return found.slice(1)
}

/** Resident memory of a process in bytes; 0 where it is gone. */
export function rssBytes(pid: number): number {
  const status = kernelText(`/proc/${pid}/status`)
  if (status !== null) return kibibytes(status, 'VmRSS')
  const line = ps('pid=,rss=').find(([id]) => Number(id) === pid)
  return Number(line?.[1] ?? 0) * 1024
}

/** A process's share of memory in bytes, shared pages divided; null where the kernel keeps none. */
export function pssBytes(pid: number): number | null {
  const rollup = kernelText(`/proc/${pid}/smaps_rollup`)
  return rollup === null ? null : kibibytes(rollup, 'Pss')
}

function kibibytes(text: string, name: string): number {
  return Number(new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(text)?.[1] ?? 0) * 1024
}
