/** Which processes of the machine there are. */

/** Whether a process of that number runs, ours or not. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (thrown) {
    // Not permitted means that it lives, under another user.
    return thrown instanceof Error && 'code' in thrown && thrown.code === 'EPERM'
  }
}
